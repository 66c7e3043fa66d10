/** `lockstep selftest` on a real host. Rule: it is run as a buyer runs it; what it says is compared with the host's own shadow file. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { selfTest } from "../../src/selftest/story.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { program } from "../lab/program.ts";
import { run } from "../lab/run.ts";

const ADMIN = "Selftest-Adm1n!x9Qz", FIRST = "Selftest-F1rst!x9Qz";
let host: LinuxHost, tmp: string;
beforeAll(async () => {
  host = await linuxHost({ name: "buyer-1", sudoAdmin: { name: "admin1", password: ADMIN }, accounts: { trial: FIRST } });
  tmp = mkdtempSync(path.join(tmpdir(), "lockstep-buyer-"));
}, 300_000);
afterAll(async () => { await host.destroy(); rmSync(tmp, { recursive: true, force: true }); });

const selftest = async (stdin: string, ...more: string[]) => run(process.execPath, [
  await program("src/main.ts"), "selftest", "rotate", "--host", host.host, "--port", String(host.port), "--account", "trial", "--admin", "admin1",
  "--password-stdin", "--json", ...more,
], { stdin, env: { PATH: process.env["PATH"] ?? "", HOME: tmp, TMPDIR: tmp } });

test("law: I1 — killed before the change, after it and inside the commit: nothing lost, a fresh login each time, and its vault is gone", async () => {
  const before = await host.shadow("trial"), said = await selftest(`${ADMIN}\n`, "--yes", "--fingerprint", host.fingerprint, "--kill-at", "before_change,changed,committing");
  expect(said.code, said.stderr).toBe(0);
  const report = JSON.parse(said.stdout) as { steps: { step: string; met: boolean; login: string }[] };
  expect(report).toMatchObject({ trials: 3, lost: 0, wrongCurrent: 0, unproven: 0, missed: 0 });
  expect(report.steps.map((s) => [s.step, s.met, s.login])).toEqual([["before_change", true, "yes"], ["changed", true, "yes"], ["committing", true, "yes"]]);
  expect(await host.shadow("trial")).not.toBe(before);
  expect(await host.opens("trial", FIRST)).toBe(false);
  expect(readdirSync(tmp).filter((f) => f.startsWith("lockstep-selftest-"))).toEqual([]);
  expect(said.stdout + said.stderr).not.toContain(ADMIN);
}, 400_000);

const vaults = (): string[] => readdirSync(tmp).filter((f) => f.startsWith("lockstep-selftest-"));
test("refusals: another key, a wrong administrator, an unknown step, itself; nothing was changed and no vault is left", async () => {
  const before = await host.shadow("trial"), known = ["--yes", "--fingerprint", host.fingerprint];
  const other = await selftest(ADMIN, "--yes", "--fingerprint", "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  expect([other.code, other.stderr]).toEqual([5, expect.stringContaining(`shows ${host.fingerprint}, not SHA256:AAAA`)]);
  const wrong = await selftest("Wrong-Adm1n!x9Qz", ...known);
  expect([wrong.code, wrong.stderr]).toEqual([6, expect.stringMatching(/admin1 cannot change passwords there: .*(password|refused|login)/i)]);
  expect(wrong.stderr).not.toContain("Wrong-Adm1n");
  const nonsense = await selftest(ADMIN, ...known, "--kill-at", "teatime");
  expect([nonsense.code, nonsense.stderr]).toEqual([2, expect.stringContaining("--kill-at is every-step, or some of: before_candidate")]);
  const self = await selftest(ADMIN, ...known, "--account", "admin1");
  expect([self.code, self.stderr]).toEqual([2, expect.stringContaining("Name an account made for this")]);
  expect([await host.shadow("trial"), vaults()]).toEqual([before, []]);
}, 300_000);

test("a host that is gone in the middle: it says so, and where the vault is that opens the account", async () => {
  const launch = { program: process.execPath, args: [await program("src/main.ts"), "selftest", "step"], env: { PATH: process.env["PATH"], HOME: tmp, LOCKSTEP_TIMESCALE: "0.05" } };
  const wanted = { host: host.host, port: host.port, sudo: true, admin: "admin1", account: "trial", steps: ["changed", "committing"] as const };
  const said: unknown = await selfTest(systemClock, launch, tmp, wanted, { identity: () => Promise.resolve(), password: () => Promise.resolve(ADMIN), told: () => { void host.stop(); } }).catch((e: unknown) => e);
  expect(said).toMatchObject({ code: "upstream", message: expect.stringMatching(/The self-test ended there\. Every password that was tried is in \S+: keep it until/) as string });
  // It stays gone: its port may be another lab's by now.
  expect((said as Error).message).toContain(path.join(tmp, vaults()[0]!));
}, 400_000);
