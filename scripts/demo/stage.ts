/** Raises the demo's world: two real hosts and, where wanted, a database and a desktop, a broker on the embedded database, four people, their policies. Rule: everything made here is unmade by `close`. */
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
import { closedFor, tellClosed } from "./closed.ts";
import { addDatabase, raiseDatabase, tellDatabase } from "./database.ts";
import { addDesktop, desktopEnv, DESKTOP_POLICY, raiseDesktop, tellDesktop, whyNot, type Desktop } from "./desktop.ts";

export const HOME = path.join(rootOf(), ".demo");
export type Login = { readonly name: string; readonly roles: readonly string[]; readonly password: string; readonly totp: string | null; readonly token: string; readonly key: string };
export type Access = {
  readonly portal: string; readonly ssh: { readonly host: string; readonly port: number }; readonly logins: readonly Login[];
  readonly targets: readonly { name: string; host: string; port: number; hostKey: string; rotatedBy: string }[]; readonly accounts: readonly { name: string; target: string; policy: string | null }[];
  readonly policies: readonly { name: string; preset: string; approvals: number; maxMinutes: number }[];
  /** Why there is no desktop to try; null: there is one, or none was wanted. */
  readonly noDesktop: string | null;
};
export type Stage = {
  readonly home: string; readonly broker: Broker; readonly hosts: Readonly<Record<"web-1" | "db-1", LinuxHost>>; readonly desktop: Desktop | null; readonly access: Access;
  close(): Promise<void>;
};

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

const policiesOf = (desktop: Desktop | null) => [...POLICIES, ...(desktop ? [DESKTOP_POLICY] : [])];

type Ports = { http: number; ssh: number };
/** Beside the two hosts. `desktop`: wanted, or the sentence why it cannot be; `closed`: two networks behind an agent and a gateway. */
export type More = { readonly database?: boolean; readonly closed?: boolean; readonly desktop?: boolean | string };
type Told = { readonly targets: Access["targets"]; readonly accounts: Access["accounts"] };
type Extra = { readonly told: Told; add(deps: Broker["core"]["deps"], operator: Caller): Promise<AccountId[]> };

/** What stands beside the hosts; each is ended by `closers`. */
const raiseMore = async ({ database, desktop }: More, closers: (() => Promise<unknown>)[]): Promise<{ extras: Extra[]; desktop: Desktop | null; noDesktop: string | null }> => {
  const extras: Extra[] = [];
  if (database) {
    const d = await raiseDatabase();
    closers.push(() => d.cluster.destroy());
    extras.push({ told: tellDatabase(d, POLICIES[1]!.name), add: (deps, operator) => addDatabase(deps, operator, d) });
  }
  if (desktop !== true) return { extras, desktop: null, noDesktop: desktop || null };
  try {
    const d = await raiseDesktop(word);
    closers.push(() => d.close());
    extras.push({ told: tellDesktop(d), add: (deps, operator) => addDesktop(deps, operator, d) });
    return { extras, desktop: d, noDesktop: null };
  } catch (error) { return { extras, desktop: null, noDesktop: whyNot(error) }; }
};

const raiseHosts = async (root: string, admin: string, closers: (() => Promise<unknown>)[]): Promise<Stage["hosts"]> => {
  const [web, db] = await Promise.all([
    linuxHost({ name: "web-1", rootPassword: root, accounts: { deploy: word() } }), linuxHost({ name: "db-1", rootPassword: word(), sudoAdmin: { name: "rotator", password: admin }, accounts: { ops: word(), backup: word() } }),
  ]);
  closers.push(() => web.destroy(), () => db.destroy());
  return { "web-1": web, "db-1": db };
};

const listed = ({ database, desktop }: More): string =>
  ["two real OpenSSH hosts, web-1 and db-1", ...(database ? ["a PostgreSQL server, orders-db"] : []), ...(desktop === true ? ["a desktop, desk-1, with the guacd that carries it"] : [])].join("; ");

