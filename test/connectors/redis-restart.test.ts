/** What of a Redis user outlives a restart: the ACL file, the configuration file, or nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RedisConfig } from "../../src/connectors/redis.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { redisServer, type RedisServer } from "../lab/redis.ts";
import { fresh, type Named } from "./contract.ts";
import { at, RIGHTS, user } from "./redis-world.ts";

let server: RedisServer, rotator: Named;
beforeAll(async () => {
  server = await redisServer();
  rotator = await user(server, "rotator", ...RIGHTS);
  await server.cli("ACL", "SAVE");
});
afterAll(async () => {
  await server?.destroy();
});

const { c, link, soon, change, probe, hashesOf } = at(
  () => server,
  () => rotator,
);

describe("what outlives a restart", () => {
  test("a change is in the ACL file, and survives the server", async () => {
    const who = await user(server),
      to = fresh();
    expect(await change(who, to)).toBe("done");
    expect(server.aclFile()).toContain(`user ${who.name} on`);
    await server.stop();
    await server.start();
    expect([await server.opens(who.name, to), await probe(who, to)]).toEqual([true, "yes"]);
  });
  test("law: what cannot be saved is put back, and refused", async () => {
    const who = await user(server),
      lame = await user(server, "lame", ...RIGHTS.filter((r) => r !== "+acl|save")),
      hashes = await hashesOf(who.name);
    expect(await change(who, fresh(), lame)).toEqual({ refused: expect.stringMatching(/could not be saved, and was put back: NOPERM/) });
    expect(await hashesOf(who.name)).toEqual(hashes);
  });
  test("users of the configuration file are rewritten there; users in memory alone are not changed unless the settings say so", async () => {
    const kept = await redisServer({ tls: false, users: "config" }),
      loose = await redisServer({ tls: false, users: "memory" });
    try {
      const plain: RedisConfig = { tls: "off", certificates: [], authority: "", memoryAlone: false };
      for (const s of [kept, loose]) await user(s, "boss", "~*", "&*", "+@all");
      const [a, b] = [await user(kept, "app"), await user(loose, "app")],
        to = fresh();
      const bossOf = async (s: RedisServer): Promise<Named> => user(s, "boss", "~*", "&*", "+@all");
      expect(await change(a, to, await bossOf(kept), plain, link("127.0.0.1", kept.port))).toBe("done");
      await kept.stop();
      await kept.start();
      expect(await kept.opens("app", to)).toBe(true);
      expect(await change(b, to, await bossOf(loose), plain, link("127.0.0.1", loose.port))).toEqual({
        refused: expect.stringContaining("memory alone"),
      });
      expect(await change(b, to, await bossOf(loose), { ...plain, memoryAlone: true }, link("127.0.0.1", loose.port))).toBe("done");
      expect(await c.probe(plain, link("127.0.0.1", loose.port), b, Secret.of(b.password), soon())).toEqual({
        unknown: expect.stringContaining("nobody knows by whom"),
      });
      expect(await c.identity!(link("127.0.0.1", kept.port), soon())).toBe("plain");
    } finally {
      await kept.destroy();
      await loose.destroy();
    }
  });
});
