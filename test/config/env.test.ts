/** The environment, read once: every mistake at once, by name, and no secret in what may be printed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { parseEnv } from "../../src/config/env.ts";
import { Fault } from "../../src/kernel/fault.ts";
import { reveal } from "../../src/kernel/reveal.ts";

const mistakes = (env: Record<string, string>): string[] => {
  try { parseEnv(env); return []; } catch (e) {
    expect(e).toBeInstanceOf(Fault);
    expect((e as Fault).code).toBe("invalid");
    return (e as Fault).message.split("\n  - ").slice(1);
  }
};

test("nothing set: loopback, embedded database, everything under ./data", () => {
  const { config, secrets } = parseEnv({ PATH: "/bin", HOME: "/" });
  expect(config).toMatchObject({ listen: { host: "127.0.0.1", port: 8282 }, ssh: { host: "127.0.0.1", port: 2222 }, tls: "off", engine: "pglite", log: "info", timescale: 1 });
  expect(config.kekFile.startsWith(config.data)).toBe(true);
  expect(secrets).toEqual({ kek: null, databaseUrl: null, smtpPassword: null });
  expect(parseEnv({ LOCKSTEP_LISTEN: "", LOCKSTEP_TLS: "" }).config).toEqual(config);
});

test("all mistakes are told at once, each with its name, those between settings too", () => {
  const told = mistakes({ LOCKSTEP_LOG: "loud", LOCKSTEP_TIMESCALE: "0", LOCKSTEP_WORKERS: "many", LOCKSTEP_LISTEN: "0.0.0.0:80", LOCKSTEP_SSH_LISTEN: "2222", LOCKSTEP_TLS_CERT: "cert.pem", LOCKSTEP_LISSTEN: "x", LOCKSTEP_NODE: "A B" });
  expect(told.map((m) => m.split(/[ :]/)[0]).sort()).toEqual(["LOCKSTEP_LISSTEN", "LOCKSTEP_LOG", "LOCKSTEP_NODE", "LOCKSTEP_SSH_LISTEN", "LOCKSTEP_TIMESCALE", "LOCKSTEP_TLS_CERT", "LOCKSTEP_WORKERS"]);
  expect(told).toContain("LOCKSTEP_TLS_CERT and LOCKSTEP_TLS_KEY belong together: set both or neither");
  expect(told.find((m) => m.startsWith("LOCKSTEP_SSH_LISTEN"))).toBe("LOCKSTEP_SSH_LISTEN: write it as address:port, for example 127.0.0.1:8282");
  expect(mistakes({ LOCKSTEP_LISTEN: "0.0.0.0:80", LOCKSTEP_LOG: "loud" }).map((m) => m.split(":")[0])).toEqual(["LOCKSTEP_LOG", "LOCKSTEP_LISTEN"]);
});

test("an unknown LOCKSTEP_ name is a mistake, with a guess where one is near; other names are not ours", () => {
  expect(mistakes({ LOCKSTEP_LISSTEN: "127.0.0.1:1" })).toEqual(["LOCKSTEP_LISSTEN is not a setting of Lockstep (did you mean LOCKSTEP_LISTEN?)"]);
  expect(mistakes({ LOCKSTEP_KEKFILE: "x" })).toEqual(["LOCKSTEP_KEKFILE is not a setting of Lockstep (did you mean LOCKSTEP_KEK_FILE?)"]);
  expect(mistakes({ LOCKSTEP_SOMETHING_ELSE: "1" })).toEqual(["LOCKSTEP_SOMETHING_ELSE is not a setting of Lockstep"]);
  expect(mistakes({ LOCKSMITH: "1", DATABASE_URI: "x" })).toEqual([]);
});

test("plain HTTP does not leave the machine", () => {
  const NO = /is not a loopback address, and plain HTTP leaves the machine/;
  for (const host of ["0.0.0.0", "10.0.0.7", "[::]", "broker.example.org", "127.0.0.1.example.org", "1270.0.0.1"]) expect(mistakes({ LOCKSTEP_LISTEN: `${host}:8282` }), host).toEqual([expect.stringMatching(NO)]);
  for (const host of ["127.0.0.1", "127.9.9.9", "[::1]", "localhost"]) expect(mistakes({ LOCKSTEP_LISTEN: `${host}:8282` }), host).toEqual([]);
  const open = { LOCKSTEP_LISTEN: "0.0.0.0:8282" };
  expect(parseEnv({ ...open, LOCKSTEP_TLS: "yes" }).config.tls).toBe("own");
  expect(parseEnv({ ...open, LOCKSTEP_TLS_CERT: "c", LOCKSTEP_TLS_KEY: "k" }).config.tls).toEqual({ cert: "c", key: "k" });
  expect(parseEnv({ ...open, LOCKSTEP_TRUSTED_PROXIES: "10.0.0.1, 10.0.0.2" }).config.trustedProxies).toEqual(["10.0.0.1", "10.0.0.2"]);
  expect(mistakes({ ...open, LOCKSTEP_TLS: "no" })).toEqual([expect.stringMatching(NO)]);
});

test("an address is an address and a port is a port", () => {
  expect(parseEnv({ LOCKSTEP_LISTEN: "[::1]:0" }).config.listen).toEqual({ host: "::1", port: 0 });
  for (const bad of ["127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:x", "a b:80", "127.0.0.1:65536", "127.0.0.1:99999", "127.0.0.1:80/x"]) expect(mistakes({ LOCKSTEP_LISTEN: bad }), bad).toEqual([expect.stringMatching(/^LOCKSTEP_LISTEN: /)]);
});

test("config holds no secret however it is printed, nor does a mistake", () => {
  const env = { LOCKSTEP_KEK: "canary-kek-value", DATABASE_URL: "postgres://u:canary-db-value@127.0.0.1/x", LOCKSTEP_TOKEN: "canary-token-value" }, { config, secrets } = parseEnv(env);
  for (const text of [JSON.stringify({ config, secrets }), inspect({ config, secrets }, { depth: 9, showHidden: true }), String(secrets.kek), `${JSON.stringify(secrets)}`]) expect(text).not.toMatch(/canary/);
  expect(config.engine).toBe("postgresql");
  expect([reveal(secrets.kek!), reveal(secrets.databaseUrl!)]).toEqual([env.LOCKSTEP_KEK, env.DATABASE_URL]);
  expect(mistakes({ ...env, LOCKSTEP_LOG: "loud", LOCKSTEP_KEKK: "canary-typo-value" }).join()).not.toMatch(/canary/);
});

test("a list of what an authority took back belongs to an authority", () => {
  expect(mistakes({ LOCKSTEP_SSH_REVOKED: "revoked" })).toEqual([expect.stringMatching(/^LOCKSTEP_SSH_REVOKED takes back certificates, and LOCKSTEP_SSH_CA names no authority/)]);
  expect(mistakes({ LOCKSTEP_SSH_REVOKED: "revoked", LOCKSTEP_SSH_CA: "ca.pub" })).toEqual([]);
});

test("mail: what is missing or unsafe is told by name", () => {
  const server = { LOCKSTEP_SMTP_SERVER: "mail.example.org:587", LOCKSTEP_SMTP_FROM: "lockstep@example.org" };
  expect(parseEnv({}).config.mail).toBeNull();
  expect(parseEnv(server).config.mail).toEqual({ host: "mail.example.org", port: 587, tls: "starttls", caFile: null, from: "lockstep@example.org", user: null });
  expect(parseEnv({ ...server, LOCKSTEP_SMTP_SERVER: "mail.example.org:465" }).config.mail?.tls).toBe("tls");
  const { config, secrets } = parseEnv({ ...server, LOCKSTEP_SMTP_USER: "lock", LOCKSTEP_SMTP_PASSWORD: "canary-mail-value" });
  expect(inspect({ config, secrets }, { depth: 9, showHidden: true })).not.toMatch(/canary/);
  expect(reveal(secrets.smtpPassword!)).toBe("canary-mail-value");
  expect(mistakes({ LOCKSTEP_SMTP_FROM: "a@b.example", LOCKSTEP_SMTP_PASSWORD: "x" })).toEqual(["LOCKSTEP_SMTP_SERVER is missing, and LOCKSTEP_SMTP_FROM, LOCKSTEP_SMTP_PASSWORD mean nothing without it"]);
  expect(mistakes({ LOCKSTEP_SMTP_SERVER: "mail.example.org" })).toEqual(["LOCKSTEP_SMTP_SERVER: write it as host:port, for example mail.example.org:587"]);
  expect(mistakes({ LOCKSTEP_SMTP_SERVER: "mail.example.org:25", LOCKSTEP_SMTP_TLS: "none", LOCKSTEP_SMTP_USER: "lock" })).toEqual([
    "LOCKSTEP_SMTP_FROM is missing: the address our mail comes from, for example lockstep@example.org",
    "LOCKSTEP_SMTP_USER and LOCKSTEP_SMTP_PASSWORD (or LOCKSTEP_SMTP_PASSWORD_FILE) belong together: set both or neither",
    "LOCKSTEP_SMTP_TLS: mail.example.org is not this machine, and mail without TLS can be read and changed on the way. Use starttls or tls",
  ]);
});

test("a secret may stand in a file of one line; a file that holds none, or stands beside the other form, is told by name and not shown", () => {
  const dir = mkdtempSync(join(tmpdir(), "lockstep-env-")), file = (name: string, text: string): string => { writeFileSync(join(dir, name), text, { mode: 0o600 }); return join(dir, name); };
  const url = "postgres://u:canary-db-value@127.0.0.1/x", good = file("good", `${url}\n`);
  const { config, secrets } = parseEnv({ DATABASE_URL_FILE: good });
  expect([config.engine, reveal(secrets.databaseUrl!)]).toEqual(["postgresql", url]);
  const mail = { LOCKSTEP_SMTP_SERVER: "mail.example.org:587", LOCKSTEP_SMTP_FROM: "lockstep@example.org", LOCKSTEP_SMTP_USER: "lock" };
  expect(reveal(parseEnv({ ...mail, LOCKSTEP_SMTP_PASSWORD_FILE: file("mail", " a b ") }).secrets.smtpPassword!)).toBe(" a b ");
  for (const [env, why] of [
    [{ DATABASE_URL_FILE: good, DATABASE_URL: url }, "DATABASE_URL and DATABASE_URL_FILE are both set: which one counts? Keep one"],
    [{ DATABASE_URL_FILE: join(dir, "none") }, `DATABASE_URL_FILE: ${join(dir, "none")} cannot be read (ENOENT)`],
    [{ DATABASE_URL_FILE: file("empty", "\n") }, `DATABASE_URL_FILE: ${join(dir, "empty")} is empty`],
    [{ DATABASE_URL_FILE: file("two", "canary\ncanary\n") }, `DATABASE_URL_FILE: ${join(dir, "two")} holds more than one line`],
    [{ DATABASE_URL_FILE: file("big", "canary".repeat(1_000)) }, `DATABASE_URL_FILE: ${join(dir, "big")} is no secret of one line`],
  ] as const) {
    expect(mistakes(env)).toEqual([why]);
  }
  rmSync(dir, { recursive: true });
});

test("guacd is on this machine's own loopback address, with the home it is told things in; without it there are no desktops", () => {
  expect(parseEnv({}).config.guacd).toBeNull();
  expect(parseEnv({ LOCKSTEP_GUACD: "127.0.0.1:4822", LOCKSTEP_GUACD_HOME: "/var/lib/guacd" }).config.guacd).toEqual({ host: "127.0.0.1", port: 4_822, home: "/var/lib/guacd" });
  for (const half of [{ LOCKSTEP_GUACD: "127.0.0.1:4822" }, { LOCKSTEP_GUACD_HOME: "/var/lib/guacd" }]) expect(mistakes(half)).toEqual(["LOCKSTEP_GUACD and LOCKSTEP_GUACD_HOME belong together: set both or neither"]);
  expect(mistakes({ LOCKSTEP_GUACD: "10.0.0.7:4822", LOCKSTEP_GUACD_HOME: "/x" })).toEqual([expect.stringMatching(/^LOCKSTEP_GUACD: 10\.0\.0\.7 is not a loopback address/)]);
});