/** Without `more` the hosts alone. */
export const raise = async (said: (line: string) => void, ports: Ports, home = HOME, over: Overrides = {}, more: More = {}): Promise<Stage> => {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const root = word(), admin = word(), closers: (() => Promise<unknown>)[] = [];
  const close = async () => { for (const fn of closers.reverse()) await fn(); closers.length = 0; };
  try {
    said(`Raising ${listed(more)} …`);
    const [hosts, { extras, desktop, noDesktop }] = await Promise.all([raiseHosts(root, admin, closers), raiseMore(more, closers)]);
    said("Starting the broker on the embedded database …");
    const env = { LOCKSTEP_DATA: path.join(home, "data"), LOCKSTEP_LISTEN: `127.0.0.1:${ports.http}`, LOCKSTEP_SSH_LISTEN: `127.0.0.1:${ports.ssh}`, LOCKSTEP_LOG: "silent" };
    const { config, secrets } = parseEnv({ ...env, ...(desktop ? desktopEnv(desktop) : {}) });
    const broker = await startBroker(config, secrets, over);
    closers.push(() => broker.close());
    const people = await Promise.all(PEOPLE.map((p) => addLogin(home, broker, p))), by = (name: string) => people.find((p) => p.login.name === name)!.caller;
    const closed = more.closed ? await closedFor(broker, by("operator"), home, said) : null;
    if (closed) closers.push(() => closed.close());
    const told = [...extras.map((e) => e.told), ...(closed ? [tellClosed(closed, POLICIES[0]!.name)] : [])];
    const access = accessOf(broker, hosts, people.map((p) => p.login), told, noDesktop, policiesOf(desktop));
    said(`Adopting ${access.accounts.length} accounts: each is rotated twice before it counts as managed …`);
    const ids = [...closed?.ids ?? []];
    ids.push(...await addTargets(broker, by("operator"), hosts, root, admin));
    for (const e of extras) ids.push(...await e.add(broker.core.deps, by("operator")));
    await adopted(broker, ids, said);
    const binding = { requesters: [by("requester").person.id], approvers: [by("approver").person.id] };
    for (const p of policiesOf(desktop)) await putPolicy(broker.core.deps, by("operator"), { name: p.name, terms: p.terms, binding: { ...p.binding, ...binding } });
    await fourEyes(broker, by("auditor"));
    writeFileSync(path.join(home, "access.json"), `${JSON.stringify(access, null, 2)}\n`, { mode: 0o600 });
    return { home, broker, hosts, desktop, access, close };
  } catch (e) { await close(); throw e; }
};

/** The auditor looks at what the operator set up, as the house asks. */
const fourEyes = async (broker: Broker, auditor: Caller): Promise<void> => {
  for (const change of await people.openChanges(broker.core.deps.db)) await confirmChange(broker.core.deps, auditor, change.id);
};

type Shown = readonly { readonly name: string; readonly terms: { readonly preset: string; readonly maxMinutes: number } }[];
const accessOf = (broker: Broker, hosts: Stage["hosts"], logins: readonly Login[], more: readonly Told[], noDesktop: string | null, policies: Shown): Access => ({
  portal: broker.origin, ssh: { host: "127.0.0.1", port: broker.sshPort }, logins, noDesktop,
  targets: [
    ...Object.values(hosts).map((h) => ({ name: h.name, host: h.host, port: h.port, hostKey: h.hostKey, rotatedBy: h.name === "web-1" ? "root" : "rotator, through sudo" })), ...more.flatMap((m) => m.targets),
  ],
  accounts: [
    ...[["root", "web-1", POLICIES[0]!.name], ["deploy", "web-1", POLICIES[0]!.name], ["rotator", "db-1", null], ["ops", "db-1", POLICIES[1]!.name], ["backup", "db-1", POLICIES[1]!.name]]
      .map(([name, target, policy]) => ({ name: name!, target: target!, policy: policy ?? null })), ...more.flatMap((m) => m.accounts),
  ],
  policies: policies.map((p) => ({ name: p.name, preset: p.terms.preset, approvals: 1, maxMinutes: p.terms.maxMinutes })),
});
