/** Getting to a device's command line, over whichever wire. Rule: nothing here changes anything; why it failed is one of the three reasons of the contract. */
import type { CommandSet, ListName, Over, Sent, WireName } from "../../domain/command-set/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/fault.ts";
import type { Link } from "../../kernel/link.ts";
import type { Secret } from "../../kernel/secret.ts";
import { times } from "../../kernel/times.ts";
import type { Line } from "../../wires/line.ts";
import { incoming } from "../../wires/line.ts";
import { connectSsh, ExecFailure, hostKeyOf, keyFingerprint, openLine, SshFailure, type Client } from "../../wires/ssh.ts";
import { telnetLine } from "../../wires/telnet.ts";
import type { ChangeResult, Credential, TestStage } from "../connector.ts";
import { converse, type Conversation } from "./conversation.ts";
import type { Settings } from "./settings.ts";

const LIMIT = times();
export type Kind = "unreachable" | "identity" | "auth" | "closed";
export class DeviceFailure extends Error {
  override readonly name = "DeviceFailure";
  readonly kind: Kind;
  readonly why: string;
  /** Over a verified identity the login itself was refused, or the password taken with a wish for a new one. */
  readonly proof: "no" | "yes" | null;
  constructor(kind: Kind, why: string, proof: "no" | "yes" | null = null) { super(`${kind}: ${why}`); this.kind = kind; this.why = why; this.proof = proof; }
}
export const failureOf = (e: unknown): DeviceFailure => {
  if (e instanceof DeviceFailure) return e;
  if (e instanceof SshFailure) {
    const kind = e.kind === "identity" ? "identity" : e.kind === "auth" || e.kind === "must_change" ? "auth" : "unreachable";
    return new DeviceFailure(kind, e.why, e.kind === "auth" ? "no" : e.kind === "must_change" ? "yes" : null);
  }
  if (e instanceof ExecFailure || e instanceof Fault) return new DeviceFailure("unreachable", e.message);
  return new DeviceFailure("closed", "the connection failed in a way we do not know");
};
/** Before any byte of a change. */
export const notSent = (e: unknown): Extract<ChangeResult, { not_sent: unknown }> => {
  const { kind, why } = failureOf(e);
  return { not_sent: kind === "identity" ? "identity" : kind === "auth" ? "auth_of_as" : "unreachable", why };
};
export const stageOf = (e: unknown): TestStage => { const { kind } = failureOf(e); return kind === "identity" ? "identity" : kind === "auth" ? "login" : "reach"; };

/** One command on a terminal: the first line sent is the command itself. */
const execLine = (client: Client, signal: AbortSignal): Line => {
  const side = incoming();
  let line: Promise<Line> | undefined;
  const open = (command: string): Promise<Line> => openLine(client, command, signal).then((opened) => { opened.listen(side.heard, side.ended); return opened; });
  return {
    enter: "\r", listen: side.listen, close: () => client.end(),
    write: (bytes) => {
      if (line === undefined) line = open(bytes.toString("utf8").replace(/\r$/, "")); else void line.then((opened) => opened.write(bytes));
      line.catch((e: unknown) => side.ended({ exit: null, cut: failureOf(e).why }));
    },
  };
};

export type Device = {
  readonly over: WireName; readonly identity: string;
  /** Over exec each list is a command of its own; elsewhere one line carries all. */
  list(name: Exclude<ListName, "login">, account: string): Promise<Over>;
  /** The same of a list under `follow`. */
  follow(name: string, account: string): Promise<Over>;
  /** Nobody listens at the other end any more. */
  gone(): boolean;
  close(): void;
};
type Steps = CommandSet["start"];
/** `talks`: each conversation of this call is put into it, for the transcript. */
export type Means = { readonly set: CommandSet; readonly clock: Clock; readonly onSend: (() => void) | undefined; readonly talks: Conversation[] };
export type Held = { readonly who: Credential; readonly next?: Secret };

/** Logged in when it returns, by SSH or by the set's own `login`. Rejects with what failureOf reads. */
export const reach = async (m: Means, c: Settings, link: Link, held: Held, signal: AbortSignal): Promise<Device> => {
  const { set, talks } = m, { who } = held, gone = (): boolean => talks.at(-1)?.gone() ?? false;
  const struck = (sent: Sent): void => { if (sent.parts.some((p) => "secret" in p && p.secret === "new")) m.onSend?.(); };
  const speak = (line: Line): Conversation => {
    const made = converse(line, { present: who.secret, next: held.next }, m.clock, signal, struck);
    talks.push(made);
    return made;
  };
  const walk = (talk: Conversation, steps: Steps, account: string): Promise<Over> => talk.walk(steps, set.errors, { account, user: who.name });
  const on = (talk: Conversation): Pick<Device, "list" | "follow"> =>
    ({ list: (name, account) => walk(talk, set[name], account), follow: (name, account) => walk(talk, set.follow[name] ?? [], account) });
  if (c.over === "telnet") {
    const stream = await link.connect(AbortSignal.any([signal, AbortSignal.timeout(LIMIT.targetDial)])), talk = speak(telnetLine(stream));
    const login = await walk(talk, set.login, who.name);
    if (login.is !== "ok" || !login.asked) { talk.close(); throw refusedLogin(login); }
    return { over: c.over, identity: "nothing: Telnet", gone, close: () => talk.close(), ...on(talk) };
  }
  const client = await connectSsh({ link, username: who.name, auth: { password: who.secret }, hostKeys: c.hostKeys, timeoutMs: LIMIT.targetDial, signal });
  const identity = keyFingerprint(hostKeyOf(client));
  client.on("error", () => undefined);
  if (c.over === "ssh-exec") {
    const none = { is: "ok", why: "", step: 0, asked: false, begun: false, made: false } as const;
    const once = (steps: Steps, account: string): Promise<Over> => (steps.length === 0 ? Promise.resolve(none) : walk(speak(execLine(client, signal)), steps, account));
    return { over: c.over, identity, gone, close: () => client.end(), list: (name, account) => once(name === "start" ? [] : set[name], account), follow: (name, account) => once(set.follow[name] ?? [], account) };
  }
  try {
    const talk = speak(await openLine(client, null, signal));
    return { over: c.over, identity, gone, close: () => { talk.close(); client.end(); }, ...on(talk) };
  } catch (e) { client.end(); throw e; }
};
const refusedLogin = (o: Over): DeviceFailure =>
  o.is === "auth" ? new DeviceFailure("auth", o.why || "the device refused the login")
    : o.is === "ok" ? new DeviceFailure("closed", "the device let us in without asking for the password, so a login proves nothing")
    : new DeviceFailure("unreachable", o.why || "the device did not let us in");
