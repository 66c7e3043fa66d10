/**
 * A real MariaDB as the contract wants its targets. Rule: whether a password is in force is asked of MariaDB's own client, never of the driver
 * under test.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import fc from "fast-check";
import { mysql, type Connect, type MysqlConfig } from "../../src/connectors/mysql.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { connectMysql } from "../../src/wires/mysql.ts";
import { certificate } from "../lab/certificate.ts";
import type { MariaDb } from "../lab/mariadb.ts";
import { scratch } from "../lab/scratch.ts";
import type { Named, World } from "./contract.ts";

export const ident = (text: string): string => `\`${text.replaceAll("`", "``")}\``;
export const literal = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
export const at = (user: string, host = "%"): string => `${ident(user)}@${ident(host)}`;

let serial = 0;
/** A user with a password that the server hashed. */
export const account = async (db: MariaDb, name = `app${++serial}`, hosts: readonly string[] = ["%"], extra = ""): Promise<Named> => {
  const password = `Old-${++serial}-${systemRandom.bytes(6).toString("base64url")}`;
  await db.sql(hosts.map((h) => `create user ${at(name, h)} identified by ${literal(password)} ${extra};`).join("\n"), true);
  return { name, password };
};
/** Every account and what it opens with. */
export const everybody = async (db: MariaDb): Promise<string[]> =>
  (
    await db.sql(
      "select concat(User, ':', Host, ' ', json_compact(json_remove(Priv, '$.password_last_changed'))) from mysql.global_priv order by User, Host",
    )
  ).map((r) => r.join("\t"));

/** `boss` may do everything; `rotator` has exactly what docs/platforms/mysql.md says, but for listing. */
export const PRIVILEGES = [
  `grant all on *.* to ${at("boss")} with grant option`,
  `grant update on mysql.* to ${at("rotator")}`,
  `grant select on mysql.global_priv to ${at("rotator")}`,
  `grant connection admin on *.* to ${at("rotator")}`,
].join("; ");

export const pinned = (db: MariaDb): MysqlConfig => ({ tls: "pinned", certificates: [db.certificate.fingerprint], authority: "" });

/** The connector with a hook immediately before the statement that changes leaves. */
export const struck = (onSend: () => void) => {
  const connect: Connect = async (o) => {
    const s = await connectMysql(o);
    return {
      ...s,
      run: (statement) => {
        if (/^(set password|begin not atomic|alter user)(?!.*nobody\.invalid)/.test(statement)) onSend();
        return s.run(statement);
      },
    };
  };
  return mysql(systemRandom, connect);
};

const packet = (no: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([body.length & 255, body.length >> 8, 0, no]), body]);
/** MariaDB's greeting, with TLS on offer and the challenge `scramble`. */
export const greeting = (flags = 0xf7fe | 0x800, scramble = "abcdefghijklmnopqrst"): Buffer =>
  packet(
    0,
    Buffer.concat([
      Buffer.from([10]),
      Buffer.from("5.5.5-10.11.19-MariaDB\0"),
      Buffer.from([7, 0, 0, 0]),
      Buffer.from(scramble.slice(0, 8)),
      Buffer.from([0]),
      Buffer.from([flags & 255, (flags >> 8) & 255, 45, 2, 0, 0xff, 0x81, 21]),
      Buffer.alloc(10),
      Buffer.from(`${scramble.slice(8)}\0mysql_native_password\0`),
    ]),
  );
/** Speaks MySQL's TLS with a certificate of its own, and writes down whatever is said to it under it. */
export const impostor: World<MysqlConfig>["impostor"] = async () => {
  const shown: string[] = [],
    { crt, key } = await certificate(await scratch("impostor", false));
  const server = createServer((socket) => {
    socket
      .on("error", () => undefined)
      .once("data", (first: Buffer) => {
        // The request for TLS is 36 bytes; what came along with it is TLS already.
        socket.pause();
        if (first.length > 36) socket.unshift(first.subarray(36));
        const under = new tls.TLSSocket(socket, { isServer: true, cert: crt, key });
        under.on("error", () => undefined).on("data", (part: Buffer) => shown.push(part.toString("latin1")));
      });
    socket.write(greeting());
  });
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  return { address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port }, shown: () => shown, close: () => server.close() };
};

const look = (db: MariaDb): string => {
  try {
    const pid = db.pid();
    return `${readFileSync(`/proc/${String(pid)}/cmdline`, "utf8")}\n${readFileSync(`/proc/${String(pid)}/environ`, "utf8")}`.replaceAll("\0", "\n");
  } catch {
    return "";
  }
};
export const world = (db: () => MariaDb, as: () => Named): World<MysqlConfig> => ({
  make: (random) => mysql(random),
  as,
  impostor,
  struck,
  seenRunning: /mariadbd/,
  config: () => pinned(db()),
  address: () => ({ host: "127.0.0.1", port: db().port }),
  account: () => account(db()),
  fits: (name, password) => db().opens(name, password),
  everybody: () => everybody(db()),
  foreign: async (name) => {
    await db().sql(`alter user ${at(name)} identified via ed25519 using 'NyWJ2P5AsMDctHivF1aNF2ubS4Qs2nyG6Yqp8Z3C2Zg'`);
  },
  policy: async () => {
    await db().sql("install soname 'simple_password_check'");
    return {
      to: "short1",
      change: "administrative",
      words: /policy requirements.*Too short/,
      undo: async () => {
        await db().sql("uninstall soname 'simple_password_check'");
      },
    };
  },
  stop: () => db().stop(),
  start: () => db().start(),
  log: () => Promise.resolve(db().logs()),
  watch: () => {
    const seen = new Set<string>(),
      timer = setInterval(() => seen.add(look(db())), 3);
    return Promise.resolve(() => {
      clearInterval(timer);
      return Promise.resolve([...seen].join("\n"));
    });
  },
});

/** Texts that mean something to SQL, to the grant tables or to a client. */
export const HOSTILE_TEXTS = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 30 }),
  fc.constantFrom(
    "'; drop user boss; --",
    "\\",
    "\\'",
    "'",
    "`",
    '"',
    "%",
    "%s",
    "\0",
    "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
    "$A$005$",
    "password('x')",
    "😀",
    "ü".repeat(30),
  ),
);
export const HOSTILE_NAMES = (mine: string) =>
  fc.oneof(
    fc.constant(mine),
    HOSTILE_TEXTS,
    fc.constantFrom(
      "boss'@'%",
      "boss`@`%",
      "app'@'%' = password('x'); --",
      "current_user()",
      "public",
      `${mine} `,
      ` ${mine}`,
      mine.toUpperCase(),
      `${mine}@localhost`,
      `${mine}@`,
      "@%",
      "%",
      "nobody",
    ),
  );
