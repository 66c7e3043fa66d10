/**
 * Logins at MySQL and MariaDB: certificates, plain connections, and whoever stands in between. Rule: what reached a server is read off its own end.
 */
import { createServer, connect as dial } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mysql, type MysqlConfig } from "../../src/connectors/mysql.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { certificate } from "../lab/certificate.ts";
import { mariadb, type MariaDb } from "../lab/mariadb.ts";
import { scratch } from "../lab/scratch.ts";
import { fresh, type Named } from "./contract.ts";
import { account, at, greeting, pinned } from "./mysql-world.ts";

let db: MariaDb, bare: MariaDb, boss: Named;
beforeAll(async () => {
  [db, bare] = await Promise.all([mariadb(), mariadb([], false)]);
  boss = await account(db, "boss");
  await db.sql(`grant all on *.* to ${at("boss")} with grant option`);
});
afterAll(async () => {
  await db?.destroy();
  await bare?.destroy();
});

const c = mysql(systemRandom),
  PLAIN: MysqlConfig = { tls: "off", certificates: [], authority: "" };
const soon = () => AbortSignal.timeout(20_000),
  to = (port: number, host = "127.0.0.1") => directLink({ host, port });
const as = (who: Named) => ({ name: who.name, secret: Secret.of(who.password) });
const change = (who: { name: string }, next: string, by: Named, config: MysqlConfig, through = to(db.port)) =>
  c.change(config, through, who, { to: Secret.of(next), as: as(by) }, soon());
const probe = (who: { name: string }, password: string, config: MysqlConfig, through = to(db.port)) =>
  c.probe(config, through, who, Secret.of(password), soon());
/** A server of ours: `say` is called with everything heard so far, at the beginning with nothing. */
const server = async (say: (socket: Socket, heard: Buffer) => void) => {
  const heard: Buffer[] = [],
    s = createServer((socket) => {
      socket
        .on("error", () => undefined)
        .on("data", (part: Buffer) => {
          heard.push(part);
          say(socket, Buffer.concat(heard));
        });
      say(socket, Buffer.alloc(0));
    });
  await new Promise<void>((up) => s.listen(0, "127.0.0.1", up));
  return {
    port: (s.address() as AddressInfo).port,
    heard: () => Buffer.concat(heard),
    [Symbol.dispose]: () => {
      s.close();
    },
  };
};
const packet = (no: number, ...body: (Buffer | string)[]): Buffer => {
  const all = Buffer.concat(body.map((b) => Buffer.from(b)));
  return Buffer.concat([Buffer.from([all.length & 255, all.length >> 8, 0, no]), all]);
};
const OK = Buffer.from([0, 0, 0, 2, 0, 0, 0]),
  DENIED = Buffer.concat([Buffer.from([0xff, 0x15, 0x04]), Buffer.from("#28000Access denied")]);
const switchTo = (plugin: string): Buffer => Buffer.concat([Buffer.from([0xfe]), Buffer.from(`${plugin}\0abcdefghijklmnopqrst\0`)]);

describe("the certificate", () => {
  test("law: another than the pinned one: identity, until a person pins the new one; the authority's is trusted", async () => {
    const who = await account(db),
      old = pinned(db),
      byCa: MysqlConfig = { tls: "authority", certificates: [], authority: db.certificate.authority };
    expect([await change(who, fresh(), boss, byCa), await change(who, fresh(), boss, byCa, to(db.port, "localhost"))]).toEqual(["done", "done"]);
    const strange = await certificate(await scratch("ca", false));
    expect(await change(who, fresh(), boss, { ...byCa, authority: strange.authority })).toMatchObject({
      not_sent: "identity",
      why: expect.stringContaining("trusted authority"),
    });
    await db.changeCertificate();
    expect(await change(who, fresh(), boss, old)).toMatchObject({ not_sent: "identity", why: expect.stringContaining("not the pinned one") });
    expect(await c.test?.(old, to(db.port), as(boss), soon())).toMatchObject({ ok: false, stage: "identity" });
    const shown = await c.identity!(to(db.port), soon());
    expect(shown).toBe(db.certificate.fingerprint);
    expect(c.config.parse({ ...c.pin!(shown)!.settings })).toEqual(pinned(db));
    expect(await c.test?.(pinned(db), to(db.port), as(boss), soon())).toEqual({ ok: true, identity: shown });
  });
  test("settings that pin nothing are no settings; a plain connection is for this machine alone", async () => {
    for (const bad of [{}, { certificates: [] }, { certificates: ["AA:BB"] }, { tls: "authority" }, { tls: "authority", authority: "x" }])
      expect(c.config.safeParse(bad).success).toBe(false);
    expect([c.objection!(PLAIN, { host: "127.0.0.1", port: 1 }), c.objection!(PLAIN, { host: "192.0.2.1", port: 1 })]).toEqual([
      undefined,
      expect.stringContaining("loopback"),
    ]);
    expect(await change({ name: "app" }, fresh(), boss, PLAIN, to(3306, "192.0.2.1"))).toMatchObject({ not_sent: "identity" });
  });
});

