/**
 * The accounts of a Linux host, as its own files have them, and what their owners may do. Rule: read and never changed; a list comes whole or is an
 * error.
 */
import { readFileSync } from "node:fs";
import { accountsOf, NO_SHELL, readOf, SCRIPT } from "../../src/connectors/linux-discover.ts";
import { Fault } from "../../src/kernel/fault.ts";
import { runChild } from "../../src/wires/child.ts";
import { keysOf, keyWords } from "../keys.ts";
import type { Listed } from "../platform.ts";
import { sudoersAmong } from "../sudoers.ts";

export const SHADOW = "/etc/shadow";
export const uidOf = (account: string): number | undefined => {
  const uid = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((l) => l.split(":"))
    .find((f) => f[0] === account)?.[2];
  return uid !== undefined && /^\d+$/.test(uid) ? Number(uid) : undefined;
};
export const shadowLines = (): Map<string, string[]> =>
  new Map(
    readFileSync(SHADOW, "utf8")
      .split("\n")
      .map((l) => l.split(":"))
      .filter((f) => f.length >= 8)
      .map((f) => [f[0]!, f]),
  );

export const listAccounts = async (signal: AbortSignal): Promise<Listed[]> => {
  const out = await runChild("/bin/sh", ["-c", SCRIPT], { input: "", signal }),
    read = out.code === 0 ? readOf(out.stdout) : null;
  if (read === null) throw new Fault("upstream", "the list of accounts did not come whole; nothing of it counts");
  const openable = read.lines.filter((l) => !NO_SHELL.test(l.shell)).map((l) => l.name),
    homes = new Map(read.lines.map((l) => [l.name, l.home]));
  return accountsOf(read, shadowLines(), await sudoersAmong(openable, signal)).map((a) => {
    const keys = keysOf(homes.get(a.name)!);
    return { ...a, says: [...a.says, ...keyWords(keys)], ...(keys === undefined ? {} : { keys }) };
  });
};

/** What people call it. */
export const osName = (): string => {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
  } catch {
    return "Linux";
  }
};
