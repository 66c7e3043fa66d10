/**
 * The Redis connector keeps the contract, against a real server that writes down everything: with all rights, and with exactly those its file
 * documents.
 */
import { afterAll, beforeAll, describe } from "vitest";
import { redisServer, type RedisServer } from "../lab/redis.ts";
import { contract, type Named } from "./contract.ts";
import { RIGHTS, user, world } from "./redis-world.ts";

let server: RedisServer, boss: Named, rotator: Named;
beforeAll(async () => {
  server = await redisServer();
  boss = await user(server, "boss", "~*", "&*", "+@all");
  rotator = await user(server, "rotator", ...RIGHTS);
  await server.cli("ACL", "SAVE");
});
afterAll(async () => {
  await server?.destroy();
});

const kind = { lawless: true, lists: true, oneKind: true } as const;
describe("with all rights", () => {
  contract(
    "redis, all rights",
    () =>
      world(
        () => server,
        () => boss,
      ),
    kind,
  );
});
describe("with the documented rights", () => {
  contract(
    "redis, documented rights",
    () =>
      world(
        () => server,
        () => rotator,
      ),
    kind,
  );
});
