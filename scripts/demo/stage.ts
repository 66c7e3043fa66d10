/** Raises the demo's world: two real hosts and, to look at, a database, a broker on the embedded database, four people, two policies. Rule: everything made here is unmade by `close`. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { startBroker, type Broker } from "../../src/app.ts";
import { parseEnv } from "../../src/config/env.ts";
import { rootOf, type Overrides } from "../../src/core.ts";
import { fingerprintOf } from "../../src/crypto/envelope.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import { addSshKey, confirmChange, putPolicy } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { setPassword } from "../../src/identity/passwords.ts";
import { newTotpKey } from "../../src/identity/secrets.ts";
import { makeToken } from "../../src/identity/tokens.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { newId, type AccountId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { Role } from "../../src/domain/person.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as people from "../../src/store/people.ts";
import { generate } from "../../src/vault/generate.ts";
import { PASSWORD_POLICIES } from "../../src/domain/password-policy.ts";
import { newKeyPair } from "../../src/wires/ssh.ts";
import { linuxHost, type LinuxHost } from "../../test/lab/host.ts";
import { addDatabase, raiseDatabase, tellDatabase, type Database } from "./database.ts";

export const HOME = path.join(rootOf(), ".demo");
export type Login = { readonly name: string; readonly roles: readonly string[]; readonly password: string; readonly totp: string | null; readonly token: string; readonly key: string };
export type Access = {
  readonly portal: string; readonly ssh: { readonly host: string; readonly port: number }; readonly logins: readonly Login[];
  readonly targets: readonly { name: string; host: string; port: number; hostKey: string; rotatedBy: string }[]; readonly accounts: readonly { name: string; target: string; policy: string | null }[];
  readonly policies: readonly { name: string; preset: string; approvals: number; maxMinutes: number }[];
};
export type Stage = { readonly home: string; readonly broker: Broker; readonly hosts: Readonly<Record<"web-1" | "db-1", LinuxHost>>; readonly access: Access; close(): Promise<void> };

const word = (): string => { using s = generate(PASSWORD_POLICIES["low"]!, "", /(?!)/, systemRandom); return reveal(s); };
const PEOPLE: readonly [string, string, Role[]][] = [
  ["requester", "Rita Requester", ["user"]], ["approver", "Arne Approver", ["user", "approver"]], ["operator", "Olga Operator", ["user", "admin", "owner"]], ["auditor", "Axel Auditor", ["auditor"]],
];

const addLogin = async (home: string, broker: Broker, [name, fullName, roles]: (typeof PEOPLE)[number]): Promise<{ login: Login; caller: Caller }> => {
  const { deps } = broker.core, { identity } = broker.web, id = newId("person", systemRandom), password = `${word()}-${word()}`;
  const totp = roles.some((r) => r === "admin" || r === "approver") ? newTotpKey(systemRandom) : null;
  await deps.db.transaction(async (tx) => {
    await people.add(tx, { id, name, fullName, mail: `${name}@lab.test`, subject: null, employeeNo: null, roles, disabled: false }, null);
    await setPassword(tx, id, Secret.of(password));
    if (totp) await people.setTotp(tx, id, identity.vaulted.seal("sessions", `totp/${id}`, totp));
  });
  const person = (await people.find(deps.db, id))!, caller: Caller = { person, address: "127.0.0.1", means: "cli" };
  const { token } = await makeToken(identity, person, { label: "demo", days: 1, readOnly: false, networks: [] }, { address: "127.0.0.1", means: "cli" });
  const pair = newKeyPair(), key = path.join(home, `${name}_key`);
  writeFileSync(key, pair.private, { mode: 0o600 });
  await addSshKey(deps, caller, id, { fingerprint: fingerprintOf(pair.public), line: pair.public, label: "demo" });
  return { caller, login: { name, roles, password, totp: totp ? reveal(totp) : null, token: reveal(token), key } };
};

const adopted = async (broker: Broker, ids: readonly AccountId[], said: (line: string) => void): Promise<void> => {
  for (const end = Date.now() + 60_000; ; await new Promise((r) => setTimeout(r, 100))) {
    const now = await Promise.all(ids.map((id) => accounts.find(broker.core.deps.db, id)));
    if (now.every((a) => a?.credential === "in_sync" && a.usedNo === a.rotatedNo)) return;
    if (Date.now() > end) throw new Error(`The demo's accounts were not adopted in a minute: ${now.map((a) => `${a?.name} ${a?.credential}`).join(", ")}.`);
    if (now.every((a) => a?.credential === "quarantined")) said("adoption failed");
  }
};

/** web-1 is changed by root itself, db-1 through an administrator who may run two commands by sudo. */
const addTargets = async (broker: Broker, operator: Caller, hosts: Stage["hosts"], root: string, admin: string): Promise<AccountId[]> => {
  const { deps } = broker.core, at = (h: LinuxHost, sudo: boolean) => ({ platform: "linux-ssh", host: h.host, port: h.port, settings: { hostKeys: [h.hostKey], sudo } });
  const web = await addTarget(deps, operator, { name: "web-1", tags: ["web"], ...at(hosts["web-1"], false) }), db = await addTarget(deps, operator, { name: "db-1", tags: ["database"], ...at(hosts["db-1"], true) });
  const rootAccount = await addAccount(deps, operator, { target: web.id, name: "root", password: Secret.of(root) }), rotator = await addAccount(deps, operator, { target: db.id, name: "rotator", password: Secret.of(admin) });
  await changeTarget(deps, operator, web.id, { administrative: rootAccount.id });
  await changeTarget(deps, operator, db.id, { administrative: rotator.id });
  const { adopt } = await import("../../src/flow/accounts.ts");
  await adopt(deps, operator, rootAccount.id);
  await adopt(deps, operator, rotator.id);
  const others = [await addAccount(deps, operator, { target: web.id, name: "deploy", adopt: true }), await addAccount(deps, operator, { target: db.id, name: "ops", adopt: true }), await addAccount(deps, operator, { target: db.id, name: "backup", adopt: true })];
  return [rootAccount, rotator, ...others].map((a) => a.id);
};

