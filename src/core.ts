/** Vault, database and journals opened and settled, by hand. Rule: what `serve`, `backup` and `restore` share; nothing here listens. */
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Config, Secrets } from "./config/env.ts";
import { mailCa } from "./config/mail.ts";
import { connectors } from "./connectors/index.ts";
import { loadCommandSets } from "./flow/command-sets.ts";
import { endDemonstrations } from "./flow/demonstrate-hands.ts";
import { dropHands } from "./flow/hands.ts";
import { KeyFiles } from "./flow/broker-key-files.ts";
import { fallBackAll } from "./flow/untried.ts";
import { noTunnel, type Bus, type Deps, type Log, type Tunnel } from "./flow/deps.ts";
import { checkFence, openKeys, replayEvents, settleVersions } from "./flow/startup.ts";
import { replayCuts } from "./flow/unrecorded.ts";
import { systemClock, systemRandom, type Clock, type Random } from "./kernel/clock.ts";
import { Fault } from "./kernel/fault.ts";
import { times, type Times } from "./kernel/times.ts";
import { throughOf } from "./domain/target.ts";
import { refusedAddress } from "./domain/webhook.ts";
import { poster } from "./notify/hook.ts";
import { mailer, type Mailer } from "./notify/send.ts";
import { directLink } from "./links/direct.ts";
import { linkTo, passFor } from "./links/via.ts";
import { openEmbedded, openPostgres, type Db } from "./store/db.ts";
import { lockDirectory } from "./store/lock.ts";
import * as broker from "./store/broker.ts";
import * as dependents from "./store/dependents.ts";
import * as discoveries from "./store/discoveries.ts";
import * as notices from "./store/notices.ts";
import * as rotations from "./store/rotations.ts";
import { envKek, urlOf } from "./vault/kek/env.ts";
import { fileKek } from "./vault/kek/file.ts";
import { Journal } from "./vault/journal.ts";
import { Keyring } from "./vault/keyring.ts";

export type Overrides = Partial<Pick<Deps, "clock" | "random" | "link" | "moment" | "connectors" | "times" | "mail" | "hooks" | "tunnel">> & { readonly log?: Log };
export type Core = {
  readonly deps: Deps; readonly places: Places; readonly setCut: (cut: Deps["cut"]) => void; readonly setTunnel: (tunnel: Tunnel) => void;
  /** What passes to agents are proven by; the tunnel process alone is told. */
  readonly passes: Buffer; close(): Promise<void>;
};

/** Where things lie under the data directory. */
export const placesOf = (config: Pick<Config, "data">) => ({
  db: path.join(config.data, "db"), journal: path.join(config.data, "journal", "secrets.journal"), events: path.join(config.data, "journal", "events.journal"), token: path.join(config.data, "journal", "holder"),
  recordings: path.join(config.data, "recordings"), keys: path.join(config.data, "keys"), hostKey: path.join(config.data, "keys", "ssh_host_ed25519_key"), socket: path.join(config.data, "broker.sock"),
  workers: path.join(config.data, "workers.sock"), agents: path.join(config.data, "agents.sock"), exchange: path.join(config.data, "tunnel.sock"), agentKey: path.join(config.data, "keys", "agent_ed25519_key"), data: config.data, localToken: path.join(config.data, "local.token"),
});
export type Places = ReturnType<typeof placesOf>;

/** The folder that holds package.json, `drizzle/`, `views/public` and node_modules: one up from src/, two up from dist/src/. */
export const rootOf = (): string => {
  const here = path.dirname(fileURLToPath(import.meta.url));
  return path.basename(path.dirname(here)) === "dist" ? path.resolve(here, "../..") : path.resolve(here, "..");
};

const makeBus = (): Bus => {
  const listeners = new Map<string, Set<() => void>>();
  return {
    publish(topic) { for (const fn of listeners.get(topic) ?? []) fn(); },
    subscribe(topic, fn) {
      const set = listeners.get(topic) ?? new Set();
      listeners.set(topic, set.add(fn));
      return () => { set.delete(fn); if (set.size === 0) listeners.delete(topic); };
    },
  };
};

