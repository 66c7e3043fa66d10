/**
 * What a person may do inside a session channel. Rule: default deny; exec and shell pass, `accept()` is called synchronously (a client that
 * sends EOF at once makes a later one too late), everything else gets a refusal and an event.
 */
import { judge } from "../../src/domain/commands.ts";
import { like } from "../../src/domain/like.ts";
import { Fault, toFault } from "../../src/kernel/fault.ts";
import type { Client, ClientChannel, PseudoTtyInfo, Session } from "../../src/wires/ssh.ts";
import { words } from "../log.ts";
import { enterByDialogue } from "./dialogue.ts";
import type { Door } from "./door.ts";
import type { PersonEnd, TargetChannel } from "./relay.ts";
import { relay } from "./relay.ts";
import { UserChannel } from "./user-channel.ts";
import type { Live } from "./upstream.ts";

/** The environment a person may send on; anything else (LD_PRELOAD, PATH …) stays behind. */
const ENV = /^(LANG|LANGUAGE|LC_[A-Z]+|TERM|COLORTERM|TERM_PROGRAM|NO_COLOR)$/;
/** Bytes of a command in an event; the recording has all of it. */
const SHOWN = 4_096;

/** The connection a channel belongs to. */
export type Visit = Door & {
  add(channel: UserChannel): void;
  refuse(what: string): void;
};
type Size = { readonly rows: number; readonly cols: number; readonly height: number; readonly width: number };
export type Asked = { pty: PseudoTtyInfo | undefined; readonly env: Record<string, string>; onSize: (size: Size) => void; onSignal: (name: string) => void };
type What = { readonly kind: "shell" } | { readonly kind: "exec"; readonly command: string };

/** The exit status may be in the very packet that opens the channel, so it is listened for at once and not after an `await`. */
const openTarget = (client: Client, what: What, { pty, env }: Asked): Promise<TargetChannel> => new Promise((resolve, reject) => {
  const opened = (error: Error | undefined, channel: ClientChannel): void => {
    if (error) return reject(new Fault("upstream", "The target refused to open a channel.", { cause: error }));
    let exit: number | string | null = null;
    channel.on("exit", (code: number | null, signal?: string) => { exit = signal ?? code; });
    resolve({ channel, exit: () => exit });
  };
  if (what.kind === "exec") client.exec(what.command, { env, ...(pty === undefined ? {} : { pty }) }, opened);
  else client.shell(pty ?? false as never, { env }, opened);
});

const describe = (what: What, pty: PseudoTtyInfo | undefined): object => ({
  ...what, ...(pty === undefined ? {} : { term: (pty as { term?: string }).term ?? "xterm", cols: pty.cols, rows: pty.rows }),
});

/** The rules of the grant, before anything reaches the target. Throws what the person is told. */
const judged = (session: Live["session"], user: PersonEnd, command: string): void => {
  const { commands } = session.grant.terms, verdict = commands === undefined ? null : judge(commands, command, like);
  if (verdict === null || verdict.effect === "pass") return;
  session.event({ kind: "command", effect: verdict.effect, rule: verdict.like, command: command.slice(0, SHOWN) });
  if (verdict.effect === "deny") throw new Fault("forbidden", verdict.says);
  user.say(verdict.says);
};

/** Admit (or join), open the target's channel, relay. Rejects with what the person is told. */
export const join = async (visit: Pick<Visit, "live" | "refuse">, user: PersonEnd, what: What, asked: Asked): Promise<void> => {
  const { session, client } = await visit.live(what.kind), terminal = what.kind === "shell" || asked.pty !== undefined;
  if (what.kind === "exec") judged(session, user, what.command);
  const target = await openTarget(client, what, asked);
  if (user.over || session.ended) return void target.channel.close();
  const tape = session.tape(what.kind, terminal);
  tape.opened(describe(what, asked.pty));
  session.event({ kind: "channel_opened", channel: tape.channel, type: what.kind, ...(what.kind === "exec" ? { command: what.command.slice(0, SHOWN) } : {}) });
  asked.onSize = ({ rows, cols, height, width }) => { tape.resize(cols, rows); target.channel.setWindow(rows, cols, height, width); };
  asked.onSignal = (name) => { try { target.channel.signal(name); } catch { visit.refuse(`signal ${name}`); } };
  if (what.kind === "shell" && session.grant.terms.banner !== undefined) user.say(session.grant.terms.banner);
  relay(user, target, tape, (exit) => {
    const { in: input, out, err } = tape.ledger();
    session.event({ kind: "channel_closed", channel: tape.channel, exit, in: input.bytes, out: out.bytes + err.bytes });
  });
};

/** A shell at a terminal is where a person can be asked; everything else is let in or refused at once. */
const asking = (visit: Visit, user: UserChannel, asked: Asked): Pick<Visit, "live" | "refuse"> => ({
  refuse: (what) => visit.refuse(what),
  live: () => {
    const keep = asked.onSize;
    return enterByDialogue(visit, user, (resized) => { asked.onSize = (size) => { keep(size); resized(); }; });
  },
});

const start = (visit: Visit, user: UserChannel, what: What, asked: Asked): void => {
  visit.add(user);
  join(what.kind === "shell" && asked.pty !== undefined ? asking(visit, user, asked) : visit, user, what, asked).catch((error: unknown) => {
    const fault = toFault(error);
    if (fault.code === "internal") visit.deps.log("error", "a channel failed", { error: words(fault.cause ?? fault) });
    user.fail(fault.message);
  });
};

/** Refuses with a sentence where the protocol has room for one. */
const refuseSubsystem = (visit: Visit, user: UserChannel, name: string): void => {
  visit.add(user);
  visit.refuse(name === "sftp" ? "sftp" : "subsystem");
  user.fail(name === "sftp" ? "File transfer by sftp is not part of your access." : "This subsystem is not part of your access.");
};

export const serveChannel = (visit: Visit, session: Session): void => {
  const asked: Asked = { pty: undefined, env: {}, onSize: (size) => { if (asked.pty !== undefined) Object.assign(asked.pty, size); }, onSignal: () => undefined };
  session.on("pty", (accept, _reject, info) => { asked.pty = info as PseudoTtyInfo; accept?.(); });
  session.on("env", (accept, reject, { key, val }) => {
    if (!ENV.test(key)) return void reject?.();
    asked.env[key] = val;
    accept?.();
  });
  session.on("window-change", (accept, _reject, size) => { asked.onSize(size); accept?.(); });
  session.on("signal", (accept, _reject, { name }) => { asked.onSignal(name); accept?.(); });
  session.on("shell", (accept) => start(visit, new UserChannel(accept(), asked.pty), { kind: "shell" }, asked));
  session.on("exec", (accept, _reject, { command }) => start(visit, new UserChannel(accept(), asked.pty), { kind: "exec", command }, asked));
  session.on("subsystem", (accept, _reject, { name }) => refuseSubsystem(visit, new UserChannel(accept(), undefined), name));
  session.on("auth-agent", (_accept, reject) => { visit.refuse("agent"); reject?.(); });
  session.on("x11", (_accept, reject) => { visit.refuse("x11"); reject?.(); });
};
