/** The independent judge. Rule: it asks the shadow file and the stored bytes, never the broker: which of our versions is in force? */
import { readFileSync } from "node:fs";
import path from "node:path";
import { systemRandom } from "../../src/kernel/clock.ts";
import type { AccountId, VersionId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import type { VersionLine } from "../../src/vault/journal.ts";
import { readJournal } from "../vault/read-journal.ts";
import { Keyring, type KeyRow } from "../../src/vault/keyring.ts";
import { fileKek } from "../../src/vault/kek/file.ts";
import type { LinuxHost } from "../lab/host.ts";
import { must } from "../lab/run.ts";
import type { Rows } from "./plan.ts";

export type Judged = {
  /** Version ids whose password the shadow file accepts. Exactly one is law I1. */
  readonly inForce: readonly string[];
  /** The one in force is in the journal too (law journal-before-effect). */
  readonly journalled: boolean;
  /** `current` could be released now, and it is not the one in force. */
  readonly wrongCurrent: boolean;
};

/** One process, many candidates: prints the index of every password that fits the hash. */
const MANY = 'local $/ = "\\0"; my ($hash, @all) = <STDIN>; chomp($hash, @all); for (0..$#all) { print "$_\\n" if crypt($all[$_], $hash) eq $hash }';
export const fitting = async (hash: string, passwords: readonly string[]): Promise<number[]> =>
  /^[!*]|^$/.test(hash) || passwords.length === 0 ? [] : (await must("perl", ["-e", MANY], { stdin: [hash, ...passwords, ""].join("\0") })).split("\n").filter(Boolean).map(Number);

/** Everything both stores hold of this account, opened with the root key alone. Throws if the two disagree about a version. */
export const plaintexts = (dir: string, account: string, rows: Rows): { all: Map<string, string>; inJournal: Set<string> } => {
  const ring = new Keyring(fileKek(path.join(dir, "keys", "root.key"), systemRandom, false), systemRandom), bytes = (text: string) => Buffer.from(text, "base64");
  for (const k of rows.keys) ring.add({ ...k, wrapped: bytes(k.wrapped) } as KeyRow);
  const all = new Map<string, string>(), inJournal = new Set<string>(), whose = (version: string) => ({ account: account as AccountId, version: version as VersionId });
  for (const v of rows.versions) all.set(v.id, reveal(ring.open({ sealed: bytes(v.sealed), wrapped: bytes(v.wrapped), keyId: v.keyId, alg: v.alg }, whose(v.id))));
  const lines = readJournal(path.join(dir, "journal", "secrets.journal")).lines.filter((l) => l.kind === "version" && l.account === account) as unknown as VersionLine[];
  for (const line of lines) {
    const plain = reveal(ring.openRootWrapped(bytes(line.sealed), bytes(line.rootWrapped), whose(line.version)));
    if ((all.get(line.version) ?? plain) !== plain) throw new Error(`the journal and the database hold different passwords as ${line.version}`);
    all.set(line.version, plain);
    inJournal.add(line.version);
  }
  return { all, inJournal };
};

const IN_DOUBT = ["applying", "probing", "dead_letter"];

export const judge = async (host: LinuxHost, user: string, dir: string, account: string, rows: Rows): Promise<Judged> => {
  const { all, inJournal } = plaintexts(dir, account, rows), ids = [...all.keys()];
  const inForce = (await fitting(await host.shadow(user), [...all.values()])).map((i) => ids[i]!);
  const releasable = rows.account.credential === "in_sync" && (rows.open === null || !IN_DOUBT.includes(rows.open));
  return { inForce, journalled: inForce.every((id) => inJournal.has(id)), wrongCurrent: releasable && !inForce.includes(rows.account.current ?? "") };
};

/** Logins of `user` the host refused, by its own log. */
export const refusedLogins = (host: LinuxHost, user: string): number =>
  host.log().split("\n").filter((l) => l.includes(`Failed password for ${user} `)).length;
export const journalText = (dir: string): string => readFileSync(path.join(dir, "journal", "secrets.journal"), "utf8");
