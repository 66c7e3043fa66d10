/** What an operator does on the server itself: serve, the first admin, restore, take-over, doctor. Rule: everything but `serve` needs the broker stopped, and the directory's lock says so. */
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import path from "node:path";
import type { Config, Secrets } from "./config/env.ts";
import { failStop } from "./config/last-line.ts";
import { makeLog } from "./config/log.ts";
import { identityDeps, startBroker, type Broker } from "./app.ts";
import { openCore, placesOf, type Core, type Overrides } from "./core.ts";
import { backup, restore, type BackupResult, type RestoreResult } from "./flow/backup.ts";
import { broker, record } from "./flow/record.ts";
import { takeOver } from "./flow/startup.ts";
import { hashPassword } from "./identity/secrets.ts";
import { requireGoodPassword } from "./identity/passwords.ts";
import { Fault } from "./kernel/fault.ts";
import { newId } from "./kernel/ids.ts";
import type { Secret } from "./kernel/secret.ts";
import { times } from "./kernel/times.ts";
import { PersonName } from "./domain/person.ts";
import { walkJournal } from "./vault/journal-lines.ts";
import * as people from "./store/people.ts";
import * as targets from "./store/targets.ts";
import { greetGuacd, homeTroubles } from "./wires/guacd.ts";
import { DRIVERS, lacking, type Driver } from "./wires/drivers.ts";
import { nativeCiphers } from "./wires/ssh.ts";

const withCore = async <T>(config: Config, secrets: Secrets, work: (core: Core) => Promise<T>): Promise<T> => {
  const core = await openCore(config, secrets, { log: makeLog(config.log) });
  try { return await work(core); } finally { await core.close(); }
};

/** Runs until SIGINT or SIGTERM; resolves when everything is closed. */
export const serveForever = async (config: Config, secrets: Secrets, said: (line: string) => void, over: Overrides = {}): Promise<void> => {
  // Scaled waits are for tests: a build that people run keeps the design's.
  if (config.timescale !== 1 && import.meta.url.endsWith(".js")) throw new Fault("invalid", "LOCKSTEP_TIMESCALE is for tests; a built broker runs with 1. Unset it.");
  const forget = failStop(), running = await startBroker(config, secrets, { log: makeLog(config.log), ...over });
  for (const line of banner(config, running, (await people.all(running.core.deps.db)).length)) said(line);
  await new Promise<void>((resolve) => { process.once("SIGINT", resolve); process.once("SIGTERM", resolve); });
  said("Stopping: sessions are ended and their recordings finished.");
  await running.close();
  forget();
};

const banner = (config: Config, b: Broker, persons: number): string[] => [
  `Lockstep is up: portal ${b.origin}, SSH ${config.ssh.host}:${b.sshPort}`,
  `  database   ${config.engine === "pglite" ? `embedded, in ${config.data} (good for a trial and small single nodes; set DATABASE_URL for PostgreSQL)` : "PostgreSQL"}`,
  `  ciphers    ${nativeCiphers() ? "native" : "JavaScript only: sessions will be slower (needs python3, make and g++, then: npm rebuild)"}`,
  ...(b.core.deps.passive.why ? [`  PASSIVE    ${b.core.deps.passive.why}`] : []),
  ...(persons === 0 ? ["  nobody     No people yet. Stop this broker and run: lockstep init NAME"] : []),
];

/** The first administrator. Refused once there is anybody. */
export const initFirstAdmin = (config: Config, secrets: Secrets, name: string, fullName: string, password: Secret): Promise<void> => withCore(config, secrets, async ({ deps }) => {
  const good = PersonName.safeParse(name);
  if (!good.success) throw new Fault("invalid", `The login name: ${good.error.issues[0]!.message}.`);
  requireGoodPassword(password, name);
  const hash = await hashPassword(password, identityDeps(deps).cost);
  await deps.db.transaction(async (tx) => {
    if ((await people.all(tx)).length > 0) throw new Fault("conflict", "There are people already; an admin adds more in the portal or with: lockstep people add");
    const id = newId("person", deps.random);
    await people.add(tx, { id, name, fullName, mail: null, subject: null, employeeNo: null, roles: ["user", "admin"], disabled: false }, hash);
    await record(deps, tx, { what: "person.added", who: broker("init"), about: { person: id }, outcome: "ok", facts: { name, roles: "user,admin" }, why: "first administrator; single administrator: changes are not four-eyed" });
  });
});

