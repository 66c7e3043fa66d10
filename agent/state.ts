/**
 * What an agent keeps on its machine: its keys, the broker's, who it is, and the newest change of each account. Rule: a file is whole and on the disk
 * (written beside, fsynced, renamed, its folder fsynced) before anybody is told of it; all of it is root's alone.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { boxKeyOf, newBoxKey, pemOf, type BoxKey } from "../src/crypto/box.ts";
import { newSshKey, publicLine } from "../src/wires/ssh.ts";
import { flush } from "./flush.ts";

export const keep = (dir: string, name: string, text: string): void => {
  const file = join(dir, name),
    half = `${file}.half`,
    fd = openSync(half, "w", 0o600);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(half, file);
  flush(dir, file);
};
export const drop = (dir: string, name: string): void => {
  rmSync(join(dir, name), { force: true });
  flush(dir);
};
const text = (dir: string, name: string): string | undefined => (existsSync(join(dir, name)) ? readFileSync(join(dir, name), "utf8") : undefined);

/** epoch, number, fence: compared from the left. */
export type Fence = readonly [epoch: number, no: number, fence: number];
export const older = (a: Fence, b: Fence): boolean => {
  for (const i of [0, 1, 2] as const) if (a[i] !== b[i]) return a[i] < b[i];
  return false;
};
const Fences = z.record(z.string(), z.tuple([z.int(), z.int(), z.int()]));
const Standing = z.object({
  state: z.enum(["active", "paused", "refused"]),
  owner: z.string().optional(),
  why: z.string().optional(),
  now: z.number(),
  heardAt: z.number(),
});
export type Standing = z.infer<typeof Standing>;
const Lines = z.array(z.string());
/** `instead`: of what BrokerKey said in agent.conf when they were learned. */
const Pins = z.object({ instead: Lines, keys: Lines });
export type Pins = z.infer<typeof Pins>;

export type State = {
  readonly dir: string;
  /** Private, OpenSSH; the one in force, and one announced to follow it. */
  hostKey(): string;
  nextHostKey(): string | undefined;
  announce(): string;
  turn(): void;
  box(): BoxKey;
  /** Lines of the broker's keys, as they proved themselves; empty until it has. */
  brokerKeys(): readonly string[];
  keepBrokerKeys(lines: readonly string[]): void;
  /** Lines of those that followed the ones of agent.conf; undefined: none did. */
  pins(): Pins | undefined;
  keepPins(pins: Pins): void;
  agent(): string | undefined;
  keepAgent(id: string): void;
  /** Good for one enrolment; gone with it. With a new one everything begins anew: who it was, and whom it knew as its broker. */
  token(): string | undefined;
  keepToken(token: string): void;
  dropToken(): void;
  standing(): Standing | undefined;
  keepStanding(s: Standing): void;
  fence(account: string): Fence | undefined;
  keepFence(account: string, f: Fence): void;
  /** Whatever else has to last, by name; what it says is its writer's own. */
  note(name: string): string | undefined;
  keepNote(name: string, value: string): void;
};

const json = <T>(dir: string, name: string, schema: z.ZodType<T>): T | undefined => {
  const t = text(dir, name);
  return t === undefined ? undefined : schema.parse(JSON.parse(t));
};
const made = (dir: string, name: string, make: () => string): string => {
  const there = text(dir, name);
  if (there !== undefined) return there;
  const fresh = make();
  keep(dir, name, fresh);
  return fresh;
};

/** Made where there is none yet. A file that cannot be read is an error, never a fresh start: an older change could then follow a newer. */
export const openState = (dir: string): State => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  // Read each time: a doctor beside the process that runs is another process.
  const fences = (): Record<string, [number, number, number]> => json(dir, "fences", Fences) ?? {};
  fences();
  return {
    dir,
    hostKey: () => made(dir, "host_key", newSshKey),
    nextHostKey: () => text(dir, "host_key.next"),
    announce: () => publicLine(made(dir, "host_key.next", newSshKey)),
    turn: () => {
      if (existsSync(join(dir, "host_key.next"))) {
        renameSync(join(dir, "host_key.next"), join(dir, "host_key"));
        flush(dir);
      }
    },
    box: () => boxKeyOf(made(dir, "box_key", () => pemOf(newBoxKey()))),
    brokerKeys: () => json(dir, "broker_keys", Lines) ?? [],
    keepBrokerKeys: (lines) => keep(dir, "broker_keys", JSON.stringify(lines)),
    pins: () => json(dir, "broker_pins", Pins),
    keepPins: (pins) => keep(dir, "broker_pins", JSON.stringify(pins)),
    agent: () => text(dir, "agent")?.trim(),
    keepAgent: (id) => keep(dir, "agent", `${id}\n`),
    token: () => text(dir, "token")?.trim(),
    keepToken: (token) => {
      keep(dir, "token", `${token}\n`);
      // Orders of another life are sealed for another agent: their fences hold nothing back that could still come.
      for (const name of ["agent", "standing", "broker_keys", "broker_pins", "fences", "carries", "orders"]) drop(dir, name);
    },
    dropToken: () => drop(dir, "token"),
    standing: () => json(dir, "standing", Standing),
    keepStanding: (s) => keep(dir, "standing", JSON.stringify(s)),
    fence: (account) => (Object.hasOwn(fences(), account) ? fences()[account] : undefined),
    keepFence: (account, f) => keep(dir, "fences", JSON.stringify({ ...fences(), [account]: f })),
    note: (name) => text(dir, name),
    keepNote: (name, value) => keep(dir, name, value),
  };
};
