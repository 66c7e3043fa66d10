/**
 * Which broker, and as whom. Rule: what is said on the command line wins over the environment, that over the last login; a person's command never
 * goes to this machine's own socket unasked, because there nobody is logged in.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { Fault } from "../kernel/fault.ts";
import { client, nameOf, type Client, type Place } from "./client.ts";
import type { Env } from "./io.ts";
import { readLogins, readOwn } from "./logins.ts";

export const DEFAULT_URL = "http://127.0.0.1:8282";
export type Where = { readonly url?: string | undefined; readonly socket?: string | undefined; readonly ca?: string | undefined };

export const urlOf = (text: string): URL => {
  let url;
  try { url = new URL(text); } catch (cause) { throw new Fault("invalid", `"${text}" is not an address. Write it as https://broker.example`, { cause }); }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new Fault("invalid", `"${text}" is not an http or https address.`);
  return url;
};

/** The socket and the token of a broker on this machine's data directory; null: it is not there, or was never started. */
const socketHere = (env: Env): string | null => {
  const file = path.resolve(env["LOCKSTEP_DATA"] || "./data", "broker.sock");
  return existsSync(file) && existsSync(tokenBeside(file)) ? file : null;
};
const tokenBeside = (socket: string): string => path.join(path.dirname(socket), "local.token");
const operatorAt = (socket: string): string => readOwn(tokenBeside(socket), "Only the user the broker runs as may use its socket as the operator; with a person's token (LOCKSTEP_TOKEN, LOCKSTEP_TOKEN_FILE) it is not needed.").trim();

/** Somebody said which broker: nothing else is taken in its place. */
export const isNamed = (where: Where, env: Env): boolean => Boolean(where.url ?? where.socket ?? (env["LOCKSTEP_URL"] || undefined));
/** The broker that runs here, as the operator of this machine, whoever is logged in elsewhere. */
export const operatorHere = (env: Env): Client | null => {
  const socket = socketHere(env);
  return socket === null ? null : client({ socket }, operatorAt(socket));
};

export const placeOf = (where: Where, env: Env): Place => {
  const web = (text: string): Place => ({ url: urlOf(text), ca: where.ca });
  if (where.socket) return { socket: path.resolve(where.socket) };
  return web(where.url ?? (env["LOCKSTEP_URL"] || undefined) ?? readLogins(env).last ?? DEFAULT_URL);
};

const tokenOf = (place: Place, env: Env): string | null => {
  if (env["LOCKSTEP_TOKEN"]) return env["LOCKSTEP_TOKEN"].trim();
  if (env["LOCKSTEP_TOKEN_FILE"]) return readOwn(env["LOCKSTEP_TOKEN_FILE"]).trim();
  if ("socket" in place) return operatorAt(place.socket);
  return readLogins(env).tokens[nameOf(place)] ?? null;
};

/** Refuses before anything is sent when there is no token at all. */
export const connect = (where: Where, env: Env): Client => {
  const place = placeOf(where, env), token = tokenOf(place, env);
  if (token === null || token === "") throw new Fault("unauthenticated", `You are not logged in at ${nameOf(place)}.`);
  return client(place, token);
};
