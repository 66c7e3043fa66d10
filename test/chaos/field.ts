/** The ground of a trial: one account of a real host, managed by a broker with a data directory of its own. Rule: raised once, fought over many times. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { addAccount, adopt } from "../../src/flow/accounts.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { testCore } from "../broker.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { postgresCluster, type PostgresCluster } from "../lab/postgres.ts";
import { layOut } from "../store/migrated.ts";
import { chaosTimes, type Rows } from "./plan.ts";
import { rowsOfEmbedded, rowsOfPostgres, settledState } from "./rows.ts";

export type Engine = "pglite" | "postgresql";
export type Field = {
  readonly name: string; readonly engine: Engine; readonly dir: string; readonly databaseUrl: string | null; readonly host: LinuxHost; readonly user: string; readonly account: string;
  /** Of a broker that is dead (embedded) or in any state (PostgreSQL). */
  rows(): Promise<Rows>;
};
export type Ground = AsyncDisposable & { readonly host: LinuxHost; readonly cluster: PostgresCluster | null; readonly fields: readonly Field[]; destroy(): Promise<void> };

const ADMIN = "Chaos-Adm1n!x9Qz", FIRST = "Chaos-F1rst!x9Qz";
/** Every third account is an administrator that changes itself by its own login: nothing can be compared there, so logins are spent. */
export const isSelf = (i: number): boolean => i % 3 === 2;
const userOf = (i: number): string => `${isSelf(i) ? "adm" : "app"}${i}`;

const ground = (numbers: readonly number[], setup: string): Promise<LinuxHost> => {
  const users = numbers.map(userOf), selves = numbers.filter(isSelf).map(userOf);
  return linuxHost({
    name: "chaos-1", sudoAdmin: { name: "admin1", password: ADMIN }, accounts: Object.fromEntries(users.map((u) => [u, FIRST])),
    setup: selves.map((u) => `printf '%s ALL=(root) PASSWD: /usr/sbin/chpasswd, /usr/bin/getent shadow *\\n' ${u} > /etc/sudoers.d/${u}; chmod 440 /etc/sudoers.d/${u}`).join("\n") + `\n${setup}`,
  });
};

/** A migrated, empty database: copied before any broker has lived in it. */
const blank = async (base: string): Promise<string> => {
  const dir = path.join(base, "blank");
  await layOut(dir);
  return dir;
};

/** In this process, with nothing armed: target, administrator and account, adopted and in sync. */
const settleIn = async (dir: string, databaseUrl: string | null, host: LinuxHost, port: number, user: string, self: boolean): Promise<string> => {
  const core = await testCore({ dir, ...(databaseUrl ? { databaseUrl } : {}), over: { times: chaosTimes({}, 4) } }), jobs = startJobs(core.deps);
  try {
    const operator = await core.person("operator", ["admin", "user"]);
    const target = await addTarget(core.deps, operator, { name: "chaos-1", platform: "linux-ssh", host: host.host, port, settings: { hostKeys: [host.hostKey], sudo: true } });
    const admin = await addAccount(core.deps, operator, { target: target.id, name: self ? user : "admin1", password: Secret.of(self ? FIRST : ADMIN) });
    await changeTarget(core.deps, operator, target.id, { administrative: admin.id });
    const account = self ? admin : await addAccount(core.deps, operator, { target: target.id, name: user });
    await adopt(core.deps, operator, account.id);
    let state = "";
    for (const end = Date.now() + 120_000; state !== "settled"; await new Promise((r) => setTimeout(r, 40))) {
      state = await settledState(core.deps.db, account.id);
      if (Date.now() > end) throw new Error(`${user} could not be made managed: ${state}`);
    }
    return account.id;
  } finally { await jobs.close(); await core.close(); }
};

export type GroundOptions = {
  readonly engine: Engine; readonly fields: number; readonly crashable?: boolean;
  /** The number of the first account: every third is one that changes itself. */
  readonly from?: number;
  /** Shell lines for the host. */
  readonly setup?: string;
  readonly prepare?: (dir: string) => Promise<void>;
  /** Through a proxy instead of straight to the host, or to the database. The judge always reads straight. */
  readonly port?: (host: LinuxHost) => Promise<number>; readonly databaseUrl?: (url: string) => Promise<string>;
};
/** Each field: its own broker, database and account; the host is shared. */
export const raiseGround = async (o: GroundOptions): Promise<Ground> => {
  const numbers = Array.from({ length: o.fields }, (_, i) => (o.from ?? 0) + i);
  const base = mkdtempSync(path.join(tmpdir(), "lockstep-chaos-"));
  const [host, cluster] = await Promise.all([ground(numbers, o.setup ?? ""), o.engine === "postgresql" ? postgresCluster(o.crashable ? { fsync: true, settings: { synchronous_commit: "on" } } : {}) : null]);
  const destroy = async (): Promise<void> => { await Promise.all([host.destroy(), cluster?.destroy()]); rmSync(base, { recursive: true, force: true }); };
  try {
    const template = o.engine === "pglite" ? await blank(base) : null, port = o.port ? await o.port(host) : host.port, fields: Field[] = [];
    const one = async (i: number): Promise<void> => {
      const dir = path.join(base, `field-${i}`), direct = cluster ? await cluster.database(`field_${i}`) : null, databaseUrl = direct && o.databaseUrl ? await o.databaseUrl(direct) : direct, user = userOf(i);
      mkdirSync(dir, { mode: 0o700 });
      await o.prepare?.(dir);
      if (template) cpSync(template, path.join(dir, "db"), { recursive: true });
      const account = await settleIn(dir, databaseUrl, host, port, user, isSelf(i));
      const rows = () => direct ? rowsOfPostgres(direct, account) : rowsOfEmbedded(path.join(dir, "db"), account, base);
      fields.push({ name: `${o.engine}/${user}`, engine: o.engine, dir, databaseUrl, host, user, account, rows });
    };
    const waiting = [...numbers];
    await Promise.all([0, 1].map(async () => { for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) await one(i); }));
    return { host, cluster, fields, destroy, [Symbol.asyncDispose]: destroy };
  } catch (e) { await destroy(); throw e; }
};
