/**
 * What stands beside a change of a password: logins that go on with the old one, and what the machine itself asks of passwords. Rule: SSH logins
 * alone are ended, never what the account runs as a service, and nobody's with the rights of root.
 */
import { TARGET_RULES, type TargetRules } from "../../src/connectors/connector.ts";
import { local } from "../../src/connectors/linux-reach.ts";
import { READ_RULES, rulesOf } from "../../src/connectors/linux-rules.ts";
import { runChild } from "../../src/wires/child.ts";
import { NO_ACCOUNT } from "../platform.ts";
import { shadowLines, uidOf } from "./accounts.ts";

export const endLogins = async (account: string, signal: AbortSignal): Promise<{ ended: number } | { unknown: string }> => {
  const uid = local(account) ? uidOf(account) : undefined;
  if (uid === undefined) return { unknown: NO_ACCOUNT };
  if (uid === 0) return { unknown: "an account that has the rights of root is left alone" };
  const r = await runChild("pkill", ["-KILL", "-e", "-u", account, "sshd"], { input: "", signal });
  if (r.code !== 0 && r.code !== 1) return { unknown: r.stderr.trim().slice(0, 200) || "pkill could not be run" };
  return { ended: r.stdout.split("\n").filter((l) => /\bkilled\b/.test(l)).length };
};
export const rules = async (account: string, signal: AbortSignal): Promise<{ rules: TargetRules } | { unknown: string }> => {
  const line = local(account) ? shadowLines().get(account) : undefined;
  if (line === undefined) return { unknown: NO_ACCOUNT };
  const files = await runChild("/bin/sh", ["-c", READ_RULES], { input: "", signal });
  if (files.code !== 0) return { unknown: "this machine's rules could not be read" };
  const said = rulesOf(files.stdout, line.join(":"));
  return { rules: Object.fromEntries(TARGET_RULES.flatMap((name) => (said[name] === undefined ? [] : [[name, said[name]]]))) };
};
