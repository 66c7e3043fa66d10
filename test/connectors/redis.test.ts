/**
 * The Redis connector against a real server that writes down everything: users, rights, certificates. The contract itself is in
 * redis-contract.test.ts.
 */
import { connect as dialTls } from "node:tls";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RedisConfig } from "../../src/connectors/redis.ts";
import { foundUser, userIn } from "../../src/connectors/redis/users.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { certificate } from "../lab/certificate.ts";
import { redisServer, type RedisServer } from "../lab/redis.ts";
import { scratch } from "../lab/scratch.ts";
import { fresh, type Named } from "./contract.ts";
import { at, everybody, pinned, RIGHTS, sha256, user } from "./redis-world.ts";

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

const { c, link, soon, as, change, probe, hashesOf } = at(
  () => server,
  () => rotator,
);
const compare = (who: { name: string }, passwords: string[], by: Named = rotator) =>
  c.compare?.(
    pinned(server),
    link(),
    who,
    passwords.map((p) => Secret.of(p)),
    as(by),
    soon(),
  );
const others = async (but: string): Promise<string[]> => (await everybody(server)).filter((line) => !line.startsWith(`${but}:`));

describe("users", () => {
  test("names are taken as they are; rules and keys of the user stay", async () => {
    for (const name of ["Mixed", "mixed", "o'brien", 'say"hi"', "rôle", "сервис", "服务", "a*b", "svc@site", "#hash", ">plain", "%R~x"]) {
      const who = await user(server, name),
        before = await others(name),
        rules = (await everybody(server)).find((l) => l.startsWith(`${name}:`))!,
        to = fresh();
      expect(await change(who, to), name).toBe("done");
      expect(
        [
          await server.opens(name, to),
          await server.opens(name, who.password),
          await probe(who, to),
          await probe(who, who.password),
          await compare(who, ["x", to]),
        ],
        name,
      ).toEqual([true, false, "yes", "no", { match: 1 }]);
      expect([await others(name), (await everybody(server)).find((l) => l.startsWith(`${name}:`))]).toEqual([
        before,
        rules.replace(/#[0-9a-f]{64}/, `#${sha256(to)}`),
      ]);
    }
  });
  test("law: hostile names and passwords change nobody but the user named, and create nobody", async () => {
    const who = await user(server),
      before = await others(who.name);
    const evil = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.constantFrom("nopass", "resetpass", "#", `#${"0".repeat(64)}`, "\r\nFLUSHALL\r\n", "allkeys", "+@all", "\0", "*1\r\n$8\r\nFLUSHALL\r\n"),
    );
    const names = fc.oneof(
      fc.constant(who.name),
      evil,
      fc.constantFrom(`${who.name} `, who.name.toUpperCase(), "boss nopass", "default nopass", "%", "*"),
    );
    let done = 0;
    await fc.assert(
      fc.asyncProperty(names, evil, async (name, password) => {
        const r = await change({ name }, password);
        if (r === "done") {
          done++;
          expect(name).toBe(who.name);
          expect(await server.opens(name, password)).toBe(true);
        } else expect(r).toHaveProperty("refused");
      }),
      { numRuns: 80 },
    );
    expect(done).toBeGreaterThan(8);
    expect(await others(who.name)).toEqual(before);
  }, 120_000);
  test("passwords beside each other: one is left after a change, and comparing says there were several", async () => {
    const who = await user(server);
    await server.cli("ACL", "SETUSER", who.name, `#${sha256("second-1")}`);
    expect(await compare(who, [who.password])).toEqual({ unknown: expect.stringContaining("side by side") });
    const to = fresh();
    expect(await change(who, to)).toBe("done");
    expect([await hashesOf(who.name), await server.opens(who.name, "second-1")]).toEqual([[`#${sha256(to)}`], false]);
  });
  test("law: login-proves — a user let in with any password proves nothing, and is not given one unasked", async () => {
    await server.cli("ACL", "SETUSER", "open", "on", "nopass", "+@read");
    expect(await probe({ name: "open" }, "any-1")).toEqual({ unknown: expect.stringContaining("nopass") });
    expect([await change({ name: "open" }, fresh()), await compare({ name: "open" }, ["x"])]).toEqual([
      { refused: expect.stringContaining("nopass") },
      { unknown: expect.stringContaining("nopass") },
    ]);
    await server.cli("ACL", "SETUSER", "shut", "off", `#${sha256("Shut-1")}`);
    expect(await change({ name: "shut" }, fresh())).toEqual({ refused: expect.stringContaining("is off") });
  });
  test("each right left out is said before anything is sent, and is no refused login", async () => {
    const who = await user(server),
      before = await everybody(server);
    for (const [i, left] of ["+acl|setuser", "+acl|getuser", "+config|get"].entries()) {
      const weak = await user(server, `weak${i}`, ...RIGHTS.filter((r) => r !== left));
      expect(await change(who, fresh(), weak), left).toEqual({ not_sent: "auth_of_as", why: expect.stringContaining("NOPERM") });
      expect(await c.test?.(pinned(server), link(), as(weak), soon()), left).toMatchObject({ ok: false, stage: "right" });
    }
    const blind = await user(server, "weak3", ...RIGHTS.filter((r) => !["+client|kill", "+acl|users"].includes(r)));
    expect([
      await c.endLogins?.(pinned(server), link(), who, as(blind), soon()),
      await c.discover?.(pinned(server), link(), as(blind), soon()),
    ]).toEqual([{ unknown: expect.stringContaining("NOPERM") }, { unknown: expect.stringContaining("NOPERM") }]);
    expect((await everybody(server)).filter((l) => !l.startsWith("weak"))).toEqual(before);
  });
  test("an administrator changes itself; one without the right is told so", async () => {
    const self = await user(server, "selfie", ...RIGHTS),
      to = fresh(),
      own = (who: Named, next: string) => c.change(pinned(server), link(), who, { from: Secret.of(who.password), to: Secret.of(next) }, soon());
    expect([await own(self, to), await server.opens("selfie", to)]).toEqual(["done", true]);
    expect(await own(await user(server), fresh())).toMatchObject({ not_sent: "auth_of_as" });
    expect(await c.change(pinned(server), link(), self, { to: Secret.of(to) }, soon())).toMatchObject({ refused: expect.stringMatching(/neither/) });
  });
  test("logins of the user end, nobody else's do", async () => {
    const [who, other] = [await user(server), await user(server)],
      ended: string[] = [];
    const hold = (n: Named) =>
      new Promise<void>((up) => {
        const s = dialTls({ host: "127.0.0.1", port: server.port, ca: server.certificate.authority }, () =>
          s.write(`AUTH ${n.name} ${n.password}\r\n`),
        );
        s.on("error", () => undefined)
          .once("data", () => up())
          .on("close", () => ended.push(n.name));
      });
    await Promise.all([hold(who), hold(who), hold(other)]);
    expect(await c.endLogins?.(pinned(server), link(), who, as(rotator), soon())).toEqual({ ended: 2 });
    await expect.poll(() => ended).toEqual([who.name, who.name]);
    expect([
      await c.endLogins?.(pinned(server), link(), who, as(rotator), soon()),
      await c.endLogins?.(pinned(server), link(), rotator, as(rotator), soon()),
    ]).toEqual([{ ended: 0 }, { unknown: expect.any(String) }]);
  });
});

