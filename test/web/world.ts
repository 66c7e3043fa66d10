/** A portal with people, targets and accounts in it, without a network: passwords lie in a real vault, targets are names. */
import { join } from "node:path";
import { TOTP, Secret as OtpKey } from "otpauth";
import { addressGate } from "../../src/identity/gate.ts";
import { turns } from "../../src/identity/turns.ts";
import type { IdentityDeps } from "../../src/identity/deps.ts";
import { setPassword } from "../../src/identity/passwords.ts";
import { addTarget } from "../../src/flow/targets.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import { putPolicy } from "../../src/flow/people.ts";
import { record, type Caller } from "../../src/flow/record.ts";
import { keepVersion } from "../../src/flow/secrets.ts";
import type { Role } from "../../src/domain/person.ts";
import type { AccountId, PersonId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as people from "../../src/store/people.ts";
import { webApp } from "../../src/web/app.tsx";
import type { WebDeps } from "../../src/web/deps.ts";
import { testCore, type TestCore } from "../broker.ts";
import { CHEAP, PASSWORD } from "../identity/world.ts";

export const ORIGIN = "http://127.0.0.1:22600";
export const TOTP_KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
export const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9aXyQyYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi";
export const code = (steps = 0): string => new TOTP({ secret: OtpKey.fromBase32(TOTP_KEY) }).generate({ timestamp: Date.now() + steps * 30_000 });

export type World = { readonly core: TestCore; readonly deps: WebDeps; readonly app: ReturnType<typeof webApp>; readonly who: Record<Seed, Caller>; close(): Promise<void> };
export const SEEDS = { requester: ["user"], approver: ["approver"], operator: ["admin", "user"], auditor: ["auditor"], outsider: ["user"] } as const satisfies Record<string, readonly Role[]>;
export type Seed = keyof typeof SEEDS;

export const identityOf = (core: TestCore): IdentityDeps => ({
  db: core.deps.db, clock: core.deps.clock, random: core.deps.random, times: core.deps.times, cost: CHEAP, issuer: "Lockstep", gate: addressGate(core.deps.times, core.deps.random, 1_000), turns: turns(), record: (tx, e) => record(core.deps, tx, e),
  vaulted: { seal: (p, c, s) => core.deps.keyring.sealFor(p, c, s), open: (p, c, b) => core.deps.keyring.openFor(p, c, b) },
});

/** Everybody has PASSWORD; who needs a code has TOTP_KEY. */
const person = async (core: TestCore, name: Seed): Promise<Caller> => {
  const { person: p } = await core.person(name, [...SEEDS[name]]), { db, keyring } = core.deps;
  await db.transaction(async (tx) => {
    await setPassword(tx, p.id, Secret.of(PASSWORD), CHEAP);
    await people.change(tx, p.id, { fullName: { requester: "Rosa Requester", approver: "Anders Approver", operator: "Olga Operator", auditor: "Aude Auditor", outsider: "Otto Outsider" }[name] });
    if (["approver", "operator"].includes(name)) await people.setTotp(tx, p.id, keyring.sealFor("sessions", `totp/${p.id}`, Secret.of(TOTP_KEY)));
  });
  return { person: (await people.find(db, p.id))!, address: "127.0.0.1", means: "portal" };
};

/** As an adoption would have left it. */
export const manage = async (core: TestCore, id: AccountId, password: string): Promise<void> => core.deps.db.transaction(async (tx) => {
  await accounts.credit(tx, id, { credential: "adopting" });
  const row = await keepVersion(core.deps, tx, { account: await accounts.lock(tx, id), secret: Secret.of(password), status: "current", origin: "generated", by: null });
  await accounts.credit(tx, id, { credential: "in_sync", current: row.id, adopted: 2, rotatedAt: tx.now, verifiedAt: tx.now });
});

export const addManaged = async (core: TestCore, admin: Caller, target: string, names: readonly string[], tags: readonly string[] = []): Promise<Record<string, AccountId>> => {
  const t = await addTarget(core.deps, admin, { name: target, platform: "linux-ssh", host: "192.0.2.10", port: 22, settings: { hostKeys: [HOST_KEY] }, tags: [...tags] });
  const out: Record<string, AccountId> = {};
  for (const name of names) {
    const { id } = await addAccount(core.deps, admin, { target: t.id, name });
    await manage(core, id, `Pw-${name}-of-${target}-8Q!`);
    out[name] = id;
  }
  return out;
};

export const world = async (origin = ORIGIN): Promise<World> => {
  const core = await testCore({ timescale: 1 }), names = Object.keys(SEEDS) as Seed[];
  const who = Object.fromEntries(await Promise.all(names.map(async (n) => [n, await person(core, n)] as const))) as Record<Seed, Caller>;
  const deps: WebDeps = {
    flow: core.deps, identity: identityOf(core), recordings: core.places.recordings,
    config: { origin, sshHost: "127.0.0.1", sshPort: 2222, secureCookies: false, trustedProxies: [], root: join(import.meta.dirname, "../..") },
  };
  await addManaged(core, who.operator, "web-1", ["root", "app1"], ["production"]);
  const ids = (n: Seed): PersonId[] => [who[n].person.id];
  await putPolicy(core.deps, who.operator, { name: "show", terms: { preset: "release", maxMinutes: 120 }, binding: { requesters: ids("requester"), approvers: ids("approver"), accountNames: ["app*"] } });
  await putPolicy(core.deps, who.operator, { name: "sessions", terms: { maxMinutes: 240 }, binding: { requesters: ids("requester"), approvers: ids("approver"), accountNames: ["root"] } });
  return { core, deps, app: webApp(deps), who, close: () => core.destroy() };
};

/** A browser as far as HTTP goes: it keeps cookies, and sends forms from the page it is on. */
export class Browser {
  readonly cookies = new Map<string, string>();
  csrf = "";
  readonly #world: World;
  readonly #env: Record<string, unknown>;
  constructor(w: World, address = "127.0.0.1") { this.#world = w; this.#env = { incoming: { socket: { remoteAddress: address } } }; }

  async send(method: string, path: string, o: { form?: Record<string, string>; headers?: Record<string, string> } = {}): Promise<{ status: number; text: string; headers: Headers; to: string | null }> {
    const cookie = [...this.cookies].map(([k, v]) => `${k}=${v}`).join("; ");
    const own: Record<string, string> = method === "GET" ? {} : { "sec-fetch-site": "same-origin", origin: ORIGIN, "content-type": "application/x-www-form-urlencoded" };
    const body = o.form === undefined ? {} : { body: new URLSearchParams({ _csrf: this.csrf, ...o.form }).toString() };
    const res = await this.#world.app.request(`${ORIGIN}${path}`, { method, headers: { accept: "text/html", ...(cookie ? { cookie } : {}), ...own, ...o.headers }, ...body }, this.#env);
    for (const line of res.headers.getSetCookie()) { const [, k, v] = /^([^=]+)=([^;]*)/.exec(line)!; if (v === "") this.cookies.delete(k!); else this.cookies.set(k!, v!); }
    const text = await res.text(), token = /name="_csrf" value="([^"]+)"/.exec(text)?.[1];
    if (token) this.csrf = token;
    return { status: res.status, text, headers: res.headers, to: res.headers.get("location") };
  }
  get(path: string, headers: Record<string, string> = {}) { return this.send("GET", path, { headers }); }
  post(path: string, form: Record<string, string> = {}, headers: Record<string, string> = {}) { return this.send("POST", path, { form, headers }); }

  /** Name and password, and a code where one is asked for. Codes are spent once, so each login takes a later step in turn. */
  async login(name: Seed): Promise<this> {
    const first = await this.post("/login", { name, password: PASSWORD });
    if (first.to?.startsWith("/login/code")) {
      await this.get(first.to);
      await this.#world.core.deps.db.transaction(async (tx) => people.setTotp(tx, this.#world.who[name].person.id, (await people.credentialsOf(tx, this.#world.who[name].person.id)).totp));
      const second = await this.post("/login/code", { code: code() });
      if (second.status !== 303) throw new Error(`code refused: ${second.status}`);
    } else if (first.status !== 303) throw new Error(`login refused: ${first.status}`);
    await this.get("/");
    return this;
  }
}
