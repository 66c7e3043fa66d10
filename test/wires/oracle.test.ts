/** What a driver's transport leaves behind. Rule: a transport that goes as oracledb's does stands in for it; the driver itself is in test/slow/oracle.test.ts. */
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { connectOracle, type LoadOracle } from "../../src/wires/oracle.ts";
import { certificate } from "../lab/certificate.ts";
import { scratch } from "../lab/scratch.ts";
import { listener, type Listener } from "../lab/tns.ts";

let server: Listener;
beforeAll(async () => {
  server = await listener(await certificate(await scratch("oracle-late", false)), "mute");
});
afterAll(() => server?.close());

const { promise: begun, resolve: begin } = Promise.withResolvers<readonly Duplex[]>();
/** Dials, begins TLS, and begins it anew on the same connection, as where a listener hands on to a server process. */
class Transport {
  stream!: Duplex;
  connStream!: Duplex;
  async ntConnect(_: { host: string; port: number }): Promise<void> {}
  async tlsConnect(_: unknown, __: Duplex): Promise<void> {}
  async renegTLS(): Promise<void> {}
  async login(host: string): Promise<never> {
    await this.ntConnect({ host, port: 1 });
    await this.tlsConnect(null, this.stream);
    const first = this.stream.on("error", () => undefined),
      second = this.tlsConnect(null, this.connStream);
    begin([first, this.connStream]);
    await second;
    throw new Error("the second TLS came about");
  }
}
const load = (async () => ({
  transport: Transport,
  oracledb: { OUT_FORMAT_OBJECT: 1, thin: true, getConnection: (o: { connectString: string }) => new Transport().login(/HOST=([^)]+)/.exec(o.connectString)![1]!) },
})) as unknown as LoadOracle;

test("an error of a stream that is of no use any more is nobody's: the broker goes on", async () => {
  const limit = new AbortController(),
    link = directLink({ host: server.host, port: server.port });
  const login = connectOracle(
    { link, service: "X", user: "APP", secret: Secret.of("x-1"), trust: "whoever", random: systemRandom, signal: limit.signal },
    load,
  ).catch((e: unknown) => e);
  for (const left of await begun) expect(() => left.emit("error", new Error("late"))).not.toThrow();
  limit.abort();
  expect(await login).toMatchObject({ kind: "unreachable", why: "the server did not answer in time" });
});
