/**
 * What a person may do inside a session channel. Rule: default deny, by the domain's one function; `accept()` is called synchronously (a client
 * that sends EOF at once makes a later one too late), what is not given gets a sentence and an event.
 */
import { isUtf8 } from "node:buffer";
import { refusal } from "../../src/domain/channels.ts";
import type { ChannelKind } from "../../src/domain/channels.ts";
import { judge } from "../../src/domain/commands.ts";
import { scpRefusal } from "../../src/domain/files.ts";
import { like } from "../../src/domain/like.ts";
import { Fault, toFault } from "../../src/kernel/fault.ts";
import { commandBytes, terminalModes } from "../../src/wires/ssh.ts";
import { never } from "../../src/kernel/never.ts";
import type { Client, ClientChannel, PseudoTtyInfo, ServerChannel, Session } from "../../src/wires/ssh.ts";
import { ENV_CHARS, MAX_ENV } from "../limits.ts";
import { words } from "../log.ts";
import { enterByDialogue } from "./dialogue.ts";
import type { Door } from "./door.ts";
import type { PersonEnd, TargetChannel } from "./relay.ts";
import { relay } from "./relay.ts";
import { shown } from "../text.ts";
import type { Forwards } from "./forwards.ts";
import { watchingFiles } from "./files.ts";
import { scpOf } from "./scp.ts";
import type { Scp } from "./scp.ts";
import { UserChannel } from "./user-channel.ts";
import type { Live } from "./upstream.ts";

/** The environment a person may send on; anything else (LD_PRELOAD, PATH …) stays behind. */
const ENV = /^(LANG|LANGUAGE|LC_[A-Z]{1,32}|TERM|COLORTERM|TERM_PROGRAM|NO_COLOR)$/;
/** Characters of a command in an event; the recording has all of it. */
const SHOWN = 4_096;
/** Characters of a terminal's name in the recording. */
const TERM = 64;
/** Characters of a signal's name, which a target may make up: no more are taken by the ledger. */
const SIGNAL = 64;

/** The connection a channel belongs to. */
export type Visit = Door & {
  readonly forwards: Forwards;
  add(channel: UserChannel): void;
  refuse(what: string): void;
  denied(kind: ChannelKind): void;
};
type Size = { readonly rows: number; readonly cols: number; readonly height: number; readonly width: number };
type Display = { readonly single: boolean; readonly protocol: string; readonly cookie: string; readonly screen: number };
/** `agent` and `x11` ask for something beside the channel itself; it opens without them where they are not given. */
export type Asked = { pty: PseudoTtyInfo | undefined; agent?: boolean; x11?: Display | undefined; readonly env: Record<string, string>; onSize: (size: Size) => void; onSignal: (name: string) => void };
/** `exact`: the command's bytes where they are no UTF-8. */
type What =
  | { readonly kind: "shell" } | { readonly kind: "sftp" } | { readonly kind: "subsystem"; readonly name: string }
  | { readonly kind: "exec" | "scp"; readonly command: string; readonly exact?: Buffer; readonly scp?: Scp };

/** A browser has neither forwards nor anything beside its one terminal. */
type Guest = Pick<Visit, "live" | "refuse"> & Partial<Pick<Visit, "denied" | "forwards">>;
type Beside = { readonly agentForward?: true; readonly x11?: Display };
/** What of it the policy gives; the rest gets a sentence and an event, and the channel opens all the same. */
const besideOf = (visit: Guest, user: PersonEnd, { session, client }: Live, asked: Asked): Beside => {
  const given = (kind: "agent" | "x11", wanted: boolean): boolean => {
    const no = wanted ? refusal(session.grant.terms, { kind }) : "";
    if (no !== null && no !== "") { visit.denied?.(kind); user.say(no); }
    return no === null;
  };
  const agent = given("agent", asked.agent === true), x11 = given("x11", asked.x11 !== undefined) ? asked.x11 : undefined;
  if (agent) visit.forwards?.agent(session, client);
  if (x11 !== undefined) visit.forwards?.x11(session, client);
  return { ...(agent ? { agentForward: true } : {}), ...(x11 === undefined ? {} : { x11 }) };
};
const withOrWithout = async (live: Live, user: PersonEnd, what: What, asked: Asked, beside: Beside): Promise<TargetChannel> => {
  try { return await openTarget(live.client, what, asked, beside); } catch (error) {
    if (Object.keys(beside).length === 0 || live.session.ended) throw error;
    user.say("The target forwards no agent or display.");
    return await openTarget(live.client, what, asked, {});
  }
};

