/**
 * Runs a command as root, directly or through sudo. Rules: the sudo password is written only after our own random prompt appeared,
 * once; input for the command follows it, and is never offered to a second prompt.
 */
import type { Random } from "../kernel/clock.ts";
import { revealBytes } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import type { ExecResult } from "./ssh-exec.ts";
import { exec, ExecFailure } from "./ssh-exec.ts";
import type { Client, ClientChannel } from "./ssh-tuned.ts";

/** `password`: what sudo asks for. `asks`: whether it will ask, as `mayRun` found out. */
export type Root = { readonly sudo?: { readonly password: Secret; readonly asks: boolean }; readonly random: Random };
export type RootOptions = { readonly signal: AbortSignal; readonly timeoutMs: number; readonly input?: () => Buffer; readonly keep?: number };
/** `asked`: sudo wanted the password. `denied`: it wanted it again, so ours was wrong; the command did not run. */
export type RootResult = ExecResult & { readonly asked: boolean; readonly denied: boolean };

const count = (text: string, part: string): number => text.split(part).length - 1;

const withNewline = (secret: Secret): Buffer => Buffer.concat([revealBytes(secret), Buffer.from("\n")]);

/** Answers our prompt once and hangs up at a second one. */
const prompted = (token: string, password: Secret, input: (() => Buffer) | undefined) => {
  let heard = "", state: "waiting" | "answered" | "denied" = "waiting";
  const listen = (text: string, channel: ClientChannel): void => {
    heard = (heard + text).slice(-8_192);
    const times = count(heard, token);
    if (times > 0 && state === "waiting") {
      state = "answered";
      const line = withNewline(password);
      channel.write(line, () => line.fill(0));
      channel.end(input?.());
    } else if (times > 1 && state === "answered") { state = "denied"; channel.close(); }
  };
  return { listen, state: () => state };
};

/** `command`: absolute path and arguments, without any value that was not checked. */
export const asRoot = async (client: Client, command: string, root: Root, o: RootOptions): Promise<RootResult> => {
  const { signal, timeoutMs } = o, plain = { signal, timeoutMs, ...(o.keep === undefined ? {} : { keep: o.keep }) };
  if (root.sudo === undefined || !root.sudo.asks) {
    const run = `env LC_ALL=C ${root.sudo === undefined ? "" : "sudo -k -n "}${command}`;
    return { ...await exec(client, run, { ...plain, input: o.input ?? (() => Buffer.alloc(0)) }), asked: false, denied: false };
  }
  const token = `[lockstep-${root.random.bytes(12).toString("hex")}]`;
  const dialogue = prompted(token, root.sudo.password, o.input);
  const result = await exec(client, `env LC_ALL=C sudo -k -S -p '${token}' ${command}`, { ...plain, onStderr: dialogue.listen });
  return { ...result, stderr: result.stderr.replaceAll(token, ""), asked: dialogue.state() !== "waiting", denied: dialogue.state() === "denied" };
};

export type MayRun = { readonly root: Root } | { readonly denied: string };

/**
 * Asks sudo whether the command is allowed, without running it: what a wrong password or a missing right would do, happens here,
 * before any input exists. Tells apart a sudo that asks for the password from one that does not.
 */
export const mayRun = async (client: Client, command: string, who: { password: Secret; random: Random }, o: RootOptions): Promise<MayRun> => {
  const asking: Root = { sudo: { password: who.password, asks: true }, random: who.random };
  const listed = await asRoot(client, `-l ${command}`, asking, { signal: o.signal, timeoutMs: o.timeoutMs });
  if (listed.denied) return { denied: "sudo did not accept the administrative password" };
  if (listed.code === null) throw new ExecFailure("closed", "the connection was lost");
  if (listed.code !== 0) return { denied: listed.stderr.trim() || listed.stdout.trim() || "sudo does not allow the command" };
  return { root: { ...asking, sudo: { password: who.password, asks: listed.asked } } };
};
