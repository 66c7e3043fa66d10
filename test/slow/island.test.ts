/** A closed network behind a gateway, with real processes on networks of their own: nothing but the gateway reaches it, and every kind of connection goes through. */
import { expect, test } from "vitest";
import { needs, HOST_PACKAGES, POSTGRES_PACKAGES, XRDP_PACKAGES } from "../lab/needs.ts";
import { GUACD_PACKAGES } from "../../scripts/guacd/packages.ts";
import { ADDRESS, netns } from "../lab/netns.ts";
import { runInside } from "../lab/inside.ts";
import { evidence, madeBy } from "./evidence.ts";

test("the island: SSH session, PostgreSQL rotation, desktop and fail-over through gateways; the broker's machine sends it no packet", async () => {
  await needs({ linux: true, root: true, namespaces: true, debian: [...HOST_PACKAGES, ...POSTGRES_PACKAGES, ...XRDP_PACKAGES, ...GUACD_PACKAGES] }, "The island");
  await using net = await netns();
  expect([await net.reaches("broker", ADDRESS.island, 22), await net.reaches("agent", ADDRESS.island, 22)]).toEqual([expect.stringMatching(/unreachable/), expect.stringMatching(/unreachable|prohibited|No route/)]);
  const { code, said } = await runInside(net, "broker", "test/slow/inside/island.inside.ts");
  expect([code, said.slice(-6_000)]).toEqual([0, expect.stringMatching(/Tests\s+\d+ passed/)]);
  expect(await net.seen("island"), "packets from the broker's machine to the island").toBe(0);
  const steps = [...said.matchAll(/✓ \S+\.ts > (.+?) \d+ms/g)].map((m) => m[1]!);
  expect(steps.length, said.slice(-6_000)).toBeGreaterThan(4);
  evidence("island", `# A closed network behind gateways\n${madeBy("test/slow/island.test.ts")}\n\n${steps.map((s) => `- ${s}`).join("\n")}\n`);
}, 900_000);
