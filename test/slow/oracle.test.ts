/**
 * The driver for Oracle in our hands, as far as that can be shown without a database: which stream it gets, whom it trusts, where it does not go. No
 * login was ever made; the docs say so.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { setPassword } from "../../src/connectors/oracle/answers.ts";
import { oracle, type OracleConfig } from "../../src/connectors/oracle.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import type { LoadOracle } from "../../src/wires/oracle.ts";
import { certificate, type Certificate } from "../lab/certificate.ts";
import { driver } from "../lab/drivers.ts";
import { faultProxy } from "../lab/fault-proxy.ts";
import { scratch } from "../lab/scratch.ts";
import { listener, type Listener, type Says } from "../lab/tns.ts";

let made: Certificate;
const open: Listener[] = [];
const load: LoadOracle = async () => ({ oracledb: await driver("oracledb"), transport: await driver("oracledb", "/lib/thin/sqlnet/ntTcp.js") });
const c = oracle(systemRandom, load),
  AS = { name: "ROTATOR", secret: Secret.of("Rotator-Pw-1!x9Qz") },
  TO = "New-Pw-1!x9Qz:a";
beforeAll(async () => {
  made = await certificate(await scratch("oracle", false));
  await load();
}, 300_000);
afterAll(() => {
  for (const l of open) l.close();
});
const at = async (says: Says): Promise<Listener> => {
  const l = await listener(made, says);
  open.push(l);
  return l;
};
const settings = (o: Partial<OracleConfig> = {}): OracleConfig => ({
  tls: "pinned",
  certificates: [made.fingerprint],
  authority: "",
  service: "ORCLPDB1",
  ...o,
});
const change = (l: { host: string; port: number }, o: Partial<OracleConfig> = {}, ms = 5_000) =>
  c.change(settings(o), directLink({ host: l.host, port: l.port }), { name: "APP" }, { to: Secret.of(TO), as: AS }, AbortSignal.timeout(ms));

test("it is the driver that speaks, over the target's link and inside our TLS; what the listener says is told without an address of ours", async () => {
  const l = await at({ refuse: 12_514 });
  expect(await change(l)).toEqual({ not_sent: "unreachable", why: "the listener knows no such service: look at the target's setting `service`" });
  expect(await change(await at({ refuse: 12_528 }))).toEqual({ not_sent: "unreachable", why: "the listener refused the connection" });
  expect([l.connects.length, l.handshakes(), l.connects[0]]).toEqual([1, 1, expect.stringContaining("SERVICE_NAME=ORCLPDB1")]);
  expect(await change(l, { tls: "authority", certificates: [], authority: made.authority })).toMatchObject({
    not_sent: "unreachable",
    why: expect.stringContaining("no such service"),
  });
});
test("law: another machine in its place: identity, and not a packet reaches it", async () => {
  const l = await at({ refuse: 12_514 }),
    other = { certificates: ["AB:".repeat(32).slice(0, -1)] };
  expect([
    await change(l, other),
    await c.probe(settings(other), directLink(l), { name: "APP" }, Secret.of("x-1"), AbortSignal.timeout(5_000)),
    await c.discover!(settings(other), directLink(l), AS, AbortSignal.timeout(5_000)),
  ]).toEqual([
    { not_sent: "identity", why: expect.stringContaining("not the pinned one") },
    { unknown: expect.stringContaining("not the pinned one") },
    { unknown: expect.any(String), stranger: true },
  ]);
  expect(l.connects).toEqual([]);
});
test("a listener that hands on to a server process has to prove itself once more", async () => {
  const l = await at("again");
  expect(await change(l)).toEqual({ not_sent: "unreachable", why: expect.stringContaining("no such service") });
  expect([l.connects.length, l.handshakes()]).toEqual([2, 2]);
});
test("law: where it leads elsewhere nobody follows, though somebody listens there", async () => {
  const elsewhere = await at({ refuse: 12_514 }),
    l = await at({ lead: elsewhere });
  expect(await change(l)).toEqual({ not_sent: "unreachable", why: expect.stringMatching(/leads to another address/) });
  expect([l.connects.length, elsewhere.handshakes()]).toEqual([1, 0]);
});
test("down, mute, a black hole, and cut anywhere: not sent, within the caller's limit", async () => {
  const l = await at("mute"),
    begun = performance.now();
  expect(await change(l, {}, 300)).toEqual({ not_sent: "unreachable", why: "the server did not answer in time" });
  expect(await change({ host: "127.0.0.1", port: 1 })).toMatchObject({ not_sent: "unreachable", why: expect.stringContaining("refused") });
  await using proxy = await faultProxy((await at({ refuse: 12_514 })).port);
  for (let cut = 0; cut < 900; cut += 90) {
    proxy.heal();
    proxy.cutAfterUp(cut);
    expect(await change(proxy, {}, 1_000)).toMatchObject({ not_sent: "unreachable" });
  }
  proxy.heal();
  proxy.blackHole();
  expect(await change(proxy, {}, 300)).toEqual({ not_sent: "unreachable", why: "the server did not answer in time" });
  expect(performance.now() - begun).toBeLessThan(15_000);
});
test("the driver takes our statement as it is: no part of a password is a bind variable of its", async () => {
  const { Statement } = await driver<{ Statement: new () => { _prepare(sql: string): void; bindInfoList: unknown[]; sql: string; isDdl: boolean } }>(
    "oracledb",
    "/lib/thin/statement.js",
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[ !#-~]{1,40}$/), (to) => {
      const s = new Statement(),
        sql = setPassword("APP", to);
      s._prepare(sql);
      expect([s.isDdl, s.bindInfoList.length, s.sql]).toEqual([true, 0, sql]);
    }),
    { numRuns: 300 },
  );
});
