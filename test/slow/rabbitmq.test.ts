/**
 * RabbitMQ's management API keeps the contract, with its salted hash. Rule: as for the quick products (test/connectors/http.test.ts), but slower to
 * start.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rabbitmq } from "../../src/connectors/http/products.ts";
import { rabbitHash } from "../../src/connectors/http/verifier.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { contract, fresh, type World } from "../connectors/contract.ts";
import { account, at, hostile, pinned, world } from "../connectors/http-world.ts";
import type { HttpConfig } from "../../src/connectors/http.ts";
import type { Product } from "../lab/http-product.ts";
import { rabbitmqServer } from "../lab/rabbitmq.ts";

let p: Product & { raw(method: string, path: string, body?: object): Promise<string> };
beforeAll(async () => {
  p = await rabbitmqServer();
}, 120_000);
afterAll(async () => {
  await p?.destroy();
});
const foreign: World<HttpConfig>["foreign"] = async (name) => {
  await p.raw("PUT", `users/${name}`, {
    password_hash: "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
    hashing_algorithm: "rabbit_password_hashing_sha512",
    tags: "",
  });
};
describe("rabbitmq", () => {
  contract("rabbitmq", () => ({ ...world(rabbitmq, () => p), foreign }), { lawless: true, lists: true });
});

const k = at(rabbitmq, () => p);
test("tags stay, a user without one is proven by the words to it, and one without a password is told as such", async () => {
  const who = await account(p),
    to = fresh();
  await p.raw("PUT", `users/${who.name}`, {
    password_hash: rabbitHash(who.password, systemRandom),
    hashing_algorithm: "rabbit_password_hashing_sha256",
    tags: "monitoring,policymaker",
  });
  expect(await k.change(who, to)).toBe("done");
  expect((await p.everybody()).find((l) => l.startsWith(`${who.name}:`))).toMatch(/monitoring.*policymaker/);
  await p.raw("PUT", "users/plain", {
    password_hash: rabbitHash("Plain-1-x", systemRandom),
    hashing_algorithm: "rabbit_password_hashing_sha256",
    tags: "",
  });
  await p.raw("PUT", "users/empty", { password_hash: "", tags: "" });
  expect([await k.probe({ name: "plain" }, "Plain-1-x"), await k.probe({ name: "plain" }, "Wrong-1"), await k.change({ name: "plain" }, to)]).toEqual(
    ["yes", "no", "done"],
  );
  const list = await k.c.discover!(pinned(p), k.link(), k.as(p.root), k.soon());
  if ("unknown" in list) throw new Error(list.unknown);
  expect(list.filter((f) => ["boss", "empty", "plain"].includes(f.name))).toEqual([
    { name: "boss", enabled: true, privileged: true, says: ["tag administrator"] },
    { name: "empty", enabled: false, privileged: false, says: ["has no password"] },
    { name: "plain", enabled: true, privileged: false, says: [] },
  ]);
});
test("a login without the administrator's tag changes and compares nobody, and is no refused login", async () => {
  const who = await account(p),
    weak = await account(p);
  expect(await k.change(who, fresh(), weak)).toMatchObject({ not_sent: "auth_of_as" });
  expect(await k.c.compare?.(pinned(p), k.link(), who, [Secret.of(who.password)], k.as(weak), k.soon())).toEqual({
    unknown: expect.stringContaining("may not"),
  });
});
test("law: hostile names and passwords change nobody but the account named, and create nobody", async () => {
  const who = await account(p),
    others = async () => (await p.everybody()).filter((l) => !l.startsWith(`${who.name}:`)),
    before = await others();
  const done = await hostile(k, p, who, 300);
  expect(done).toBeGreaterThan(30);
  expect(await others()).toEqual(before);
}, 300_000);
