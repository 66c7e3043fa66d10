/** A MySQL server that means harm. Rule: the broker's process outlives what it says, each call ends, and what it says proves nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { certificate, type Certificate } from "../lab/certificate.ts";
import { hostile } from "../lab/hostile.ts";
import { scratch } from "../lab/scratch.ts";
import { victim, type Victim } from "../lab/victim.ts";
import { greeting } from "./mysql-world.ts";

let made: Certificate, broker: Victim;
beforeAll(async () => { [made, broker] = await Promise.all([scratch("hostile", false).then((dir) => certificate(dir)), victim()]); });
afterAll(() => { broker?.close(); });

const packet = (no: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([body.length & 255, body.length >> 8, 0, no]), body]);
const ask = (no: number): Buffer => packet(no, Buffer.concat([Buffer.from([0xfe]), Buffer.from("mysql_native_password\0"), Buffer.from("CCCCCCCCCCCCCCCCCCCC\0")]));
const ok = (no: number): Buffer => packet(no, Buffer.from([0, 0, 0, 2, 0, 0, 0])), short = Buffer.from("02000000ff01", "hex");
const PLAIN = { tls: "off" };

describe("a hostile MySQL server", () => {
  test("an error of two bytes behind the welcome, in one piece with it", async () => {
    const server = await hostile((turn) => [greeting(), ask(2), Buffer.concat([ok(4), short])][turn]);
    const call = { platform: "mysql", config: PLAIN, port: server.port };
    // The welcome was whole; what is asked after it gets no answer any more.
    expect(await broker.call({ ...call, verb: "probe" })).toMatchObject({ answered: "yes" });
    expect(await broker.call({ ...call, verb: "change" })).toMatchObject({ answered: { not_sent: "unreachable", why: expect.stringMatching(/connection was cut/) } });
    server.close();
  });
  test("the same under TLS", async () => {
    const server = await hostile((turn) => [undefined, ask(3), Buffer.concat([ok(5), short])][turn], { certificate: made, after: (turn) => (turn === 0 ? greeting() : undefined) });
    const call = { platform: "mysql", config: { tls: "pinned", certificates: [made.fingerprint] }, port: server.port };
    expect(await broker.call({ ...call, verb: "compare" })).toMatchObject({ answered: { unknown: expect.stringMatching(/connection was cut/) } });
    server.close();
  });
  test("where its certificate alone is asked for: it offers none", async () => {
    const server = await hostile((turn) => (turn === 0 ? Buffer.concat([greeting(0xf7fe), short, short]) : short));
    expect(await broker.call({ platform: "mysql", config: PLAIN, port: server.port, verb: "identity" })).toMatchObject({ answered: "plain" });
    server.close();
  });
});
