/** An application on a host that logs in to a database by its configuration file, and a broker in front of both. Rule: the file, the service's own log and psql are asked, never the broker. */
import { expect } from "vitest";
import { DependentInput, type What } from "../../src/domain/dependent.ts";
import { acceptDependent, addDependent, removeDependent } from "../../src/flow/dependents.ts";
import type { RotationId } from "../../src/kernel/ids.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as store from "../../src/store/dependents.ts";
import { opens, role } from "../connectors/postgres-world.ts";
import { postgresCluster, type PostgresCluster } from "../lab/postgres.ts";
import { serviceSetup } from "../lab/service.ts";
import { until, world, type World } from "./world.ts";

const FILE = "/etc/app/pgpass", AT = "app@db-1";
export const service = (action: "restart" | "stop" | "start", unit = "app"): What => ({ does: "service", unit, action });

/** `app@db-1` is a role of a PostgreSQL server; the service `app` on web-1 is let in by what FILE says. */
export class Site {
  readonly w: World;
  readonly cluster: PostgresCluster;
  constructor(w: World, cluster: PostgresCluster) { this.w = w; this.cluster = cluster; }
  line(password: string): string { return `127.0.0.1:${this.cluster.port}:postgres:app:${password.replace(/[\\:]/g, (c) => `\\${c}`)}\n`; }
  lay(text: string): Promise<void> { return this.w.host.write(FILE, text, 0o600); }
  async read(): Promise<string> { return (await this.w.host.exec(`cat ${FILE}`)).stdout; }
  async log(): Promise<string[]> { return (await this.w.host.exec("cat /var/log/app.log")).stdout.trim().split("\n"); }
  vault(): Promise<string> { return this.w.vault(AT); }
  rewriting(): What { return { does: "rewrite", path: FILE, line: `127.0.0.1:${this.cluster.port}:postgres:app:{{password}}`, form: "pgpass" }; }
  /** Written by one admin, accepted by the other. */
  async depend(what: What, o: { phase?: "before" | "after"; goOn?: boolean } = {}): Promise<void> {
    const { deps } = this.w.core, id = await addDependent(deps, this.w.caller("operator"), AT, DependentInput.parse({ target: "web-1", what, ...o }));
    await acceptDependent(deps, this.w.caller("second"), id);
  }
  async forget(): Promise<void> {
    const { deps } = this.w.core, { id } = (await accounts.named(deps.db, AT))!;
    for (const d of await store.of(deps.db, id)) await removeDependent(deps, this.w.caller("operator"), d.id);
  }
  /** Nothing of the test before is left; the service runs with the password in force. */
  async fresh(): Promise<void> {
    await this.forget();
    await this.lay(`# by hand\n${this.line(await this.vault())}`);
    await this.w.host.exec("service app stop; : > /var/log/app.log; service app start");
    expect(await this.log()).toEqual(["in"]);
  }
  async change(): Promise<RotationId> { return (await this.w.ok("operator", "POST", `/accounts/${AT}/rotate`, { reason: "to see what follows" }))["id"] as unknown as RotationId; }
  over(id: RotationId): Promise<string> { return until(`${id} is over`, async () => { const r = await this.w.ok("operator", "GET", `/rotations/${id}`); return r["done"] ? String(r["state"]) : null; }); }
  runs(id: RotationId): ReturnType<typeof store.runsOf> { return store.runsOf(this.w.core.deps.db, id); }
  async states(id: RotationId): Promise<string[]> { return (await this.runs(id)).map((r) => `${r.phase} ${r.state}`); }
  async came(id: RotationId, ...wanted: string[]): Promise<void> {
    await until(wanted.join(", "), async () => (await this.states(id)).join() === wanted.join(), 40_000)
      .catch(async (e: unknown) => { throw new Error(`${String(e)}; but ${(await this.runs(id)).map((r) => `${r.phase} ${r.state} ${r.why ?? ""}`).join(", ")}`); });
  }
  /** law I1, seen from psql: what the vault calls current opens the database. */
  async kept(): Promise<boolean> { return opens(this.cluster.port, "app", await this.vault()); }
  async close(): Promise<void> { await this.w.close(); await this.cluster.destroy(); }
}

export const site = async (): Promise<Site> => {
  const cluster = await postgresCluster({ tls: true }), boss = await role(cluster, "rotator", "superuser"), app = await role(cluster, "app");
  const check = `PGPASSFILE=${FILE} PGCONNECT_TIMEOUT=5 psql -w -h 127.0.0.1 -p ${cluster.port} -U app -d postgres -Atqc 'select 1'`;
  const w = await world({ accounts: 1, host: { setup: `mkdir -p /etc/app; ${serviceSetup({ name: "app", check })}` } });
  const at = { platform: "postgres", host: "127.0.0.1", port: cluster.port }, seen = await w.ok("operator", "POST", "/targets/read-identity", at);
  await w.ok("operator", "POST", "/targets", { name: "db-1", ...at, settings: seen["settings"] });
  const admin = await w.ok("operator", "POST", "/accounts", { target: "db-1", login: boss.name, password: boss.password });
  await w.ok("operator", "PATCH", "/targets/db-1", { administrative: admin["id"] });
  await w.ok("operator", "POST", "/accounts", { target: "db-1", login: "app", password: app.password, adopt: true });
  await w.settled(AT);
  return new Site(w, cluster);
};
