/**
 * Reads and replaces an account's authorized_keys. Rule: as the account itself, never as root in a folder somebody else owns; written beside, whole or not at all
 * (its sum is checked before it takes the old one's place), with mode and group of the old one, and only while that one is still what was read.
 */
import { createHash } from "node:crypto";
import type { Client, ExecResult, RootOptions } from "../../wires/ssh.ts";
import { asRoot, exec, ExecFailure } from "../../wires/ssh.ts";
import type { Random } from "../../kernel/clock.ts";
import type { Credential, Login } from "../connector.ts";
import { plain, words } from "../connector.ts";
import { rootBy, type LinuxSshConfig } from "../linux-reach.ts";

const FILE = ".ssh/authorized_keys", NONE = "none", MOST = 512 * 1024, KEEP = 2 * MOST;
const sumOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Not by HOME, which sudo may leave as it was. */
const IN = "eval cd ~$(id -un)";
const READ = `${IN} && if [ -e ${FILE} ]; then s=$(sha256sum < ${FILE}) && echo "lockstep $(echo $s | cut -c1-64)" && base64 < ${FILE} && echo "lockstep end"; else echo "lockstep ${NONE}"; fi`;
/** 7: not all of it came · 8: not ours to replace · 9: another one than was read. Before the last line nothing is changed. */
const write = (was: string, is: string): string => [
  `set -e; umask 077; ${IN}`, "[ -d .ssh ] || mkdir .ssh", `f=$(readlink -f ${FILE})`, "t=$(mktemp \"$f.XXXXXX\")", "trap \"rm -f \\\"$t\\\"\" EXIT", "trap \"exit 7\" HUP INT TERM PIPE",
  "cat > \"$t\"", `[ "$(sha256sum < "$t" | cut -c1-64)" = ${is} ] || exit 7`,
  "if [ -e \"$f\" ]; then chgrp \"$(stat -c %g \"$f\")\" \"$t\" && chmod \"$(stat -c %a \"$f\")\" \"$t\"; [ \"$(stat -c %u:%g:%a \"$f\")\" = \"$(stat -c %u:%g:%a \"$t\")\" ] || exit 8; else chmod 600 \"$t\"; fi",
  "sync \"$t\" 2>/dev/null || sync",
  `w=${NONE}; if [ -e "$f" ]; then w=$(sha256sum < "$f" | cut -c1-64); fi; [ "$w" = ${was} ] || exit 9`,
  "mv -f \"$t\" \"$f\"", "sync .ssh 2>/dev/null || sync || :; echo lockstep done",
].join("; ");

/** Runs these as the account. `text`: of one of the scripts above; no single quote stands in any. */
export type Shell = (text: string, input?: () => Buffer) => Promise<ExecResult>;
const QUOTED = (text: string): string => `/bin/sh -c '${text}'`;
export type As = { readonly client: Client; readonly c: LinuxSshConfig; readonly as: Credential; readonly random: Random; readonly o: RootOptions };
/** `denied`: a right is missing, in the host's words. Nothing but a right is asked for here. */
export const shellAs = async ({ client, c, as, random, o: given }: As, account: Login): Promise<Shell | { denied: string }> => {
  const o = { ...given, keep: KEEP };
  if (as.name === account.name) return (text, input) => exec(client, `env LC_ALL=C ${QUOTED(text)}`, { ...o, input: input ?? (() => Buffer.alloc(0)) });
  const sudo = c.sudo || as.name !== "root", named = (text: string): string => sudo ? `-u '${account.name}' ${QUOTED(text)}` : `su -s /bin/sh '${account.name}' -c '${text}'`;
  const may = await rootBy(client, c, as, named(READ), random, o);
  return "denied" in may ? may : async (text, input) => {
    const r = await asRoot(client, named(text), may.root, { ...o, ...(input ? { input } : {}) });
    return r.denied ? { ...r, code: 1, stderr: "sudo did not accept the password" } : r;
  };
};

export type Read = { readonly text: string; readonly sum: string };
/** Rejects with ExecFailure where the connection was lost. */
export const readKeys = async (sh: Shell, as: Credential): Promise<Read | { why: string }> => {
  const r = await sh(READ), lines = r.stdout.trim().split("\n"), head = /^lockstep ([0-9a-f]{64}|none)$/.exec(lines[0] ?? "")?.[1];
  if (r.code === null) throw new ExecFailure("closed", "the connection was lost");
  if (r.code !== 0 || head === undefined) return { why: words(r.stderr || r.stdout, plain(as.secret)) || "the host did not show the account's authorized_keys" };
  if (head === NONE) return { text: "", sum: NONE };
  const bytes = Buffer.from(lines.slice(1, -1).join(""), "base64");
  if (lines.at(-1) !== "lockstep end" || sumOf(bytes) !== head) return { why: "the account's authorized_keys did not come whole" };
  return { text: bytes.toString("latin1"), sum: head };
};

export type Wrote = "written" | "moved" | { readonly refused: string } | { readonly unknown: string };
/** `onSend`: called as its bytes leave. */
export const writeKeys = async (sh: Shell, read: Read, text: string, onSend: () => void): Promise<Wrote> => {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length > MOST) return { refused: `authorized_keys would have more than ${MOST} bytes` };
  const r = await sh(write(read.sum, sumOf(bytes)), () => { onSend(); return bytes; });
  if (r.code === 0 && r.stdout.includes("lockstep done")) return "written";
  if (r.code === null || r.code === 0) return { unknown: "the connection or the command was cut before the host said how it ended" };
  if (r.code === 9) return "moved";
  if (r.code === 7) return { unknown: "the connection was cut while the file was being written; the old one is in its place" };
  return { refused: r.code === 8 ? "authorized_keys belongs to another user or group than its account: it is not replaced" : words(r.stderr || r.stdout, []) || `writing authorized_keys ended with ${r.code}` };
};
