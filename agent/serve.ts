/**
 * One connection to the broker, as the SSH server it is on this side. Rules (law agent-no-shell): a closed list of verbs and carried connections,
 * never a shell; nothing is answered before the far end has proven one of the pinned broker keys (law agent-key-pinned).
 */
import type { Duplex } from "node:stream";
import { Fault, toFault } from "../src/kernel/fault.ts";
import type { Address } from "../src/kernel/link.ts";
import { directLink } from "../src/links/direct.ts";
import { AGENT, ASKS, LONGEST, REPLIES, verbOf, type Deeds, type Verb } from "../src/wires/agent-words.ts";
import { entertain, receiveInside, sshServer } from "../src/wires/ssh.ts";
import type { Connection, ServerChannel } from "../src/wires/ssh.ts";

export type Serving = {
  /** Private keys, OpenSSH. The first is the one in force. */
  readonly hostKeys: readonly string[];
  /** Public lines of the broker, or the fingerprint of one (`SHA256:…`) before its line is known; another key gets nothing. */
  readonly brokerKeys: readonly string[];
  readonly verbs: Deeds;
  mayCarry(host: string, port: number): Promise<readonly Address[]>;
  log(level: "info" | "warn" | "error", what: string): void;
  /** Milliseconds: until the broker has proven itself; for one verb; for one dial; between signs of life. */
  readonly handshake: number; readonly verbLimit: number; readonly dial: number; readonly beat: number;
};
export type Served = {
  /** The broker has proven its key: its line. Rejects with the reason where it did not. */
  readonly proven: Promise<string>;
  /** When it is over. */
  readonly over: Promise<void>;
  /** Connections it carries right now. */
  carrying(): number;
  close(): void;
};

/** Logins that may be refused on one connection. */
const TRIES = 6;
export const OTHER_KEY = "the broker did not prove the key that is pinned here";

const asked = (channel: ServerChannel): Promise<string> => new Promise((resolve, reject) => {
  const parts: Buffer[] = [];
  let size = 0;
  channel.on("data", (part: Buffer) => {
    size += part.length;
    if (size > LONGEST) reject(new Fault("invalid", "what was asked is too long")); else parts.push(part);
  });
  channel.once("end", () => resolve(Buffer.concat(parts).toString("utf8"))).once("close", () => reject(new Fault("invalid", "the broker went away before it had asked")));
});

const parsed = (text: string): unknown => { try { return JSON.parse(text); } catch { return undefined; } };
const answer = async (verb: Verb, text: string, verbs: Deeds, signal: AbortSignal): Promise<unknown> => {
  const ask = ASKS[verb].safeParse(parsed(text));
  if (!ask.success) throw new Fault("invalid", `this agent does not understand what ${verb} was asked with: it is of another version than its broker`);
  const said = await verbs[verb](ask.data as never, signal);
  const reply = REPLIES[verb].safeParse(said);
  if (!reply.success) throw new Fault("internal", `what ${verb} found cannot be told: ${reply.error.issues[0]?.path.join(".") ?? "its shape"} is not as agreed`);
  return reply.data;
};

const run = async (verb: Verb, channel: ServerChannel, o: Serving): Promise<void> => {
  const gone = new AbortController(), signal = AbortSignal.any([gone.signal, AbortSignal.timeout(o.verbLimit)]);
  channel.once("close", () => gone.abort());
  let code = 0, said: unknown;
  try { said = await answer(verb, await asked(channel), o.verbs, signal); } catch (e) {
    const { code: fault, message } = toFault(e);
    if (fault === "internal") o.log("error", `${verb}: ${e instanceof Error ? e.message : "failed"}`);
    code = 1;
    said = { fault: { code: fault, message } };
  }
  channel.write(JSON.stringify(said));
  channel.exit(code);
  channel.end();
};

const dial = async (addresses: readonly Address[], limit: number): Promise<Duplex> => {
  let last: unknown = new Fault("upstream", "there is no address to dial");
  for (const address of addresses) {
    try { return await directLink(address).connect(AbortSignal.timeout(limit)); } catch (e) { last = e; }
  }
  throw last;
};

export const serve = (stream: Duplex, o: Serving): Served => {
  const open = new Set<Duplex>();
  let refusals = 0, line = "", prove: (line: string) => void = () => undefined, fail: (e: Error) => void = () => undefined;
  const proven = new Promise<string>((resolve, reject) => { prove = resolve; fail = reject; }), over = new Promise<void>((resolve) => stream.once("close", resolve));
  proven.catch(() => undefined);
  const carry = async (host: string, port: number): Promise<Duplex> => {
    const there = await dial(await o.mayCarry(host, port), o.dial);
    open.add(there);
    there.once("close", () => open.delete(there));
    return there;
  };
  const refused = (what: string): void => {
    o.log("warn", `refused: ${what}`);
    if (what.startsWith("a login") && ++refusals >= TRIES) stream.destroy();
  };
  const exec = (command: string) => { const verb = verbOf(command); return verb && ((channel: ServerChannel) => void run(verb, channel, o)); };
  const server = sshServer({ hostKeys: [...o.hostKeys], ident: "Lockstep-Agent", keepaliveInterval: o.beat, keepaliveCountMax: 3 }, (connection: Connection) => {
    connection.on("error", (error: Error) => o.log("warn", `the connection failed: ${error.message.slice(0, 200)}`));
    connection.once("ready", () => { clearTimeout(late); prove(line); });
    entertain(connection, { keys: o.brokerKeys, username: AGENT.user, exec, carry, refused, proven: (by) => { line = by; } });
  });
  const late = setTimeout(() => stream.destroy(), o.handshake);
  stream.on("error", () => undefined).once("close", () => {
    clearTimeout(late);
    for (const one of open) one.destroy();
    fail(new Fault("unauthenticated", refusals > 0 ? OTHER_KEY : "the connection ended before the broker had proven its key"));
  });
  receiveInside(server, stream);
  return { proven, over, carrying: () => open.size, close: () => void stream.destroy() };
};
