/**
 * A hostile server, of every kind that is reached over a network: the process that calls it lives, each call ends within its limit, and nothing is believed.
 * Rule: the seed is fixed here; test/slow/hostile-servers.test.ts takes others, more of them, and the drivers that do not come with Lockstep.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { victim, type Victim } from "../lab/victim.ts";
import { certificate } from "../lab/certificate.ts";
import { hostile } from "../lab/hostile.ts";
import { scratch } from "../lab/scratch.ts";
import { SCENES, torment } from "./hostile-world.ts";

let broker: Victim;
beforeAll(async () => { broker = await victim(); });
afterAll(() => { broker?.close(); });

describe("law: no target ends or holds the broker's process", () => {
  test.each(Object.entries(SCENES))("%s", async (_, scene) => {
    const pid = broker.pid(), { calls } = await torment(broker, scene, { seed: 20_261_126, runs: 150, ms: 1_300 });
    expect([calls > 3, broker.pid()]).toEqual([true, pid]);
  });
});

describe("a directory that speaks LDAP and means harm", () => {
  const probe = async (hex: string): Promise<unknown> => {
    const made = await certificate(await scratch("hostile", false)), server = await hostile((turn) => (turn === 1 ? Buffer.from(hex, "hex") : undefined), { certificate: made });
    try {
      return (await broker.call({ platform: "openldap", config: { tls: "pinned", certificates: [made.fingerprint], encryption: "ldaps", base: "dc=lab,dc=test" }, port: server.port, verb: "probe" })).answered;
    } finally { server.close(); }
  };
  test("20,000 messages in one part are not 20,000 calls within each other", async () => {
    expect(await probe("300c02010965070a010004000400".repeat(20_000))).toEqual({ unknown: expect.any(String) });
  });
  test("a result without its number is no success", async () => {
    expect(await probe("30050201016100300502010261003005020103 6100".replaceAll(" ", ""))).toEqual({ unknown: expect.stringMatching(/connection was lost/) });
  });
});
