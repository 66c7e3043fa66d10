/**
 * A private MariaDB for tests, which writes down everything it can. Rule: its own directory, port and password; it never touches a server of the
 * machine.
 */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Certificate } from "./certificate.ts";
import { certify, daemon, own, setpriv, userOf, type Daemon } from "./daemon.ts";
import { MARIADB_PACKAGES, needs } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";
import { BARE_ENV, must, run } from "./run.ts";
import { scratch } from "./scratch.ts";

export type MariaDb = Daemon & {
  readonly port: number;
  readonly certificate: Certificate;
  /** As root over the server's own socket, one line a row, columns apart by tabs. Nothing of it stands in the logs where `quiet`. */
  sql(text: string, quiet?: boolean): Promise<string[][]>;
  /** By the server's own client, over TLS. */
  opens(user: string, password: string): Promise<boolean>;
  /** General log, slow log, error log and binary log. */
  logs(): string;
  /** Another certificate by the same authority, from the next connection on. */
  changeCertificate(): Promise<Certificate>;
};

const LOUD = (dir: string): string[] => [
  "--general-log=1",
  `--general-log-file=${dir}/data/general.log`,
  "--slow-query-log=1",
  `--slow-query-log-file=${dir}/data/slow.log`,
  "--long-query-time=0",
  `--log-bin=${dir}/data/binary`,
  "--log-warnings=9",
  "--performance-schema=1",
];
const command = (dir: string, port: number, extra: readonly string[], tls: boolean): string[] => [
  "mariadbd",
  "--no-defaults",
  `--datadir=${dir}/data`,
  `--tmpdir=${dir}/tmp`,
  `--socket=${dir}/sock`,
  `--pid-file=${dir}/data/pid`,
  `--port=${String(port)}`,
  "--bind-address=127.0.0.1",
  "--innodb-buffer-pool-size=16M",
  "--innodb-flush-log-at-trx-commit=0",
  "--skip-name-resolve",
  ...LOUD(dir),
  ...(tls ? [`--ssl-cert=${dir}/server.crt`, `--ssl-key=${dir}/server.key`, `--ssl-ca=${dir}/ca.crt`] : ["--skip-ssl"]),
  ...extra,
];

/** Running when it returns. `plugins`: more of mariadbd's options. */
export const mariadb = async (extra: readonly string[] = [], tls = true): Promise<MariaDb> => {
  await needs({ linux: true, debian: MARIADB_PACKAGES }, "A lab MariaDB");
  const dir = await scratch("mariadb", false),
    user = await userOf("mysql"),
    port = await freePort(),
    password = randomBytes(18).toString("base64url");
  await own(dir, user);
  // A server that starts removes every temporary table it finds in its tmpdir, those of a neighbour among them.
  for (const part of ["data", "tmp"]) {
    await mkdir(join(dir, part), { mode: 0o700 });
    await own(join(dir, part), user);
  }
  await must("setpriv", [
    ...setpriv(user),
    "mariadb-install-db",
    "--no-defaults",
    `--datadir=${dir}/data`,
    `--tmpdir=${dir}/tmp`,
    "--skip-test-db",
    "--auth-root-authentication-method=normal",
    "--skip-name-resolve",
  ]);
  let shown = await certify(dir, user, true);
  const d = daemon({
    called: "A lab MariaDB",
    dir,
    user,
    command: () => command(dir, port, extra, tls),
    ready: (log) => /ready for connections/.test(log),
  });
  const client = join(dir, "client.cnf");
  await writeFile(client, "[client]\n", { mode: 0o600 });
  const sql = async (text: string, quiet = false): Promise<string[][]> => {
    const off = quiet ? "set session sql_log_off=1; set session slow_query_log=0; set session sql_log_bin=0;" : "";
    const out = await must(
      "mariadb",
      [`--defaults-file=${client}`, `--socket=${dir}/sock`, "-uroot", "--batch", "--skip-column-names", "--raw", "--default-character-set=utf8mb4"],
      { stdin: `${off}\n${text}` },
    );
    return out
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\t"));
  };
  const opens = async (name: string, secret: string): Promise<boolean> => {
    // Not by argv or a shell's environment: a private options file, read and forgotten.
    const file = join(dir, `login-${randomBytes(6).toString("hex")}.cnf`),
      quoted = secret.replace(/["\\]/g, "\\$&");
    await writeFile(file, `[client]\nuser="${name.replace(/["\\]/g, "\\$&")}"\npassword="${quoted}"\n`, { mode: 0o600 });
    const tlsArgs = tls ? [`--ssl-ca=${dir}/ca.crt`] : ["--skip-ssl"];
    const r = await run(
      "mariadb",
      [`--defaults-file=${file}`, "-h127.0.0.1", `-P${String(port)}`, "--protocol=tcp", ...tlsArgs, "--default-character-set=utf8mb4", "-e", "do 1"],
      { env: BARE_ENV },
    );
    await must("rm", ["-f", file]);
    return r.code === 0;
  };
  const start = async (): Promise<void> => {
    await d.start();
    await waitForPort(port, undefined, 5_000);
  };
  const logs = (): string =>
    d.log() +
    readdirSync(join(dir, "data"))
      .filter((f) => /^(general\.log|slow\.log|binary\.\d+|.*\.err)$/.test(f))
      .map((f) => readFileSync(join(dir, "data", f), "latin1"))
      .join("\n");
  const changeCertificate = async (): Promise<Certificate> => {
    shown = await certify(dir, user, false);
    await sql("flush ssl");
    return shown;
  };
  try {
    await start();
    // The grants of the installation are for nobody: root comes in by the socket alone.
    await sql(
      `delete from mysql.global_priv where User in ('root', '') and Host <> 'localhost'; flush privileges;
      set password for root@localhost = password('${password}')`,
      true,
    );
    await writeFile(client, `[client]\npassword="${password}"\n`, { mode: 0o600 });
  } catch (error) {
    await d.destroy();
    throw error;
  }
  return {
    ...d,
    port,
    sql,
    opens,
    logs,
    start,
    changeCertificate,
    get certificate() {
      return shown;
    },
  };
};