describe("a plain connection, on this machine's loopback address", () => {
  test("changes and proves; a refusal by nobody in particular is unknown; what it shows is no certificate", async () => {
    const who = await account(bare),
      root = await account(bare, "boss"),
      next = fresh();
    await bare.sql(`grant all on *.* to ${at("boss")} with grant option`);
    expect(await change(who, next, root, PLAIN, to(bare.port))).toBe("done");
    expect([await probe(who, next, PLAIN, to(bare.port)), await probe(who, who.password, PLAIN, to(bare.port))]).toEqual([
      "yes",
      { unknown: expect.stringContaining("nobody knows by whom") },
    ]);
    expect(await c.identity!(to(bare.port), soon())).toBe("plain");
    expect(await c.compare?.(PLAIN, to(bare.port), who, [Secret.of("x")], { name: "boss", secret: Secret.of("Wrong-1") }, soon())).toEqual({
      unknown: expect.any(String),
    });
  });
  test("law: a server that asks for the password itself gets none", async () => {
    for (const plugin of ["mysql_clear_password", "sha256_password", "dialog", "caching_sha2_password"]) {
      let turns = 0;
      using s = await server((socket, heard) => {
        // Greeting; then the plugin; then, of caching_sha2_password, "send it whole".
        socket.write(heard.length === 0 ? greeting(0xf7fe & ~0x800) : turns++ === 0 ? packet(2, switchTo(plugin)) : packet(4, Buffer.from([1, 4])));
      });
      const secret = "Password-1-of-nobody";
      expect(await probe({ name: "app" }, secret, PLAIN, to(s.port)), plugin).toEqual({
        unknown: expect.stringMatching(/answers a challenge|does not speak|not answer/),
      });
      expect(s.heard().includes(secret), plugin).toBe(false);
    }
  });
});

describe("whoever stands in between", () => {
  test("law: a server without TLS is no reason to go on without: it hears no name and no password", async () => {
    using s = await server((socket, heard) => {
      if (heard.length === 0) socket.write(greeting(0xf7fe & ~0x800));
    });
    expect(await change({ name: "app" }, fresh(), boss, pinned(db), to(s.port))).toMatchObject({
      not_sent: "unreachable",
      why: expect.stringContaining("no TLS"),
    });
    expect(s.heard().length).toBe(0);
  });
  test("law: login-proves — welcomes, refusals and questions in the clear before TLS count for nothing", async () => {
    for (const said of [OK, DENIED, switchTo("mysql_native_password"), switchTo("mysql_clear_password")]) {
      using s = await server((socket, heard) => {
        if (heard.length === 0) socket.write(Buffer.concat([greeting(), packet(2, said)]));
      });
      const r = await probe({ name: "app" }, "Password-1-of-nobody", pinned(db), to(s.port));
      expect(r).toHaveProperty("unknown");
      // The request for TLS, and whatever TLS began with: no name, no answer to a challenge.
      expect([s.heard().includes("app\0"), s.heard().includes("Password-1")]).toEqual([false, false]);
    }
  });
  test("law: login-proves — a challenge changed in the clear greeting makes no right password wrong", async () => {
    const who = await account(db),
      s = createServer((client) => {
        const target = dial(db.port, "127.0.0.1");
        let first = true;
        target
          .on("error", () => undefined)
          .on("data", (part: Buffer) => {
            if (first) {
              const at = part.indexOf(0, 5) + 5;
              for (let i = 0; i < 8; i++) part[at + i] = 65 + i;
            }
            first = false;
            client.write(part);
          })
          .on("close", () => client.destroy());
        client
          .on("error", () => undefined)
          .on("close", () => target.destroy())
          .on("data", (part: Buffer) => target.write(part));
      });
    await new Promise<void>((up) => s.listen(0, "127.0.0.1", up));
    const through = to((s.address() as AddressInfo).port);
    expect([await probe(who, who.password, pinned(db), through), await probe(who, "Wrong-1-wrong", pinned(db), through)]).toEqual(["yes", "no"]);
    s.close();
  });
  test("law: login-proves — a server that lets everybody in without asking proves nothing", async () => {
    using s = await server((socket, heard) => {
      socket.write(heard.length === 0 ? greeting(0xf7fe & ~0x800) : packet(2, OK));
    });
    expect(await probe({ name: "app" }, "Password-1-of-nobody", PLAIN, to(s.port))).toEqual({ unknown: expect.stringContaining("without asking") });
    expect(await change({ name: "app" }, fresh(), boss, PLAIN, to(s.port))).toMatchObject({
      not_sent: "auth_of_as",
      why: expect.stringContaining("without asking"),
    });
  });
});
