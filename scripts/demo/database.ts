/** The demo's PostgreSQL server as a target. Rule: raised, adopted and ended with the rest; the walk of `--once` does without it. */
import { randomBytes } from "node:crypto";
import pg from "pg";
import { addAccount, adopt } from "../../src/flow/accounts.ts";
import type { Deps } from "../../src/flow/deps.ts";
import type { Caller } from "../../src/flow/record.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { postgresCluster, type PostgresCluster } from "../../test/lab/postgres.ts";

const NAME = "orders-db", ADMIN = "rotator";
export type Database = { readonly cluster: PostgresCluster; readonly admin: string };

/** `report` has no password yet: the administrator sets its first one. */
export const raiseDatabase = async (): Promise<Database> => {
  const cluster = await postgresCluster({ tls: true }), admin = randomBytes(12).toString("base64url"), client = new pg.Client({ connectionString: cluster.url });
  await client.connect();
  try {
    await client.query(`create role ${ADMIN} login createrole password ${pg.escapeLiteral(admin)}; create role report login`);
    await client.query(`grant pg_signal_backend to ${ADMIN}; grant select (rolname, rolpassword) on pg_authid to ${ADMIN}`);
  } finally { await client.end(); }
  return { cluster, admin };
};

export const addDatabase = async (deps: Deps, operator: Caller, { cluster, admin }: Database): Promise<AccountId[]> => {
  const settings = { certificates: [cluster.certificate!.fingerprint] };
  const target = await addTarget(deps, operator, { name: NAME, platform: "postgres", host: "127.0.0.1", port: cluster.port, settings, tags: ["database"] });
  const rotator = await addAccount(deps, operator, { target: target.id, name: ADMIN, password: Secret.of(admin) });
  await changeTarget(deps, operator, target.id, { administrative: rotator.id });
  await adopt(deps, operator, rotator.id);
  return [rotator.id, (await addAccount(deps, operator, { target: target.id, name: "report", adopt: true })).id];
};

/** As the demo's own page of access tells of hosts and accounts. */
export const tellDatabase = ({ cluster }: Database, policy: string) => ({
  targets: [{ name: NAME, host: "127.0.0.1", port: cluster.port, hostKey: cluster.certificate!.fingerprint, rotatedBy: `${ADMIN}, with CREATEROLE` }],
  accounts: [{ name: ADMIN, target: NAME, policy: null }, { name: "report", target: NAME, policy }],
});
