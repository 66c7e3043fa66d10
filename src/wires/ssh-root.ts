/**
 * Runs a command as root, directly, through sudo or through su. Rules: the password is written only after our own random prompt appeared,
 * once; input for the command follows it, and is never offered to a second prompt.
 */
import type { Random } from "../kernel/clock.ts";
import { revealBytes } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import { awaits, lastLineOf } from "./line.ts";
import type { ExecResult } from "./ssh-exec.ts";
import { exec, ExecFailure } from "./ssh-exec.ts";
import { isPrivateKey } from "./ssh-key.ts";
import type { Client, ClientChannel } from "./ssh-tuned.ts";

/** `password`: what sudo asks for. `asks`: whether it will ask, as `mayRun` found out. */
export type Root = { readonly sudo?: { readonly password: Secret; readonly asks: boolean }; readonly su?: Su; readonly random: Random };
/** `as`: whom su makes of us, by that account's own password. */
export type Su = { readonly as: string; readonly password: Secret };
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

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const PROMPT = /password|kennwort|mot de passe/i;
/** What stands after the prompt on the first line, and all that follows. */
const withoutPrompt = (text: string): string => {
  const first = text.split("\n", 1)[0]!, asks = PROMPT.exec(first)?.index ?? Infinity, end = first.lastIndexOf(":");
  return end < asks ? text : text.slice(end + 1).replace(/^ ?\n?/, "");
};
/**
 * su reads its password from the same standard input as the command it starts, and in gulps: what comes after it would be swallowed. So the command
 * says first that it runs, and only then it is given its input. A second prompt is a refusal.
 */
const bySu = async (client: Client, command: string, su: Su, random: Random, o: RootOptions): Promise<RootResult> => {
  const token = `lockstep-${random.bytes(12).toString("hex")}`;
  let heard = "", asked = false, denied = false, runs = false;
  const onStderr = (text: string, channel: ClientChannel): void => {
    heard = lastLineOf(heard + text);
    if (runs || !awaits(heard) || !PROMPT.test(heard)) return;
    heard = "";
    if (asked) { denied = true; channel.close(); return; }
    asked = true;
    const line = withNewline(su.password);
    channel.write(line, () => line.fill(0));
  };
  const onStdout = (text: string, channel: ClientChannel): void => {
    out = (out + text).slice(0, 8_192);
    if (!runs && out.includes(token)) { runs = true; channel.end(o.input?.() ?? Buffer.alloc(0)); }
  };
  let out = "";
  const run = `env LC_ALL=C su ${quoted(su.as)} -c ${quoted(`echo ${token}; exec ${command}`)}`;
  const r = await exec(client, run, { signal: o.signal, timeoutMs: o.timeoutMs, ...(o.keep === undefined ? {} : { keep: o.keep }), onStderr, onStdout });
  // It ended without having begun: su itself said no.
  const stderr = withoutPrompt(r.stderr);
  return { ...r, stdout: r.stdout.replace(`${token}\n`, ""), stderr, asked, denied: denied || (!runs && r.code !== null && asked) };
};

/** `command`: absolute path and arguments, without any value that was not checked. */
export const asRoot = async (client: Client, command: string, root: Root, o: RootOptions): Promise<RootResult> => {
  if (root.su !== undefined) return bySu(client, command, root.su, root.random, o);
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
  // Who logged in by a key has no password to answer with: only a right without one is of use.
  const asking: Root = { sudo: { password: who.password, asks: !isPrivateKey(who.password) }, random: who.random };
  const listed = await asRoot(client, `-l ${command}`, asking, { signal: o.signal, timeoutMs: o.timeoutMs });
  if (listed.denied) return { denied: "sudo did not accept the administrative password" };
  if (listed.code === null) throw new ExecFailure("closed", "the connection was lost");
  if (listed.code !== 0) return { denied: listed.stderr.trim() || listed.stdout.trim() || "sudo does not allow the command" };
  return { root: { ...asking, sudo: { password: who.password, asks: listed.asked } } };
};