const POLICIES = [
  { name: "Web servers, by session", terms: { preset: "session" as const, maxMinutes: 120, reconnectGraceSeconds: 5 }, binding: { tags: ["web"] } },
  { name: "Database operators, password released", terms: { preset: "release" as const, maxMinutes: 60 }, binding: { tags: ["database"], accountNames: ["ops", "backup", "report"] } },
];

type Ports = { http: number; ssh: number };
/** `withDatabase`: also a PostgreSQL server; the walk does without. */
export const raise = async (said: (line: string) => void, ports: Ports, home = HOME, over: Overrides = {}, withDatabase = false): Promise<Stage> => {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const root = word(), admin = word(), closers: (() => Promise<unknown>)[] = [];
  const close = async () => { for (const fn of closers.reverse()) await fn(); closers.length = 0; };
  try {
    said(`Raising two real OpenSSH hosts, web-1 and db-1${withDatabase ? ", and a PostgreSQL server, orders-db" : ""} …`);
    const [web, db] = await Promise.all([
      linuxHost({ name: "web-1", rootPassword: root, accounts: { deploy: word() } }), linuxHost({ name: "db-1", rootPassword: word(), sudoAdmin: { name: "rotator", password: admin }, accounts: { ops: word(), backup: word() } }),
    ]);
    closers.push(() => web.destroy(), () => db.destroy());
    const database = withDatabase ? await raiseDatabase() : null;
    if (database) closers.push(() => database.cluster.destroy());
    said("Starting the broker on the embedded database …");
    const { config, secrets } = parseEnv({ LOCKSTEP_DATA: path.join(home, "data"), LOCKSTEP_LISTEN: `127.0.0.1:${ports.http}`, LOCKSTEP_SSH_LISTEN: `127.0.0.1:${ports.ssh}`, LOCKSTEP_LOG: "silent" });
    const broker = await startBroker(config, secrets, over);
    closers.push(() => broker.close());
    const people = await Promise.all(PEOPLE.map((p) => addLogin(home, broker, p))), by = (name: string) => people.find((p) => p.login.name === name)!.caller;
    said(`Adopting ${database ? "seven" : "five"} accounts: each is rotated twice before it counts as managed …`);
    const hosts = { "web-1": web, "db-1": db };
    const others = database ? await addDatabase(broker.core.deps, by("operator"), database) : [];
    await adopted(broker, [...await addTargets(broker, by("operator"), hosts, root, admin), ...others], said);
    for (const p of POLICIES) await putPolicy(broker.core.deps, by("operator"), { name: p.name, terms: p.terms, binding: { ...p.binding, requesters: [by("requester").person.id], approvers: [by("approver").person.id] } });
    await fourEyes(broker, by("auditor"));
    const access = accessOf(broker, hosts, people.map((p) => p.login), database);
    writeFileSync(path.join(home, "access.json"), `${JSON.stringify(access, null, 2)}\n`, { mode: 0o600 });
    return { home, broker, hosts, access, close };
  } catch (e) { await close(); throw e; }
};

/** The auditor looks at what the operator set up, as the house asks. */
const fourEyes = async (broker: Broker, auditor: Caller): Promise<void> => {
  for (const change of await people.openChanges(broker.core.deps.db)) await confirmChange(broker.core.deps, auditor, change.id);
};

const accessOf = (broker: Broker, hosts: Stage["hosts"], logins: readonly Login[], database: Database | null): Access => withThe(database, {
  portal: broker.origin, ssh: { host: "127.0.0.1", port: broker.sshPort }, logins,
  targets: Object.values(hosts).map((h) => ({ name: h.name, host: h.host, port: h.port, hostKey: h.hostKey, rotatedBy: h.name === "web-1" ? "root" : "rotator, through sudo" })),
  accounts: [["root", "web-1", POLICIES[0]!.name], ["deploy", "web-1", POLICIES[0]!.name], ["rotator", "db-1", null], ["ops", "db-1", POLICIES[1]!.name], ["backup", "db-1", POLICIES[1]!.name]].map(([name, target, policy]) => ({ name: name!, target: target!, policy: policy ?? null })),
  policies: POLICIES.map((p) => ({ name: p.name, preset: p.terms.preset, approvals: 1, maxMinutes: p.terms.maxMinutes })),
});
const withThe = (database: Database | null, a: Access): Access => {
  if (database === null) return a;
  const more = tellDatabase(database, POLICIES[1]!.name);
  return { ...a, targets: [...a.targets, ...more.targets], accounts: [...a.accounts, ...more.accounts] };
};