describe("the certificate", () => {
  test("law: another than the pinned one: identity, until a person pins the new one; the authority's is trusted", async () => {
    const who = await user(server),
      old = pinned(server),
      byCa: RedisConfig = { ...old, tls: "authority", certificates: [], authority: server.certificate.authority };
    expect([await change(who, fresh(), boss, byCa), await change(who, fresh(), boss, byCa, link("localhost"))]).toEqual(["done", "done"]);
    const strange = await certificate(await scratch("ca", false));
    expect(await change(who, fresh(), boss, { ...byCa, authority: strange.authority })).toMatchObject({
      not_sent: "identity",
      why: expect.stringContaining("trusted authority"),
    });
    await server.changeCertificate();
    expect(await change(who, fresh(), boss, old)).toMatchObject({ not_sent: "identity", why: expect.stringContaining("not the pinned one") });
    const shown = await c.identity!(link(), soon());
    expect([shown, c.config.parse(c.pin!(shown)!.settings)]).toEqual([server.certificate.fingerprint, pinned(server)]);
    expect(await change(who, fresh(), boss, { tls: "off", certificates: [], authority: "", memoryAlone: false }, link("192.0.2.1"))).toMatchObject({
      not_sent: "identity",
    });
  });
});

test("discovery tells who is off, let in with any password, and mighty, by the last word of the rules", () => {
  const found = (commands: string, flags: string[] = ["on"], selectors: string[] = []) =>
    foundUser(
      "u",
      userIn([
        "flags",
        flags,
        "passwords",
        ["a"],
        "commands",
        commands,
        "keys",
        "~*",
        "channels",
        "",
        "selectors",
        selectors.map((s) => ["commands", s, "keys", "", "channels", ""]),
      ])!,
    );
  const mighty = (...a: Parameters<typeof found>) => found(...a).privileged;
  expect([
    mighty("+@all"),
    mighty("-@all +@read"),
    mighty("+@all -@admin -@dangerous"),
    mighty("-@all +acl|setuser"),
    mighty("-@all +acl -acl|setuser"),
    mighty("+@all -acl -config -module -debug"),
    mighty("-@all", ["on"], ["+@all"]),
  ]).toEqual([true, false, false, true, false, false, true]);
  expect(found("-@all +@read", ["off", "nopass"])).toEqual({
    name: "u",
    enabled: false,
    privileged: false,
    says: ["off", "lets in with any password (nopass)"],
  });
});
