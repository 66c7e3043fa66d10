/** Discovery by the command line, against a real broker and a real host: listed, adopted, put aside, ruled. Rule: what the host has is made by hand on the host. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { lockstep } from "../cli/process.ts";
import { until, world, type World } from "./world.ts";

let w: World;
beforeAll(async () => { w = await world({ accounts: 1 }); }, 120_000);
afterAll(async () => { await w?.close(); });

const cli = (who: string, ...args: string[]) => lockstep(args, { cwd: w.home, env: { LOCKSTEP_URL: w.origin, LOCKSTEP_TOKEN: w.who[who]!.token } });
type Found = { items: { name: string; stage: string; changes: string[]; privileged: boolean }[]; first: boolean };
const found = async (...args: string[]): Promise<Found> => {
  const r = await cli("operator", "discover", "web-1", "--json", ...args);
  if (r.code !== 0) throw new Error(r.err);
  return JSON.parse(r.out) as Found;
};
const stage = async (name: string): Promise<string | undefined> => (await found("--last")).items.find((i) => i.name === name)?.stage;

test("listed, compared with the list before, adopted with --yes and not without, put aside with a reason; outsiders see nothing", async () => {
  await w.host.exec("useradd -m -s /bin/bash svc-a && chpasswd", "svc-a:Svc-A-Pw-1!x9Q\n");
  const first = await found();
  expect([first.first, first.items.find((i) => i.name === "svc-a")]).toEqual([true, expect.objectContaining({ stage: "unmanaged", changes: [], privileged: false })]);
  await w.host.exec("useradd -m -s /bin/bash svc-b && chpasswd; usermod -aG sudo svc-a", "svc-b:Svc-B-Pw-1!x9Q\n");
  const table = await cli("operator", "discover", "web-1");
  expect(table.out).toMatch(/^web-1, as of (now|\d+ s ago)\nACCOUNT +HERE +ENABLED +PRIVILEGED/);
  expect(table.out).toMatch(/svc-a +unmanaged +yes +yes +- +became privileged +group sudo, sudoers\n/);
  expect(table.out).toMatch(/svc-b +unmanaged +yes +no +- +new +-\n/);
  const asked = await cli("operator", "discover", "web-1", "--adopt", "svc-a");
  expect([asked.code, asked.err]).toEqual([2, expect.stringMatching(/svc-a +privileged.*Say so with --yes/s)]);
  expect(await stage("svc-a")).toBe("unmanaged");
  expect((await cli("operator", "discover", "web-1", "--ignore", "svc-b", "--reason", "somebody's own")).out).toBe("svc-b put aside.\n");
  expect(await stage("svc-b")).toBe("ignored");
  expect((await cli("operator", "discover", "web-1", "--adopt", "svc-a", "--yes")).out).toMatch(/svc-a +adoption begun/);
  await until("svc-a is managed", async () => await stage("svc-a") === "managed");
  expect(await w.host.opens("svc-a", "Svc-A-Pw-1!x9Q")).toBe(false);
  for (const who of ["requester", "outsider"]) expect(await cli(who, "discover", "web-1")).toMatchObject({ code: 4, err: expect.stringContaining("No such target") as string });
}, 120_000);

test("a rule by the command line acts on what is known, and ends; a host that is down is said, and the last list stays", async () => {
  await cli("operator", "discover", "web-1", "--unignore", "svc-b");
  const rule = await cli("operator", "adoption-rules", "add", "svc-*", "--target", "web-1", "--ignore", "--reason", "services are not ours", "--yes", "--json");
  expect(JSON.parse(rule.out)).toMatchObject({ pattern: "svc-*", does: "ignore", target: "web-1", by: "operator" });
  await w.host.exec("useradd -m -s /bin/bash svc-c");
  await found();
  await until("svc-c is put aside", async () => await stage("svc-c") === "ignored");
  expect(await stage("svc-b"), "somebody took it up again by hand").toBe("unmanaged");
  expect((await cli("operator", "adoption-rules", "end", (JSON.parse(rule.out) as { id: string }).id)).out).toBe("Ended.\n");
  await w.host.stop();
  const down = await cli("operator", "discover", "web-1");
  expect([down.code, down.err]).toEqual([6, expect.stringMatching(/web-1 was not listed: .*What is known of it stands as it was/s)]);
  expect(await stage("svc-a")).toBe("managed");
  await w.host.start();
}, 120_000);
