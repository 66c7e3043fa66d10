/** The API over HTTP, HTTPS or the broker's own Unix socket. Rule: a token never travels in the clear to another machine, and never to an address it was not given for. */
import { readFileSync } from "node:fs";
import { request as http, type IncomingMessage, type RequestOptions } from "node:http";
import { request as https } from "node:https";
import { Fault, FAULTS, type FaultCode } from "../kernel/fault.ts";

export type Place = { readonly url: URL; readonly ca?: string | undefined } | { readonly socket: string };
export type Reply = { readonly status: number; readonly headers: IncomingMessage["headers"]; readonly body: IncomingMessage };
export type Query = Readonly<Record<string, string | number | undefined>>;
export type Client = {
  readonly place: string;
  /** The answer's text as the API gave it. */
  text(method: string, path: string, body?: unknown): Promise<string>;
  json<T>(method: string, path: string, body?: unknown): Promise<T>;
  stream(path: string, method?: "GET" | "POST"): Promise<Reply>;
};

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/;
export const nameOf = (p: Place): string => ("socket" in p ? p.socket : p.url.origin);
const AGENT = "lockstep-cli/1";

const optionsOf = (p: Place, token: string | null, method: string, path: string, body: string | undefined): RequestOptions & { ca?: Buffer } => {
  const headers = { "user-agent": AGENT, accept: "application/json", ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...(body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }) };
  const full = `/api/v1${path}`;
  // Not kept for the next question: doctor loads the broker in between, and finds it closed.
  if ("socket" in p) return { agent: false, socketPath: p.socket, method, path: full, headers: { ...headers, host: "localhost" } };
  return { hostname: p.url.hostname.replace(/^\[|\]$/g, ""), port: p.url.port || (p.url.protocol === "https:" ? 443 : 80), method, path: full, headers, ...(p.ca ? { ca: readFileSync(p.ca) } : {}) };
};

const said = (e: NodeJS.ErrnoException): string => {
  if (e.code === "ECONNREFUSED" || e.code === "ENOENT") return "nothing answers there";
  if (e.code === "EACCES") return "this user may not open it";
  if (e.code === "ENOTFOUND" || e.code === "EAI_AGAIN") return "there is no such host";
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(e.code ?? "") ? `its certificate is not trusted here (${e.code ?? ""}); give its authority with --ca FILE` : e.code ?? e.message;
};

/** Nothing listened there at all: not a refusal, not a broken answer. */
export const isSilence = (e: unknown): boolean => e instanceof Fault && ["ECONNREFUSED", "ENOENT"].includes(String((e.cause as NodeJS.ErrnoException | undefined)?.code));

const send = (p: Place, token: string | null, method: string, path: string, body: string | undefined): Promise<Reply> => new Promise((resolve, reject) => {
  const open = "url" in p && p.url.protocol === "https:" ? https : http;
  const req = open(optionsOf(p, token, method, path, body), (res) => { resolve({ status: res.statusCode ?? 0, headers: res.headers, body: res }); });
  req.on("error", (e) => { reject(new Fault("unavailable", `The broker at ${nameOf(p)} cannot be reached: ${said(e)}.`, { cause: e })); });
  req.end(body);
});

export const whole = async (body: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
};

type Problem = { readonly code?: string; readonly detail?: string };
const byStatus = (status: number): FaultCode => (Object.entries(FAULTS).find(([, f]) => f.http === status)?.[0] ?? "internal") as FaultCode;
/** What the API refused, as the Fault it was there. */
const problem = (status: number, text: string): Fault => {
  let p: Problem = {};
  try { p = JSON.parse(text) as Problem; } catch { /* not ours: the status says all there is */ }
  const code = p.code !== undefined && p.code in FAULTS ? p.code as FaultCode : byStatus(status);
  return new Fault(code, p.detail ?? `The address answers with status ${status}, but not as a Lockstep broker would.`);
};
const checked = async (r: Reply): Promise<Reply> => {
  if (r.status < 200 || r.status >= 300) throw problem(r.status, await whole(r.body));
  return r;
};

const refuseClear = (p: Place, token: string | null): void => {
  if ("url" in p && p.url.protocol === "http:" && token !== null && !LOOPBACK.test(p.url.hostname)) throw new Fault("invalid", `${p.url.origin} is plain HTTP on another machine: your token could be read on the way. Use https.`);
};

export const client = (p: Place, token: string | null): Client => {
  const call = async (method: string, path: string, body?: unknown) => {
    refuseClear(p, token);
    return checked(await send(p, token, method, path, body === undefined ? undefined : JSON.stringify(body)));
  };
  const text = async (method: string, path: string, body?: unknown) => whole((await call(method, path, body)).body);
  return { place: nameOf(p), text, json: async <T>(method: string, path: string, body?: unknown) => JSON.parse(await text(method, path, body)) as T, stream: (path, method = "GET") => call(method, path) };
};

/** `/requests` + `{ state, limit }`; what is undefined is left out. */
export const withQuery = (path: string, query: Query): string => {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) said.set(name, String(value));
  return said.size === 0 ? path : `${path}?${said.toString()}`;
};
/** One path segment: `root@web-1` stays readable, a slash does not escape. */
export const seg = (text: string): string => encodeURIComponent(text).replace(/%40/g, "@");
