/** A broker with the API over real HTTP: embedded database, vault, journal and jobs as app.ts wires them. Targets are paper: a map of passwords. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Duplex } from "node:stream";
import { createServer } from "node:http";
import { getRequestListener, serve, type ServerType } from "@hono/node-server";
import { z } from "zod";
import { identityDeps } from "../../src/app.ts";
import { parseEnv } from "../../src/config/env.ts";
import { connector, type Connector } from "../../src/connectors/connector.ts";
import { openCore, type Core } from "../../src/core.ts";
import type { Role } from "../../src/domain/person.ts";
import { PolicyInput } from "../../src/domain/policy.ts";
import type { Deps } from "../../src/flow/deps.ts";
import { hashIdentity } from "../../src/flow/targets.ts";
import { journalled, keepVersion } from "../../src/flow/secrets.ts";
import { readPublicKey } from "../../src/identity/ssh-keys.ts";
import { makeToken } from "../../src/identity/tokens.ts";
import { hashPassword } from "../../src/identity/secrets.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import { systemClock, systemRandom } from "../../src/kernel/clock.ts";
import { newId, type AccountId, type PersonId, type TargetId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as people from "../../src/store/people.ts";
import * as policies from "../../src/store/policies.ts";
import * as targets from "../../src/store/targets.ts";
import * as shelf from "../../src/flow/shelf.ts";
import { layOut } from "../store/migrated.ts";
import { apiRoutes, type ApiDeps } from "../../src/web/api/index.ts";
import { apiDoors } from "../../src/web/release.tsx";
import { webApp } from "../../src/web/app.tsx";

export const PASSWORD = "correct horse battery", ROOT_PASSWORD = "vX9+root-on-paper/42";
export const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB1TbXVO9pB3lFzZ7n8qkVtq1Wb8vJm1o7yUe0cJ5m7V";
const CHEAP = { memoryCost: 64, timeCost: 1, parallelism: 1 };

/** Passwords by login, as the target itself would know them. */
export type Paper = Map<string, string>;
const paperConnector = (paper: Paper): Connector => connector({
  platform: "paper", config: z.object({ hostKeys: z.array(z.string()).default([]) }), forbidden: /(?!)/,
  probe: (_c, _l, who, secret) => Promise.resolve(paper.get(who.name) === reveal(secret) ? "yes" as const : "no" as const),
  change: (_c, _l, who, { to }) => { paper.set(who.name, reveal(to)); return Promise.resolve("done" as const); },
  test: () => Promise.resolve({ ok: true as const, identity: HOST_KEY }),
  identity: () => Promise.resolve(HOST_KEY),
  pin: (line) => ({ settings: { hostKeys: [line] }, fingerprint: readPublicKey(line).fingerprint, compareWith: "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" }),
}) as Connector;

const SEED: Record<string, readonly Role[]> = { requester: ["user"], approver: ["user", "approver"], operator: ["user", "admin"], auditor: ["auditor"], outsider: ["user"] };
export type Name = "requester" | "approver" | "operator" | "auditor" | "outsider";

const seedPeople = async (deps: Deps): Promise<Record<Name, PersonId>> => {
  const hash = await hashPassword(Secret.of(PASSWORD), CHEAP), ids: Record<string, PersonId> = {};
  await deps.db.transaction(async (tx) => {
    for (const [name, roles] of Object.entries(SEED)) {
      const id = ids[name] = newId("person", deps.random);
      await people.add(tx, { id, name, fullName: `Seed ${name}`, mail: null, subject: null, employeeNo: null, roles, disabled: false }, hash);
    }
  });
  return ids as Record<Name, PersonId>;
};

const seedTarget = async (deps: Deps, owner: PersonId, paper: Paper): Promise<{ target: TargetId; account: AccountId }> => {
  const plain = { platform: "paper", host: "127.0.0.1", port: 22_899, link: "direct" as const, settings: { hostKeys: [HOST_KEY] } };
  const target = newId("target", deps.random), account = newId("account", deps.random);
  paper.set("root", ROOT_PASSWORD);
  const { row, a, t } = await deps.db.transaction(async (tx) => {
    await targets.add(tx, { id: target, name: "web-1", ...plain, owner, tags: [], administrative: null, reconcile: null, identityNo: 1, identityHash: hashIdentity(plain), locked: false }, owner);
    await accounts.add(tx, { id: account, target, name: "root", identityNo: 1, passwordPolicy: "medium" });
    const fresh = await accounts.lock(tx, account);
    const kept = await keepVersion(deps, tx, { account: fresh, secret: Secret.of(ROOT_PASSWORD), status: "current", origin: "seed", by: null });
    await accounts.credit(tx, account, { credential: "adopting" });
    await accounts.credit(tx, account, { credential: "in_sync", current: kept.id });
    return { row: kept, a: fresh, t: (await targets.find(tx, target))! };
  });
  await journalled(deps, row, a, t, 0);
  return { target, account };
};

