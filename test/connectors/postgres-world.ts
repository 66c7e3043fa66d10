/** A real PostgreSQL server as the contract wants its targets. Rule: whether a password is in force is asked of libpq's own psql, never of the client under test. */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import pg from "pg";
import type { PostgresConfig } from "../../src/connectors/postgres.ts";
import { postgres } from "../../src/connectors/postgres.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { certificate } from "../lab/certificate.ts";
import type { PostgresCluster } from "../lab/postgres.ts";
import { childrenOf } from "../lab/processes.ts";
import { BARE_ENV, run } from "../lab/run.ts";
import { scratch } from "../lab/scratch.ts";
import type { Named, World } from "./contract.ts";

/** Everything a server can write down is on: statements, durations, connections, and pg_stat_statements. */
export const LOUD = {
  shared_preload_libraries: "passwordcheck,pg_stat_statements", log_statement: "all", log_connections: "on", log_min_error_statement: "debug5",
  log_error_verbosity: "verbose", "pg_stat_statements.track": "all",
};

export type Sql = (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;
const QUIET = ["set log_statement = 'none'", "set log_min_error_statement = 'panic'", "set pg_stat_statements.track_utility = off"];
const onOne = async <T>(cluster: PostgresCluster, use: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: cluster.url });
  client.on("error", () => undefined);
  await client.connect();
  try { return await use(client); } finally { await client.end(); }
};
/** As the superuser, one connection a call: the server is stopped and started meanwhile. */
export const superuser = (cluster: PostgresCluster): Sql => (text, values = []) =>
  onOne(cluster, async (client) => (await client.query(text, values)).rows as Record<string, unknown>[]);
/** The set-up's own plaintext must not stand in what is searched for secrets. */
export const quietly = (cluster: PostgresCluster, text: string): Promise<void> => onOne(cluster, async (client) => {
  for (const statement of [...QUIET, text]) await client.query(statement);
});
export const ident = pg.escapeIdentifier, literal = pg.escapeLiteral;

/** A login by libpq over TLS. */
export const opens = async (port: number, name: string, password: string, database = "postgres"): Promise<boolean> =>
  (await run("psql", ["-Atqc", "select 1"], { env: { ...BARE_ENV, PGHOST: "127.0.0.1", PGPORT: String(port), PGUSER: name, PGPASSWORD: password, PGDATABASE: database, PGSSLMODE: "require" } })).code === 0;

let serial = 0;
/** From version 16 on CREATEROLE alone changes nobody: these two are given each role, as docs/platforms/postgres.md says. */
const given = (name: string): string => `do $given$ declare r text; begin if current_setting('server_version_num')::int >= 160000 then
  for r in select rolname from pg_roles where rolname in ('rotator', 'clerk') and rolname <> ${literal(name)} loop execute format('grant %I to %I with admin option', ${literal(name)}, r); end loop;
end if; end $given$`;
/** Another version's programs, to run these tests by hand against it. */
export const OTHER = process.env["LAB_POSTGRES_BIN"] ? { bin: process.env["LAB_POSTGRES_BIN"] } : {};
/** A login of its own with a password that the server made the verifier of. */
export const role = async (cluster: PostgresCluster, name = `app${++serial}`, extra = ""): Promise<Named> => {
  const password = `Old-${++serial}-${systemRandom.bytes(6).toString("base64url")}`;
  await quietly(cluster, `create role ${ident(name)} login ${extra} password ${literal(password)}`);
  if (!extra.includes("superuser")) await superuser(cluster)(given(name));
  return { name, password };
};

const children = (cluster: PostgresCluster): string => childrenOf(cluster.pid()).map((pid) => {
  try { return `${readFileSync(`/proc/${String(pid)}/cmdline`, "utf8")}\n${readFileSync(`/proc/${String(pid)}/environ`, "utf8")}`.replaceAll("\0", "\n"); } catch { return ""; }
}).join("\n");

/** Speaks PostgreSQL's TLS with a certificate of its own, and writes down whatever is said to it under it. */
export const impostor: World<PostgresConfig>["impostor"] = async () => {
  const shown: string[] = [], dir = await scratch("impostor", false), { crt, key } = await certificate(dir);
  const server = createServer((socket) => {
    socket.on("error", () => undefined).once("data", () => {
      socket.write("S");
      const under = new tls.TLSSocket(socket, { isServer: true, cert: crt, key });
      under.on("error", () => undefined).on("data", (part: Buffer) => shown.push(part.toString("latin1")));
    });
  });
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  return { address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port }, shown: () => shown, close: () => server.close() };
};

export const pinned = (cluster: PostgresCluster): PostgresConfig => ({ tls: "pinned", certificates: [cluster.certificate!.fingerprint], authority: "", database: "postgres" });

export const world = (cluster: () => PostgresCluster, as: () => Named): World<PostgresConfig> => {
  const sql: Sql = (text, values) => superuser(cluster())(text, values);
  return {
    make: postgres, as, impostor, seenRunning: /postgres: \S+ postgres 127\.0\.0\.1\(\d+\)/,
    config: () => pinned(cluster()), address: () => ({ host: "127.0.0.1", port: cluster().port }),
    account: () => role(cluster()), fits: (name, password) => opens(cluster().port, name, password),
    everybody: async () => (await sql("select rolname || ':' || coalesce(rolpassword, '') || rolsuper || rolcreaterole || rolcanlogin as line from pg_authid order by 1")).map((r) => String(r["line"])),
    foreign: async (name) => { await sql("update pg_authid set rolpassword = 'SCRAM-SHA-512$4096:c2FsdA==$AAAA:BBBB' where rolname = $1", [name]); },
    policy: (account) => Promise.resolve({ to: account.name, change: "administrative", words: /must not (equal|contain) user name/, undo: () => Promise.resolve() }),
    stop: () => cluster().stop(), start: () => cluster().start(),
    log: async () => cluster().log() + (await sql("select query from pg_stat_statements")).map((r) => String(r["query"])).join("\n"),
    watch: () => {
      const seen = new Set<string>(), timer = setInterval(() => seen.add(children(cluster())), 3);
      return Promise.resolve(() => { clearInterval(timer); return Promise.resolve([...seen].join("\n")); });
    },
  };
};
