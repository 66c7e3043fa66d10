/** `lockstep schedules edit`. Rule: what is named is laid over the schedule's own, and what would change nothing is refused by its name. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lockstep, type Done } from "./process.ts";
import { call, openWorld, type Body, type World } from "./world.ts";

let w: World, home: string, token: string;
beforeAll(async () => {
  w = await openWorld(22_860);
  home = mkdtempSync(join(tmpdir(), "lockstep-schedules-"));
  token = await w.token("operator");
}, 120_000);
afterAll(async () => { await w?.close(); rmSync(home, { recursive: true, force: true }); });
const cli = (...args: string[]): Promise<Done> => lockstep(["schedules", ...args], { cwd: home, env: { LOCKSTEP_URL: w.url, LOCKSTEP_TOKEN: token, TZ: "America/Lima" } });
const own = async (name: string): Promise<Body> => (await call(w, token, "GET", `/schedules/${name}`)).body;
const add = (name: string, ...when: string[]): Promise<Done> => cli("add", name, "-a", "root@web-1", "-r", "by the calendar", "--mail", "ops@example.org", ...when);
const BERLIN = { kind: "every", n: 2, unit: "weeks", from: "2099-01-05", time: "02:30", zone: "Europe/Berlin" };

test("every: each part by itself, and the rest stays", { timeout: 120_000 }, async () => {
  expect(await add("nightly", "--every", "2 weeks", "--from", "2099-01-05", "--at", "02:30", "--zone", "Europe/Berlin")).toMatchObject({ code: 0 });
  const steps: readonly (readonly [args: readonly string[], part: object])[] = [
    [["-r", "another reason"], {}], [["--at", "03:45", "--zone", "Asia/Tokyo"], { time: "03:45", zone: "Asia/Tokyo" }], [["--every", "day"], { n: 1, unit: "days" }], [["--from", "2099-02-01"], { from: "2099-02-01" }], [["--at", "04:00"], { time: "04:00" }],
  ];
  let want: object = BERLIN;
  for (const [args, part] of steps) {
    want = { ...want, ...part };
    expect([args, (await cli("edit", "nightly", ...args)).code, (await own("nightly"))["when"]]).toEqual([args, 0, want]);
  }
});
test("once and cron: the zone alone; a time or a first day is refused by its name", { timeout: 120_000 }, async () => {
  const once = { kind: "once", date: "2099-03-01", time: "22:00", zone: "Europe/Berlin" }, cron = { kind: "cron", text: "30 2 * * sun", zone: "Europe/Berlin" };
  await add("once", "--once", "2099-03-01 22:00", "--zone", "Europe/Berlin");
  await add("cron", "--cron", "30 2 * * sun", "--zone", "Europe/Berlin");
  for (const [name, when] of [["once", once], ["cron", cron]] as const) {
    const idle = await cli("edit", name, "--at", "03:45", "--from", "2099-02-01");
    expect([idle.code, idle.err, (await own(name))["when"]]).toEqual([2, expect.stringContaining("--at and --from would change nothing"), when]);
    expect([(await cli("edit", name, "--zone", "Asia/Tokyo")).code, (await own(name))["when"]]).toEqual([0, { ...when, zone: "Asia/Tokyo" }]);
  }
  expect([(await cli("edit", "once", "--cron", "0 3 * * *")).code, (await own("once"))["when"]]).toEqual([0, { kind: "cron", text: "0 3 * * *", zone: "Asia/Tokyo" }]);
  expect(await add("third", "--cron", "0 3 * * *", "--at", "03:00")).toMatchObject({ code: 2, err: expect.stringContaining("--at would change nothing") });
});
test("window and whom to tell: hours are on the schedule's own clock, and one way to tell drops no other", { timeout: 120_000 }, async () => {
  await add("told", "--every", "day", "--zone", "Europe/Berlin");
  expect((await cli("edit", "told", "--window", "Sat 01:00-05:00", "--tell", "operator")).code).toBe(0);
  expect(await own("told")).toMatchObject({ window: { zone: "Europe/Berlin" }, notify: { addresses: ["ops@example.org"], people: [expect.any(String)] } });
  expect(await cli("edit", "told", "--window", "Sat 01:00-05:00", "--any-time")).toMatchObject({ code: 2, err: expect.stringContaining("--window and --any-time together") });
});
