/**
 * Databases and stores as targets, from their first look to two proven changes. Rule: what is in force is asked of the server's own tools, never of
 * the broker.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Named } from "../connectors/contract.ts";
import { account as httpAccount } from "../connectors/http-world.ts";
import { account as myAccount, at } from "../connectors/mysql-world.ts";
import { RIGHTS, user } from "../connectors/redis-world.ts";
import { etcdServer } from "../lab/etcd.ts";
import { mariadb } from "../lab/mariadb.ts";
import { redisServer } from "../lab/redis.ts";
import { hostless } from "../e2e/hostless.ts";
import type { World } from "../e2e/world.ts";

type Store = {
  platform: string;
  port: number;
  fingerprint: string;
  admin: Named;
  app: Named;
  opens(name: string, password: string): Promise<boolean>;
  destroy(): Promise<void>;
};
const STORES: Record<string, () => Promise<Store>> = {
  "db-2": async () => {
    const db = await mariadb(),
      admin = await myAccount(db, "rotator"),
      app = await myAccount(db, "app", ["%", "10.0.%"]);
    await db.sql(
      `grant update on mysql.* to ${at("rotator")}; grant select on mysql.global_priv to ${at("rotator")}; grant connection admin on *.* to ${at("rotator")}`,
    );
    return {
      platform: "mysql",
      port: db.port,
      fingerprint: db.certificate.fingerprint,
      admin,
      app,
      opens: (n, p) => db.opens(n, p),
      destroy: () => db.destroy(),
    };
  },
  "cache-1": async () => {
    const r = await redisServer(),
      admin = await user(r, "rotator", ...RIGHTS),
      app = await user(r, "app");
    return {
      platform: "redis",
      port: r.port,
      fingerprint: r.certificate.fingerprint,
      admin,
      app,
      opens: (n, p) => r.opens(n, p),
      destroy: () => r.destroy(),
    };
  },
  "kv-1": async () => {
    const e = await etcdServer(),
      app = await httpAccount(e, "app");
    return {
      platform: "etcd",
      port: e.port,
      fingerprint: e.certificate.fingerprint,
      admin: e.root,
      app,
      opens: (n, p) => e.opens(n, p),
      destroy: () => e.destroy(),
    };
  },
};
let w: World;
beforeAll(async () => {
  w = await hostless();
}, 120_000);
afterAll(async () => {
  await w?.close();
});

for (const [name, raise] of Object.entries(STORES))
  describe(name, () => {
    let s: Store;
    beforeAll(async () => {
      s = await raise();
    }, 60_000);
    afterAll(async () => {
      await s?.destroy();
    });
    const inForce = async (login: string): Promise<boolean> => s.opens(login, await w.vault(`${login}@${name}`));

    test("its certificate is read without a login and pinned, its administrator tested, both accounts adopted: nobody else knows a password", async () => {
      const where = { platform: s.platform, host: "127.0.0.1", port: s.port },
        seen = await w.ok("operator", "POST", "/targets/read-identity", where);
      expect(seen).toMatchObject({ fingerprint: s.fingerprint, compareWith: expect.stringContaining("openssl x509") });
      expect(await w.ok("operator", "POST", "/targets", { name, ...where, settings: seen["settings"] })).toMatchObject({
        fingerprints: [s.fingerprint],
        settings: { tls: "pinned" },
      });
      const admin = await w.ok("operator", "POST", "/accounts", { target: name, login: s.admin.name, password: s.admin.password });
      await w.ok("operator", "PATCH", `/targets/${name}`, { administrative: admin["id"] });
      expect(await w.ok("operator", "POST", `/targets/${name}/test`, {})).toMatchObject({ ok: true, identity: s.fingerprint });
      await w.ok("operator", "POST", `/accounts/${s.admin.name}@${name}/adopt`, {});
      await w.settled(`${s.admin.name}@${name}`);
      await w.ok("operator", "POST", "/accounts", { target: name, login: s.app.name, adopt: true });
      await w.settled(`${s.app.name}@${name}`);
      expect([
        await inForce(s.admin.name),
        await inForce(s.app.name),
        await s.opens(s.admin.name, s.admin.password),
        await s.opens(s.app.name, s.app.password),
      ]).toEqual([true, true, false, false]);
    });
    test("a name it cannot have, and settings that would send a password anywhere in the clear, are refused in words", async () => {
      const bad = await w.api("operator", "POST", "/accounts", { target: name, login: "a:b" });
      expect([bad.status, bad.body["detail"]]).toEqual([422, expect.stringContaining("cannot be an account name here")]);
      const far = await w.api("operator", "POST", "/targets", {
        name: `${name}-far`,
        platform: s.platform,
        host: "192.0.2.9",
        settings: { tls: "off" },
      });
      expect([far.status, far.body["detail"]]).toEqual([422, expect.stringContaining("loopback address alone")]);
    });
  });