const openDb = async (config: Config, secrets: Secrets, places: Places, log: Log): Promise<Db> => {
  const db = secrets.databaseUrl ? openPostgres(urlOf(secrets.databaseUrl), (m) => log("error", m)) : await openEmbedded(places.db);
  try {
    await db.migrate(path.join(rootOf(), "drizzle"));
    return db;
  } catch (cause) {
    await db.close().catch(() => {});
    throw new Fault("unavailable", `The database cannot be used: ${cause instanceof Error ? cause.message : String(cause)}. Check DATABASE_URL and that the server runs.`, { cause });
  }
};

export const mailerOf = ({ mail }: Pick<Config, "mail">, { smtpPassword }: Pick<Secrets, "smtpPassword">, limits: Times): Mailer | null =>
  (mail === null ? null : mailer({ ...mail, ca: mailCa(mail), password: smtpPassword }, limits, directLink(mail)));

export const openCore = async (config: Config, secrets: Secrets, over: Overrides = {}): Promise<Core> => {
  const places = placesOf(config), random: Random = over.random ?? systemRandom, clock: Clock = over.clock ?? systemClock, log: Log = over.log ?? (() => {});
  const unlock = lockDirectory(config.data);
  mkdirSync(places.keys, { recursive: true, mode: 0o700 });
  mkdirSync(places.recordings, { recursive: true, mode: 0o700 });
  const opened: (() => Promise<void>)[] = [() => Promise.resolve(unlock())];
  const close = async () => { for (const fn of opened.reverse()) await fn(); };
  try {
    const secretsLog = await Journal.open(places.journal);
    opened.push(() => secretsLog.journal.close());
    const embedded = secrets.databaseUrl === null, eventsLog = embedded ? await Journal.open(places.events) : null;
    if (eventsLog) opened.push(() => eventsLog.journal.close());
    const db = await openDb(config, secrets, places, log);
    opened.push(() => db.close());
    const kek = secrets.kek ? envKek(secrets.kek, random) : fileKek(config.kekFile, random, (await broker.keys(db)).length === 0 && secretsLog.journal.head.n === 0);
    const limits = over.times ?? times(config.timescale);
    let cut: Deps["cut"] = () => Promise.resolve(false), tunnel = over.tunnel ?? noTunnel();
    const known = new Map(over.connectors ?? connectors(random)), passes = random.bytes(32);
    const deps: Deps = {
      db, keyring: new Keyring(kek, random), journal: secretsLog.journal, eventJournal: eventsLog?.journal ?? null, connectors: known, adopt: (c) => void known.set(c.platform, c), link: over.link ?? ((t) => linkTo({ exchange: places.exchange, passes }, { host: t.host, port: t.port }, throughOf(t))),
      pass: (t) => (throughOf(t).length === 0 ? undefined : passFor(passes, { via: [...throughOf(t)], host: t.host, port: t.port })),
      clock, random, times: limits, log, bus: makeBus(), node: `${config.node}@${hostname()}`, passive: { why: null }, epoch: { value: 0 },
      hooks: over.hooks ?? { ...poster(limits.deliveryLimit, (a) => refusedAddress(a, config.hooksToLoopback)), loopback: config.hooksToLoopback },
      mail: over.mail ?? mailerOf(config, secrets, limits), site: { origin: config.origin ?? "" }, recordings: places.recordings, hands: new Map(), brokerKeys: new KeyFiles(places.agentKey), tunnel: { call: (...ask) => tunnel.call(...ask), heard: (agent) => tunnel.heard(agent), drop: (agent) => tunnel.drop(agent) },
      cut: (session, why, message) => cut(session, why, message), moment: over.moment ?? (() => {}),
    };
    await openKeys(deps);
    await loadCommandSets(deps);
    await checkFence(deps, places.token);
    if (eventsLog) await replayEvents(deps, eventsLog.events);
    await replayCuts(deps, secretsLog.cuts);
    await settleVersions(deps);
    await fallBackAll(deps);
    if (embedded) await endDemonstrations(deps, true);
    if (embedded) await db.transaction(async (tx) => { await rotations.freeLeases(tx); await notices.freeLeases(tx); await discoveries.freeLeases(tx); await dependents.freeLeases(tx); });
    return { deps, places, setCut: (fn) => { cut = fn; }, setTunnel: (t) => { tunnel = t; }, passes, close: async () => { dropHands(deps.hands); deps.mail?.close(); await close(); } };
  } catch (e) {
    await close().catch(() => {});
    throw e;
  }
};
