/**
 * SQL Server without its driver: statements, verifiers, answers, and the beginning of a connection up to its TLS. Rule: what needs the driver is in
 * test/slow/mssql.test.ts.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, listIn, lockIn, notIn } from "../../src/connectors/mssql/answers.ts";
import { naming, unsuited } from "../../src/connectors/mssql/settings.ts";
import { doors, ident, literal, look, sessionsOf, setHash, setOwn, setText } from "../../src/connectors/mssql/statements.ts";
import { matcher, verifier } from "../../src/connectors/mssql/verifier.ts";
import { mssql } from "../../src/connectors/mssql.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { DriverMissing } from "../../src/wires/drivers.ts";
import { refusedLogin, TdsFailure } from "../../src/wires/tds-failure.ts";
import { tdsTls } from "../../src/wires/tds-tls.ts";
import type { TlsFailure } from "../../src/wires/tls.ts";
import { sqlServer, type SqlServer } from "../lab/sql-server.ts";
import { tdsServer } from "../lab/tds.ts";
import { pieces, shape } from "../lab/tsql.ts";
import { pinned } from "./mssql-world.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom("]", "]]", "'", "''", "x' --", "[a]", "N'x'", "/*", "*/", "--", "\u2019", "\uff07", "\u02bc", "a\u0000b"),
);
describe("statements", () => {
  test("law: by an independent lexer each holds exactly the name and the text that were given, and nothing else", () => {
    fc.assert(
      fc.property(text, text, text, (name, to, from) => {
        const words = (sql: string) => pieces(sql).map((p) => [p.kind, p.value]),
          alter = (n: string) => [
            ["word", "alter"],
            ["word", "login"],
            ["name", n],
            ["word", "with"],
            ["word", "password"],
            ["sign", "="],
          ];
        expect(words(setText(name, to))).toEqual([...alter(name), ["text", to]]);
        expect(words(setOwn(name, to, from))).toEqual([...alter(name), ["text", to], ["word", "old_password"], ["sign", "="], ["text", from]]);
        expect(words(setHash(name, "0x0200AB"))).toEqual([...alter(name), ["hex", "0x0200AB"], ["word", "hashed"]]);
        expect([words(ident(name)), words(literal(to))]).toEqual([[["name", name]], [["text", to]]]);
        expect([shape(look(name)), shape(doors(name)), shape(sessionsOf(name))]).toEqual([
          shape(look("x")),
          shape(doors("x")),
          shape(sessionsOf("x")),
        ]);
      }),
      { numRuns: 500 },
    );
  });
  test("names that SQL Server would read as others, or has none of, are not sent", () => {
    for (const name of ["", " a", "a ", "DOMAIN\\a", "a:b", "a\nb", "\ud800", "x".repeat(129), "a\u200bb"])
      expect([name, naming.fits(name)]).toEqual([name, false]);
    for (const name of ["sa", "o'brien [x]", "Ünïcode", "a b", "x".repeat(128), "me@corp"]) expect([name, naming.fits(name)]).toEqual([name, true]);
    expect(["\n", "a\u0000b", "x".repeat(129), "x".repeat(128)].map((p) => unsuited({ name: "a" }, Secret.of(p)))).toEqual([
      ...Array<unknown>(2).fill(expect.stringContaining("control")),
      expect.stringContaining("at most 128"),
      undefined,
    ]);
  });
});
describe("verifiers", () => {
  /** Published as the example of hashcat's modes 1731 (SQL Server 2012, 2014), not made by us. */
  const HASHCAT =
    "0x02000102030434ea1b17802fd95ea6316bd61d2c94622ca3812793e8fb1672487b5c904a45a31b2ab4a78890d563d2fcf5663e46fe797d71550494be50cf4915d3f4d55ec375";
  test("a published one opens with its password and with no other", () => {
    expect([matcher(HASHCAT)!("hashcat"), matcher(HASHCAT)!("Hashcat"), matcher(HASHCAT)!("")]).toEqual([true, false, false]);
    expect(verifier("hashcat", { ...systemRandom, bytes: () => Buffer.from([1, 2, 3, 4]) }).toLowerCase()).toBe(HASHCAT);
  });
  test("ours opens with what it was made of, and is salted", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 128 }), fc.string({ unit: "binary", maxLength: 128 }), (a, b) => {
        const v = verifier(a, systemRandom);
        expect([v, matcher(v)!(a), matcher(v)!(b)]).toEqual([
          expect.stringMatching(/^0x0200[0-9A-F]{136}$/),
          true,
          Buffer.from(a, "utf16le").equals(Buffer.from(b, "utf16le")),
        ]);
      }),
      { numRuns: 100 },
    );
    expect(verifier("a", systemRandom)).not.toBe(verifier("a", systemRandom));
    expect(verifier("pä", { ...systemRandom, bytes: () => Buffer.alloc(4) })).toBe(
      `0x020000000000${createHash("sha512")
        .update(Buffer.from([0x70, 0, 0xe4, 0, 0, 0, 0, 0]))
        .digest("hex")
        .toUpperCase()}`,
    );
  });
  test("other kinds are not computed here", () => {
    for (const other of [
      "",
      "0x",
      "0x01004086CEB6BF932BC4151A1AF1F13CD17301D70816A8886908",
      HASHCAT.replace("0x0200", "0x0300"),
      `${HASHCAT}00`,
      "nonsense",
    ])
      expect([other, matcher(other)]).toEqual([other, null]);
  });
});
describe("answers", () => {
  const said = (number: number) => new TdsFailure("said", "its words", number),
    secret = Secret.of("x");
  test("the error table is by number: what is not in it refuses nothing, and nothing is said to be unsent once it was", () => {
    expect([15_151, 15_116, 15_247, 102].map((n) => failed(said(n), true, []))).toEqual(Array(4).fill({ refused: "its words" }));
    expect(
      [
        [said(1_205), true],
        [said(0), true],
        [new TdsFailure("closed", "cut"), true],
        [new Error("?"), true],
      ].map(([e, sent]) => Object.keys(failed(e, sent as boolean, []))[0]),
    ).toEqual(Array(4).fill("unknown"));
    expect(
      [new TdsFailure("identity", "w"), new TdsFailure("auth", "w", 18_456), said(229), new TdsFailure("closed", "w")].map(
        (e) => (failed(e, false, []) as { not_sent: string }).not_sent,
      ),
    ).toEqual(["identity", "auth_of_as", "unreachable", "unreachable"]);
    expect(failed(new TdsFailure("said", "near 'Secret-9'", 102), true, ["Secret-9"])).toEqual({ refused: "near '[secret]'" });
  });
  test("a login's refusal is in doubt, its own reasons are none, and the server's being away is no refusal", () => {
    const at = (...numbers: number[]) => notIn(refusedLogin(numbers.map((number) => ({ number, message: `m${number}` }))), secret);
    expect([at(18_456), at(18_486), at(18_470), at(18_488), at(4_060, 18_456), at(18_401), at()]).toEqual([
      { unknown: expect.any(String), refused: true },
      ...["m18486", "m18470", "m18488", "m4060", "m18401", "the connection was lost before the login was decided"].map((unknown) => ({ unknown })),
    ]);
  });
  test("a refusal is a no only when nothing else was in the way and the server said so", () => {
    const open = { windows: 0, name: "a", disabled: false, locked: 0, expired: 0, must: 0, mighty: 0, granted: 1, denied: 0 };
    expect(lockIn(open)).toBe("open");
    for (const [key, value] of Object.entries({ windows: 1, disabled: true, locked: 1, expired: 1, must: 1, denied: 1 }))
      expect([key, lockIn({ ...open, [key]: value })]).toEqual([key, { locked: expect.stringContaining("proves nothing") }]);
    for (const key of ["windows", "name", "locked", "expired", "must", "mighty"])
      expect([key, lockIn({ ...open, [key]: null })]).toEqual([key, { unknown: expect.any(String) }]);
    expect(lockIn(undefined)).toHaveProperty("unknown");
  });
  test("a login whose CONNECT SQL was revoked is refused whatever it says: no grant is no proof, but for a sysadmin", () => {
    const none = { windows: 0, name: "a", disabled: false, locked: 0, expired: 0, must: 0, mighty: 0, granted: 0, denied: 0 };
    expect([lockIn(none), lockIn({ ...none, mighty: 1 })]).toEqual([
      { locked: "the account is not granted CONNECT SQL, so a refused login proves nothing" },
      "open",
    ]);
    expect(doors("x")).toMatch(/g\.type in \('COSQ', 'CL'\) and g\.state in \('G', 'W'\)/);
  });
  test("a list without the right to see all of them is none", () => {
    const row = { may: 1, name: "a", disabled: false, locked: 0, mighty: 1, controls: 0 };
    expect(listIn([row, { ...row, name: "b", disabled: true, mighty: 0, locked: 1 }])).toEqual([
      { name: "a", enabled: true, privileged: true, says: ["member of sysadmin"] },
      { name: "b", enabled: false, privileged: false, says: ["disabled", "locked out"] },
    ]);
    expect([listIn([{ ...row, may: 0 }]), listIn([])]).toEqual(Array(2).fill({ unknown: expect.stringContaining("ALTER ANY LOGIN") }));
  });
});
describe("the beginning of a connection", () => {
  let server: SqlServer;
  beforeAll(async () => {
    server = await sqlServer();
  });
  afterAll(() => server?.stop());
  const soon = () => AbortSignal.timeout(5_000),
    link = (port = server.port) => directLink({ host: "127.0.0.1", port });
  const begin = async (port: number, trust: Parameters<typeof tdsTls>[1]) => tdsTls(await link(port).connect(soon()), trust, "127.0.0.1", soon());
  test("the certificate is read without a login and without the driver; the pinned one is spoken to, another one is not", async () => {
    const c = mssql(systemRandom);
    expect(await c.identity!(link(), soon())).toBe(server.certificate.fingerprint);
    expect([c.pin!(server.certificate.fingerprint)?.settings, c.pin!("plain"), c.config.safeParse({ tls: "off" }).success]).toEqual([
      { certificates: [server.certificate.fingerprint] },
      undefined,
      false,
    ]);
    (await begin(server.port, { certificates: [server.certificate.fingerprint] })).stream.destroy();
    (await begin(server.port, { authority: server.certificate.authority })).stream.destroy();
    await expect(begin(server.port, { certificates: ["AB:".repeat(32).slice(0, -1)] })).rejects.toMatchObject({ kind: "identity" });
    expect(server.log()).toEqual([]);
  });
  test("law: a server without encryption, or that says nothing of it, gets no more than the first packet", async () => {
    for (const encryption of [0, 2]) {
      const heard: number[] = [],
        plain = await tdsServer({
          certificate: server.certificate,
          encryption,
          answers: { login: () => null, batch: () => null },
          heard: (type) => heard.push(type),
        });
      await expect(begin(plain.port, "whoever")).rejects.toMatchObject({ kind: "identity", why: expect.stringContaining("no encryption") });
      expect(heard).toEqual([0x12]);
      await plain.stop();
    }
  });
  test("what speaks otherwise, or not at all, or is cut, is none, within the caller's limit", async () => {
    const sockets: Socket[] = [];
    let say: Buffer | null = null;
    const odd = createServer((s) => {
      sockets.push(s);
      s.on("error", () => undefined);
      if (say) s.end(say);
    });
    await new Promise<void>((up) => odd.listen(0, "127.0.0.1", up));
    const { port } = odd.address() as AddressInfo;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.uint8Array({ maxLength: 40 }).map((b) => Uint8Array.from([4, 1, 0, b.length + 8, 0, 0, 1, 0, ...b])),
        ),
        async (bytes) => {
          say = Buffer.from(bytes);
          await expect(begin(port, "whoever")).rejects.toMatchObject({ name: "TlsFailure" });
        },
      ),
      { numRuns: 60 },
    );
    say = null;
    const begun = performance.now(),
      quiet = await tdsTls(await link(port).connect(soon()), "whoever", "127.0.0.1", AbortSignal.timeout(200)).catch((e: unknown) => e);
    expect([(quiet as TlsFailure).why, performance.now() - begun < 1_500]).toEqual(["the server did not answer in time", true]);
    for (const s of sockets) s.destroy();
    odd.close();
  });
  test("without the driver nothing is sent, and the command that installs it is said wherever one asks", async () => {
    const c = mssql(systemRandom, () => Promise.reject(new DriverMissing("the driver tedious is not installed on the broker: run npm install x"))),
      as = { name: "rotator", secret: Secret.of("Rotator-1") };
    expect([
      await c.change(pinned(server), link(), { name: "app" }, { to: Secret.of("New-1-x"), as }, soon()),
      await c.probe(pinned(server), link(), { name: "app" }, Secret.of("New-1-x"), soon()),
      await c.test!(pinned(server), link(), as, soon()),
    ]).toEqual([
      { not_sent: "unreachable", why: expect.stringContaining("npm install") },
      { unknown: expect.stringContaining("npm install") },
      { ok: false, stage: "reach", why: expect.stringContaining("npm install") },
    ]);
    expect(server.log()).toEqual([]);
  });
});
