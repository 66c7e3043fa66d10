/** The whole broker, wired by hand. Rule: start in the order in which things may be trusted, stop in the reverse; no container, no singletons. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { authorityTexts } from "./config/authorities.ts";
import type { Config, Secrets } from "./config/env.ts";
import { SOCKETS } from "./domain/ticket.ts";
import { controlPlane, type Arrivals } from "./control/plane.ts";
import { TunnelDesk } from "./control/tunnel.ts";
import { Watching } from "./control/watching.ts";
import { openCore, rootOf, type Core, type Overrides } from "./core.ts";
import type { Deps } from "./flow/deps.ts";
import { spool } from "./flow/backup.ts";
import { recoverRecording } from "./flow/recordings.ts";
import { openBrokerKeys } from "./flow/broker-keys.ts";
import { broker, record } from "./flow/record.ts";
import { closeLeftovers } from "./flow/startup.ts";
import { forgetNotices } from "./flow/deliver.ts";
import { forgetTickets } from "./flow/ticket.ts";
import { NOTHING_REVOKED, parseAuthorities, parseRevoked, type Authorities } from "./identity/authorities.ts";
import type { IdentityDeps } from "./identity/deps.ts";
import { addressGate } from "./identity/gate.ts";
import { turns } from "./identity/turns.ts";
import { openOperator } from "./identity/operator.ts";
import { recalls } from "./identity/recall.ts";
import { endExpired } from "./identity/sessions.ts";
import { startJobs } from "./jobs/jobs.ts";
import { fingerprintOf } from "./crypto/envelope.ts";
import { Fault } from "./kernel/fault.ts";
import type { SessionId } from "./kernel/ids.ts";
import * as shelf from "./flow/shelf.ts";
import { forgetReplies } from "./store/broker.ts";
import { portalServer, socketServer } from "./tls.ts";
import { apiRoutes, type Shelf } from "./web/api/index.ts";
import { webApp } from "./web/app.tsx";
import { desktopDoor, terminalDoor, type Crossing } from "./web/bridge.ts";
import { apiDoors } from "./web/release.tsx";
import type { WebDeps } from "./web/deps.ts";
import { upgradeRouter, type Router } from "./web/upgrade.ts";
import { watchDoor } from "./web/watch.ts";
import { AGENT } from "./wires/agent-words.ts";
import { brokenCiphers, nativeCiphers, newSshKey, publicLine } from "./wires/ssh.ts";
import { startSshProxy, type SshProxy } from "../proxy/pool.ts";
import { startTunnel, type Tunnel } from "../proxy/tunnel/keeper.ts";

export type Broker = { readonly core: Core; readonly web: WebDeps; readonly origin: string; readonly sshPort: number; pids(): number[]; tunnelPid(): number | undefined; close(): Promise<void> };

export const identityDeps = (deps: Deps): IdentityDeps => ({
  db: deps.db, clock: deps.clock, random: deps.random, times: deps.times, issuer: "Lockstep", gate: addressGate(deps.times, deps.random), turns: turns(), record: (tx, event) => record(deps, tx, event),
  recall: recalls(deps, (topic, then) => deps.bus.subscribe(topic, then)),
  vaulted: { seal: (purpose, context, secret) => deps.keyring.sealFor(purpose, context, secret), open: (purpose, context, box) => deps.keyring.openFor(purpose, context, box) },
});

/** Certificate authorities, read at each use: a key taken out of the file lets nobody in any more. */
const authoritiesOf = (config: Config) => (): Authorities => {
  const texts = authorityTexts({ authorities: config.sshCa, revoked: config.sshRevoked });
  if (texts === null) return { keys: [], revoked: NOTHING_REVOKED };
  const parse = <T>(setting: string, work: () => T): T => {
    try { return work(); } catch (cause) { throw new Fault("unavailable", `${setting}: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause }); }
  };
  return { keys: parse("LOCKSTEP_SSH_CA", () => parseAuthorities(texts.keys)), revoked: parse("LOCKSTEP_SSH_REVOKED", () => parseRevoked(texts.revoked)) };
};

const shelfOf = (deps: Deps): Shelf => ({
  rotations: (caller, account) => shelf.rotationList(deps, caller, account), rotation: (caller, id) => shelf.rotationOne(deps, caller, id),
  reply: (person, key) => shelf.reply(deps, person, key), keepReply: (person, key, reply) => shelf.keepReply(deps, person, key, reply),
});

/** The proxy's own host key, made at first start. */
const hostKey = (file: string): string => {
  if (!existsSync(file)) writeFileSync(file, newSshKey(), { mode: 0o600, flag: "wx" });
  return readFileSync(file, "utf8");
};

const recoverBySession = (deps: Deps, dir: string) => (id: SessionId) => recoverRecording(deps, dir, id);

/**
 * Session processes of a broker that was killed go on until their own deadline, where nobody could revoke them: they are ended before their
 * sessions are written down as over. Ours are known by this data directory's socket in their arguments; the directory's lock says no broker owns them.
 */
const endLeftoverProcesses = async (socket: string, pause: number): Promise<void> => {
  const left = () => (existsSync("/proc") ? readdirSync("/proc") : []).filter((entry) => /^\d+$/.test(entry)).map(Number).filter((pid) => {
    try { return /\0([^\0]*\/)?worker\.[tj]s\0([^\0]+)\0?$/.exec(readFileSync(`/proc/${pid}/cmdline`, "utf8"))?.[2] === socket; } catch { return false; }
  });
  for (let pids = left(); pids.length > 0; pids = left()) {
    for (const pid of pids) try { process.kill(pid, "SIGKILL"); } catch { /* gone by itself */ }
    await new Promise((resolve) => { setTimeout(resolve, pause); });
  }
};

/** What the portal and the session processes' desk share: browsers let in, and who looks on. */
type Halves = { readonly arrivals: Arrivals; readonly watching: Watching; /** A page of the portal, for people to open. */ readonly link: (path: string) => string };

const startProxy = async (config: Config, core: Core, identity: IdentityDeps, { arrivals, watching, link }: Halves): Promise<SshProxy> => {
  const { deps, places } = core;
  if (brokenCiphers()) throw new Fault("unavailable", "ssh2's native ciphers are built wrongly for this Node: stock SSH clients could not log in. Run: npm rebuild");
  const proxy = await startSshProxy({
    listen: config.ssh, hostKeys: [hostKey(places.hostKey)], socketPath: places.workers, recordingsDir: places.recordings, exchange: places.exchange, timescale: config.timescale, guacd: config.guacd ?? undefined, log: (level, what, facts) => deps.log(level, what, facts),
    control: controlPlane({ flow: deps, identity, recover: recoverBySession(deps, places.recordings), arrivals, watching, link }), ...(config.workers ? { workers: config.workers } : {}),
  });
  watching.ask = (session, on) => proxy.watch(session, on);
  core.setCut((session, why, message) => Promise.resolve(proxy.cut(session, why, message)));
  return proxy;
};

/** Agents and gateways: their connections are one process's, its questions are answered here. */
const startAgents = async (config: Config, core: Core): Promise<{ tunnel: Tunnel; stop(): Promise<void> }> => {
  const { deps, places } = core, desk = new TunnelDesk({ flow: deps, gate: addressGate(deps.times, deps.random) });
  await openBrokerKeys(deps);
  const tunnel = await startTunnel({
    setup: { door: places.agents, exchange: places.exchange, passes: core.passes.toString("hex"), agentKeys: [...deps.brokerKeys.privates()], timescale: config.timescale },
    plane: desk.plane, log: (level, what, facts) => deps.log(level, what, facts), pause: deps.times.cutoff,
  });
  const leave = desk.attend(tunnel);
  core.setTunnel(desk.tunnel);
  return { tunnel, stop: async () => { leave(); await tunnel.close(); } };
};
/** Connected at once; beyond it machines are told to come later. */
const AGENTS_MOST = 4_096;

/** What is over is forgotten: login sessions past their time, replies kept for a repeated key. */
const upkeep = async (deps: Deps, identity: IdentityDeps): Promise<void> => {
  await endExpired(identity);
  await deps.db.transaction(async (tx) => { await forgetReplies(tx, new Date(tx.now.getTime() - deps.times.idempotency)); await forgetTickets(tx); await forgetNotices(deps, tx); });
};

/** Every socket of a browser: path -> door. */
const socketsOf = (web: WebDeps, proxy: SshProxy, tunnel: Tunnel, { arrivals, watching }: Halves): Router => {
  const crossing: Crossing = { expect: (who) => arrivals.expect(who), reach: (session) => proxy.door(session) };
  const router = upgradeRouter(web, { [SOCKETS.terminal.path]: terminalDoor(crossing), [SOCKETS.desktop.path]: desktopDoor(crossing), [SOCKETS.watch.path]: watchDoor(web, watching, crossing) },
    { path: AGENT.path, protocol: AGENT.protocol, caller: AGENT.caller, most: AGENTS_MOST, reach: () => tunnel.door() });
  Object.assign(web, { loggedOut: (holder: string) => router.endOf(holder) });
  return router;
};

export const startBroker = async (config: Config, secrets: Secrets, over: Overrides = {}): Promise<Broker> => {
  const core = await openCore(config, secrets, over), { deps, places } = core, stops: (() => Promise<void> | void)[] = [() => core.close()];
  const close = async (): Promise<void> => { for (const stop of stops.reverse()) await stop(); stops.length = 0; };
  try {
    await endLeftoverProcesses(places.workers, deps.times.cutoff / 10);
    const lost = await closeLeftovers(deps, recoverBySession(deps, places.recordings));
    if (lost > 0) deps.log("warn", `${lost} session(s) were cut off when the broker last stopped; their recordings were recovered`);
    const authorities = authoritiesOf(config), identity: IdentityDeps = { ...identityDeps(deps), authorities };
    // A file that cannot be read is told at the start, not at the first login.
    authorities();
    const { site } = deps, link = (path: string): string => `${site.origin}${path}`;
    const halves: Halves = { arrivals: { expect: () => "" }, watching: new Watching(), link }, proxy = await startProxy(config, core, identity, halves);
    stops.push(() => proxy.close());
    const agents = await startAgents(config, core);
    stops.push(() => agents.stop());
    const jobs = startJobs(deps, recoverBySession(deps, places.recordings), places.recordings);
    stops.push(() => jobs.close());
    const tidy = setInterval(() => { void upkeep(deps, identity).catch((e: unknown) => deps.log("warn", `upkeep: ${String(e)}`)); }, deps.times.lockout);
    stops.push(() => clearInterval(tidy));
    const { server, scheme } = await portalServer(config, places);
    const web: WebDeps = { flow: deps, identity, recordings: places.recordings, config: {
      origin: "", sshHost: config.sshHost ?? config.ssh.host, sshPort: proxy.port, sshHostKeys: [publicLine(hostKey(places.hostKey))], get agentKeys() { return deps.brokerKeys.lines().map(fingerprintOf); }, secureCookies: scheme === "https" || (config.origin?.startsWith("https:") ?? false), trustedProxies: config.trustedProxies, root: rootOf(),
    } };
    const port = await server.listen(config.listen), origin = config.origin ?? `${scheme}://${config.listen.host.includes(":") ? `[${config.listen.host}]` : config.listen.host}:${port}`;
    Object.assign(web.config, { origin });
    site.origin = origin;
    deps.bus.publish("deliveries");
    const operator = openOperator(places.localToken, deps.random);
    stops.push(() => operator.close());
    const app = webApp(web, apiRoutes({ ...web, shelf: shelfOf(deps), doors: apiDoors, own: { operator, backup: (by) => spool(deps, by, places.data) } }) as never);
    const sockets = socketsOf(web, proxy, agents.tunnel, halves);
    server.serve((request, env) => app.fetch(request, env));
    server.upgrade((request, socket, head) => sockets.take(request, socket, head));
    stops.push(() => server.close(), () => sockets.close());
    const local = await socketServer(places.socket, (request, env) => app.fetch(request, env));
    stops.push(() => local.close());
    await deps.db.transaction((tx) => record(deps, tx, { what: "broker.started", who: broker("startup"), about: {}, outcome: "ok", facts: { node: deps.node, engine: deps.db.engine, passive: deps.passive.why ?? "", native_ciphers: nativeCiphers() } }));
    deps.log("info", "sshcrypto native", { native: nativeCiphers() });
    return { core, web, origin, sshPort: proxy.port, pids: () => proxy.pids(), tunnelPid: () => agents.tunnel.pid(), close };
  } catch (e) {
    await close().catch(() => {});
    throw e;
  }
};