export const backupHere = (config: Config, secrets: Secrets, file: string): Promise<BackupResult> => withCore(config, secrets, ({ deps }) => backup(deps, file));
export const restoreHere = (config: Config, secrets: Secrets, file: string): Promise<RestoreResult> => withCore(config, secrets, ({ deps }) => restore(deps, file));
/** The new epoch. */
export const takeOverHere = (config: Config, secrets: Secrets): Promise<number> => withCore(config, secrets, ({ deps, places }) => takeOver(deps, places.token));

export type Check = { readonly what: string; readonly ok: boolean; readonly said: string };
/** Looks at everything a start needs; starts nothing. `running`: a broker holds the directory, so its database is the broker's to speak of. */
/** Whose targets need it. */
const SPEAKS: Readonly<Record<Driver, string>> = { tedious: "mssql", oracledb: "oracle" };
/** No fault by itself: whoever has no such target needs none. `used`: the platforms there are targets of; null: not known from here. */
const driverSays = (d: Driver, used: readonly string[] | null): string => {
  const lacks = lacking(d);
  if (lacks === undefined) return DRIVERS[d];
  if (used?.includes(SPEAKS[d])) throw new Error(`there are targets of the platform ${SPEAKS[d]}, and ${lacks}`);
  return `${lacks}; only targets of the platform ${SPEAKS[d]} need it`;
};
export const doctor = async (config: Config, secrets: Secrets, running = false): Promise<Check[]> => {
  const places = placesOf(config), checks: Check[] = [];
  const check = async (what: string, look: () => Promise<string> | string) => {
    try { checks.push({ what, ok: true, said: await look() }); } catch (e) { checks.push({ what, ok: false, said: e instanceof Error ? e.message : String(e) }); }
  };
  await check("Node", () => `${process.version}`);
  await check("SSH ciphers", () => { if (!nativeCiphers()) throw new Error("JavaScript only: sessions are slower. Install python3, make and g++, then run: npm rebuild"); return "native, AES-GCM and ChaCha20 tested"; });
  await check("Data directory", () => {
    if (!existsSync(config.data)) return `${config.data} will be made at the first start`;
    const fs = statfsSync(config.data), free = fs.bavail / fs.blocks;
    if (free < 0.1) throw new Error(`only ${Math.round(free * 100)} % free: new sessions are refused under 10 %`);
    return `${config.data}, ${Math.round(free * 100)} % free`;
  });
  await check("Root key", () => {
    if (secrets.kek) return "from LOCKSTEP_KEK";
    if (!existsSync(config.kekFile)) return `${config.kekFile} will be made at the first start`;
    if ((statSync(config.kekFile).mode & 0o077) !== 0) throw new Error(`${config.kekFile} may be read by others. Run: chmod 400 ${config.kekFile}`);
    return config.kekFile;
  });
  if (config.tls !== "off") await check("Certificate", () => {
    const file = config.tls === "own" ? path.join(places.keys, "portal.crt") : (config.tls as { cert: string }).cert;
    if (!existsSync(file)) return `${file} will be made at the first start`;
    const c = new X509Certificate(readFileSync(file));
    return `SHA-256 ${c.fingerprint256}, valid until ${c.validTo}`;
  });
  const { guacd } = config;
  if (guacd !== null) await check("guacd", async () => {
    const speaks = await greetGuacd(guacd, AbortSignal.timeout(times(config.timescale).handshake)), troubles = homeTroubles(guacd.home);
    if (troubles.length > 0) throw new Error(troubles.join("; "));
    return `${guacd.host}:${guacd.port}, protocol ${speaks}`;
  });
  await check("Journal", () => { const { n, torn } = walkJournal(places.journal, () => {}); return `${n} lines, the chain holds${torn > 0 ? `; ${torn} bytes of an unfinished line will be cut` : ""}`; });
  if (!running) await check("Database", () => withCore(config, secrets, ({ deps }) => Promise.resolve(`${deps.db.engine === "pglite" ? "embedded (no fsync of its own: the journal keeps what matters)" : "PostgreSQL"}, migrated${deps.passive.why ? `; PASSIVE: ${deps.passive.why}` : ""}`)));
  const used = running ? null : await withCore(config, secrets, async ({ deps }) => (await targets.all(deps.db)).map((t) => t.platform)).catch(() => null);
  for (const d of ["tedious", "oracledb"] as const) await check(`Driver ${d}`, () => driverSays(d, used));
  return checks;
};