/** The exit status may be in the very packet that opens the channel, so it is listened for at once and not after an `await`. */
const openTarget = (client: Client, what: What, { pty, env }: Asked, beside: Beside): Promise<TargetChannel> => new Promise((resolve, reject) => {
  const opened = (error: Error | undefined, channel: ClientChannel): void => {
    if (error) return reject(new Fault("upstream", "The target refused to open a channel.", { cause: error }));
    let exit: number | string | null = null;
    channel.on("exit", (code: number | null, signal?: string) => { exit = signal === undefined ? code : shown(signal, SIGNAL); });
    resolve({ channel, exit: () => exit });
  };
  switch (what.kind) {
    case "exec": case "scp": return void client.exec((what.exact ?? what.command) as string, { env, ...beside, ...(pty === undefined ? {} : { pty }) } as never, opened);
    case "shell": return void client.shell(pty ?? false as never, { env, ...beside } as never, opened);
    case "sftp": case "subsystem": return void client.subsys(what.kind === "sftp" ? "sftp" : what.name, opened);
    default: never(what);
  }
});

/** What was asked for, in words; undefined: its kind says it all. */
const commandOf = (what: What): string | undefined => "command" in what ? shown(what.exact ?? what.command, SHOWN, true) : "name" in what ? shown(what.name) : undefined;
const describe = (what: What, pty: PseudoTtyInfo | undefined): object => ({
  kind: what.kind, ...("command" in what ? { command: what.command } : "name" in what ? { name: what.name } : {}), ...(pty === undefined ? {} : { term: shown((pty as { term?: string }).term ?? "xterm", TERM), cols: pty.cols, rows: pty.rows }),
});

const UNREADABLE = "This command is no text in UTF-8, so the rules of your access cannot be asked about it.";
/** The rules of the grant, before anything reaches the target. Throws what the person is told. */
const judged = (session: Live["session"], user: PersonEnd, what: What): void => {
  const { commands } = session.grant.terms;
  if (commands === undefined || !("command" in what)) return;
  if (what.exact !== undefined) throw new Fault("forbidden", UNREADABLE);
  const verdict = judge(commands, what.command, like);
  if (verdict.effect === "pass") return;
  session.event({ kind: "command", effect: verdict.effect, rule: verdict.like, command: shown(what.command, SHOWN, true) });
  if (verdict.effect === "deny") throw new Fault("forbidden", verdict.says);
  user.say(verdict.says);
};

/** Admit (or join), open the target's channel, relay. Rejects with what the person is told. */
export const join = async (visit: Guest, user: PersonEnd, what: What, asked: Asked): Promise<void> => {
  const live = await visit.live({ kind: what.kind }), { session } = live, terminal = what.kind === "shell" || asked.pty !== undefined;
  const no = what.kind === "scp" && what.scp !== undefined ? scpRefusal(session.grant.terms.files, what.scp.to) : null;
  if (no !== null) throw new Fault("forbidden", no);
  judged(session, user, what);
  const target = await withOrWithout(live, user, what, asked, besideOf(visit, user, live, asked));
  if (user.over || session.ended) return void target.channel.close();
  const tape = session.tape(what.kind, terminal);
  tape.opened(describe(what, asked.pty));
  const command = commandOf(what);
  session.event({ kind: "channel_opened", channel: tape.channel, type: what.kind, ...(command === undefined ? {} : { command }) });
  asked.onSize = ({ rows, cols, height, width }) => { tape.resize(cols, rows); target.channel.setWindow(rows, cols, height, width); };
  asked.onSignal = (name) => { try { target.channel.signal(name); } catch { visit.refuse(`signal ${name}`); } };
  if (what.kind === "shell" && session.grant.terms.banner !== undefined) user.say(session.grant.terms.banner);
  relay(user, target, tape, (exit) => {
    const { in: input, out, err } = tape.ledger();
    session.event({ kind: "channel_closed", channel: tape.channel, exit, in: input.bytes, out: out.bytes + err.bytes });
  }, what.kind === "sftp" ? watchingFiles(session, user, tape, () => target.channel.close()) : undefined);
};