export type World = {
  readonly core: Core; readonly deps: ApiDeps; readonly url: string; readonly paper: Paper; readonly data: string; readonly ids: Record<Name, PersonId>; readonly account: AccountId; readonly target: TargetId;
  token(name: Name, over?: { readOnly?: boolean; networks?: string[]; days?: number }): Promise<string>;
  close(): Promise<void>;
};

/** `env`: more settings, as a start would read them. */
export const openWorld = async (port: number, { env = {}, log }: { env?: Readonly<Record<string, string>>; log?: Deps["log"] } = {}): Promise<World> => {
  const data = mkdtempSync(join(tmpdir(), "lockstep-api-")), paper: Paper = new Map();
  const { config, secrets } = parseEnv({ LOCKSTEP_DATA: data, LOCKSTEP_TIMESCALE: "0.05", ...env });
  if (secrets.databaseUrl === null) await layOut(join(data, "db"));
  const core = await openCore(config, secrets, { ...(log ? { log } : {}), clock: systemClock, random: systemRandom, connectors: new Map([["paper", paperConnector(paper)]]), link: (t) => ({ address: t, connect: () => Promise.resolve(new Duplex()) }) });
  const { deps: flow } = core, ids = await seedPeople(flow), seeded = await seedTarget(flow, ids.operator, paper);
  const terms = { preset: "release", maxMinutes: 60 }, binding = { requesters: [ids.requester, ids.approver], approvers: [ids.approver], targets: ["web-1"] };
  await flow.db.transaction((tx) => policies.put(tx, { id: newId("policy", flow.random), active: true, ...PolicyInput.parse({ name: "root on web", terms, binding }) }));
  const identity = { ...identityDeps(flow), cost: CHEAP }, url = `http://127.0.0.1:${port}`;
  const deps: ApiDeps = {
    flow, identity, recordings: core.places.recordings, doors: apiDoors,
    shelf: {
      rotations: (c, account) => shelf.rotationList(flow, c, account), rotation: (c, id) => shelf.rotationOne(flow, c, id),
      reply: (person, key) => shelf.reply(flow, person, key), keepReply: (person, key, reply) => shelf.keepReply(flow, person, key, reply),
    },
    config: { origin: url, sshHost: "127.0.0.1", sshPort: 2222, secureCookies: false, trustedProxies: [], root: resolve(import.meta.dirname, "../..") },
  };
  const app = webApp(deps, apiRoutes(deps) as never), jobs = startJobs(flow);
  const server = await new Promise<ServerType>((done) => { const s = serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, () => done(s)); });
  const local = createServer(getRequestListener(app.fetch) as never);
  await new Promise<void>((done) => { local.listen(core.places.socket, done); });
  return {
    core, deps, url, paper, data, ids, ...seeded,
    token: async (name, { readOnly = false, networks = [], days = 30 } = {}) => {
      const person = (await people.find(flow.db, ids[name]))!;
      return reveal((await makeToken(identity, person, { label: "test", days, readOnly, networks }, { address: "127.0.0.1", means: "portal" })).token);
    },
    close: async () => {
      local.close();
      local.closeAllConnections();
      await new Promise<void>((done) => { server.close(() => done()); (server as { closeAllConnections?: () => void }).closeAllConnections?.(); });
      await jobs.close();
      await core.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
};

/** Bodies are whatever the endpoint answers; tests assert what they read of it. */
// eslint-disable-next-line ts/no-explicit-any
export type Body = Record<string, any>;
export type Answer = { readonly status: number; readonly body: Body; readonly headers: Headers; readonly text: string };
/** One call of the API; `token` null = none. */
export const call = async (w: Pick<World, "url">, token: string | null, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> => {
  const res = await fetch(`${w.url}/api/v1${path}`, {
    method, headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await res.text();
  return { status: res.status, headers: res.headers, text, body: /[/+]json$/.test(res.headers.get("content-type")?.split(";")[0] ?? "") && text !== "" ? JSON.parse(text) as Body : {} };
};
