/** PostgreSQL over plain connections, and servers that would have a password in the clear. Rule: what reached them is counted in bytes, by themselves. */
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgres, type PostgresConfig } from "../../src/connectors/postgres.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { postgresCluster, type PostgresCluster } from "../lab/postgres.ts";
import { fresh, type Named } from "./contract.ts";
import { OTHER, pinned, role } from "./postgres-world.ts";

let cluster: PostgresCluster, boss: Named;
beforeAll(async () => {
  cluster = await postgresCluster({ ...OTHER, tls: true, hba: ["host all cleared 127.0.0.1/32 password"] });
  boss = await role(cluster, "boss", "superuser");
});
afterAll(async () => { await cluster?.destroy(); });

const c = postgres(systemRandom), link = () => directLink({ host: "127.0.0.1", port: cluster.port }), soon = () => AbortSignal.timeout(20_000);
const change = (who: { name: string }, to: string, by: Named, config: PostgresConfig, through = link()) =>
  c.change(config, through, who, { to: Secret.of(to), as: { name: by.name, secret: Secret.of(by.password) } }, soon());
const probe = (who: { name: string }, password: string, config: PostgresConfig = pinned(cluster), through = link()) =>
  c.probe(config, through, who, Secret.of(password), soon());

describe("a plain connection, on this machine's loopback address", () => {
  const PLAIN: PostgresConfig = { tls: "off", certificates: [], authority: "", database: "postgres" };
  test("changes and proves by SCRAM, whose server proves itself too; a refusal by nobody in particular is unknown", async () => {
    const who = await role(cluster), to = fresh();
    expect(await change(who, to, boss, PLAIN)).toBe("done");
    expect([await probe(who, to, PLAIN), await probe(who, who.password, PLAIN)]).toEqual(["yes", { unknown: expect.stringContaining("nobody knows by whom") }]);
    expect(await change(who, to, boss, PLAIN, directLink({ host: "192.0.2.1", port: 5432 }))).toMatchObject({ not_sent: "identity" });
  });
  test("law: a server that asks for the password itself gets none", async () => {
    const cleared = await role(cluster, "cleared"), heard: Buffer[] = [];
    expect(await probe(cleared, cleared.password)).toBe("yes"); // over the pinned certificate it may
    expect(await probe(cleared, cleared.password, PLAIN)).toEqual({ unknown: expect.stringContaining("SCRAM alone") });
    for (const ask of [[82, 0, 0, 0, 8, 0, 0, 0, 3], [82, 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4]]) {
      const server = createServer((s: Socket) => { s.on("error", () => undefined).on("data", (part: Buffer) => { heard.push(part); s.write(Buffer.from(ask)); }); });
      await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
      const through = directLink({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
      expect(await probe(cleared, cleared.password, PLAIN, through)).toEqual({ unknown: expect.stringContaining("SCRAM alone") });
      server.close();
    }
    expect(heard.length).toBe(2); // a start-up message each, and no answer to the question
    expect(Buffer.concat(heard).includes(cleared.password)).toBe(false);
  });
  test("law: asked by SCRAM first and then for the password itself: it is not given either", async () => {
    const heard: Buffer[] = [], secret = "Password-1-of-nobody";
    for (const then of [[82, 0, 0, 0, 8, 0, 0, 0, 3], [82, 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4]]) {
      let part = 0;
      const server = createServer((s: Socket) => s.on("error", () => undefined).on("data", (bytes: Buffer) => {
        heard.push(bytes);
        s.write(part++ === 0 ? Buffer.concat([Buffer.from([82, 0, 0, 0, 23, 0, 0, 0, 10]), Buffer.from("SCRAM-SHA-256\0\0")]) : Buffer.from(then));
      }));
      await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
      const through = directLink({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
      expect(await probe({ name: "app" }, secret, PLAIN, through)).toEqual({ unknown: expect.stringContaining("SCRAM alone") });
      server.close();
    }
    expect(heard.length).toBe(4); // a start-up and a SCRAM beginning each; no third message
    expect(Buffer.concat(heard).includes(secret)).toBe(false);
  });
  test("law: a server that lets us in without having signed is not the one", async () => {
    const message = (type: string, body: Buffer): Buffer => Buffer.concat([Buffer.from(type), Buffer.from([0, 0, 0, body.length + 4]), body]);
    const ready = Buffer.concat([message("R", Buffer.alloc(4)), message("Z", Buffer.from("I"))]);
    let part = 0;
    const server = createServer((s: Socket) => s.on("error", () => undefined).on("data", () => {
      if (part++ % 2 === 0) s.write(message("R", Buffer.concat([Buffer.from([0, 0, 0, 10]), Buffer.from("SCRAM-SHA-256\0\0")])));
      else s.write(ready);
    }));
    await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
    const through = directLink({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
    expect(await probe({ name: "app" }, "Password-1-x", PLAIN, through)).toEqual({ unknown: expect.stringContaining("without proving") });
    expect(await change({ name: "app" }, fresh(), boss, PLAIN, through)).toMatchObject({ not_sent: "identity" });
    server.close();
  });
  test("law: a server without TLS, or with words before it, is no reason to go on without", async () => {
    for (const answer of ["N", "E", "SX", "ESSH-2.0"]) {
      const heard: Buffer[] = [], server = createServer((s: Socket) => { s.on("error", () => undefined).on("data", (part: Buffer) => { heard.push(part); s.write(answer); }); });
      await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
      const through = directLink({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
      expect(await change({ name: "app" }, fresh(), boss, pinned(cluster), through), answer).toMatchObject({ not_sent: "unreachable" });
      expect(Buffer.concat(heard).length, answer).toBe(8);
      server.close();
    }
  });
});