/** A shell at a terminal is where a person can be asked; everything else is let in or refused at once. */
const asking = (visit: Visit, user: UserChannel, asked: Asked): Guest => ({
  forwards: visit.forwards, refuse: (what) => visit.refuse(what), denied: (kind) => visit.denied(kind),
  live: () => {
    const keep = asked.onSize;
    return enterByDialogue(visit, user, (resized) => { asked.onSize = (size) => { keep(size); resized(); }; });
  },
});

const start = (visit: Visit, user: UserChannel, what: What, asked: Asked): void => {
  visit.add(user);
  join(what.kind === "shell" && asked.pty !== undefined ? asking(visit, user, asked) : visit, user, what, asked).catch((error: unknown) => {
    const fault = toFault(error);
    if (fault.code === "forbidden") visit.denied(what.kind);
    if (fault.code === "internal") visit.deps.log("error", "a channel failed", { error: words(fault.cause ?? fault) });
    user.fail(fault.message);
  });
};

/** Text where the bytes are text; else both. */
const commandWhat = (text: string): What => {
  const bytes = commandBytes(), scp = scpOf(text), exact = bytes === undefined || isUtf8(bytes) ? {} : { exact: bytes };
  return scp === undefined ? { kind: "exec", command: text, ...exact } : { kind: "scp", command: text, scp, ...exact };
};

export const serveChannel = (visit: Visit, session: Session): void => {
  const asked: Asked = { pty: undefined, agent: false, x11: undefined, env: {}, onSize: (size) => { if (asked.pty !== undefined) Object.assign(asked.pty, size); }, onSignal: () => undefined };
  session.on("pty", (accept, _reject, info) => { asked.pty = { ...info, modes: terminalModes() } as PseudoTtyInfo; accept?.(); });
  session.on("env", (accept, reject, { key, val }) => {
    if (!ENV.test(key) || val.length > ENV_CHARS || (asked.env[key] === undefined && Object.keys(asked.env).length >= MAX_ENV)) return void reject?.();
    asked.env[key] = val;
    accept?.();
  });
  session.on("window-change", (accept, _reject, size) => { asked.onSize(size); accept?.(); });
  session.on("signal", (accept, _reject, { name }) => { asked.onSignal(name); accept?.(); });
  /** One program a channel: for a second one ssh2 has no channel to give. */
  const begin = (channel: ServerChannel | undefined, reject: (() => void) | undefined, pty: PseudoTtyInfo | undefined, what: What): void => {
    if (channel === undefined) return reject?.();
    // ssh2 says "close" and "end" when all was heard: who closes unread while held back would be waited for without end.
    session.once("close", () => channel.resume());
    start(visit, new UserChannel(channel, pty), what, asked);
  };
  session.on("shell", (accept, reject) => begin(accept(), reject, asked.pty, { kind: "shell" }));
  session.on("exec", (accept, reject, { command }) => begin(accept(), reject, asked.pty, commandWhat(command)));
  session.on("subsystem", (accept, reject, { name }) => begin(accept(), reject, undefined, name === "sftp" ? { kind: "sftp" } : { kind: "subsystem", name }));
  // Decided when the session is there; until then nobody is told no.
  session.on("auth-agent", (accept) => { asked.agent = true; accept?.(); });
  session.on("x11", (accept, _reject, { single, protocol, cookie, screen }) => { asked.x11 = { single, protocol, cookie: (cookie as unknown as Buffer).toString("latin1"), screen }; accept?.(); });
};
