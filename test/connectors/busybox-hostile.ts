/** Names and passwords that mean something to shells, terminals and prompts, one after the other. Rule: who opens with what is read from the device's disk. */
import fc from "fast-check";
import { expect } from "vitest";
import { shippedSet } from "../../src/connectors/command-set.ts";
import type { CommandSet } from "../../src/domain/command-set/index.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import type { Device } from "../lab/busybox.ts";
import { account, overSsh } from "./busybox-world.ts";
import type { Named } from "./contract.ts";

const PHRASES = ["New password: ", "Bad password: too short", "password for root changed by root", "Retype password: ", "do not match", "unchanged", "# ", "$ ", "$(reboot)", "`id`", "';id;'", "--", "-e", "\\n", "%s%n",
  "x\nroot", "x\r", "\u0003", "\u0004", "\x1b[6n", "\x15", "!!", "~.", "unknown user", "[secret]", "é€😀", "a".repeat(127), "a".repeat(128), ""];
export const evil = fc.oneof(fc.string({ unit: "grapheme-ascii", maxLength: 60 }), fc.string({ unit: "binary", maxLength: 30 }), fc.constantFrom(...PHRASES),
  fc.tuple(fc.constantFrom(...PHRASES), fc.string({ unit: "grapheme-ascii", maxLength: 10 })).map((p) => p.join("")));
const names = (who: string) => fc.oneof({ weight: 4, arbitrary: fc.constant(who) }, fc.string({ unit: "binary", maxLength: 12 }), fc.constantFrom("-h", "root;", "root root", `${who};reboot`, `${who}\nroot`, "$(id)", "0", "nosuch", "--help", "a b", ""));

export type Counted = { readonly done: number; readonly refused: number; readonly calls: number };
export const hostile = async (device: Device, set: CommandSet, as: Named, runs: number, seed?: number): Promise<Counted> => {
  const who = await account(device), bystander = await account(device), c = shippedSet(set), link = () => directLink({ host: "127.0.0.1", port: device.port });
  const others = (): string[] => device.everybody().filter((l) => !l.startsWith(`${who.name}:`)), before = others();
  let done = 0, refused = 0, calls = 0;
  await fc.assert(fc.asyncProperty(names(who.name), evil, async (name, password) => {
    fc.pre(name !== "root" && name !== bystander.name);
    calls++;
    const was = device.shadow(who.name);
    const r = await c.change(overSsh(device), link(), { name }, { to: Secret.of(password), as: { name: as.name, secret: Secret.of(as.password) } }, AbortSignal.timeout(20_000));
    if (r === "done") {
      done++;
      expect([name, await device.opens(name, password)]).toEqual([who.name, true]);
    } else {
      refused++;
      expect(r).toEqual({ refused: expect.any(String) });
      expect(device.shadow(who.name)).toBe(was);
    }
    expect(others()).toEqual(before);
  }), { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
  expect([await device.opens(bystander.name, bystander.password), await device.opens(as.name, as.password)]).toEqual([true, true]);
  return { done, refused, calls };
};
