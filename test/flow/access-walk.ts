/** People, accounts and everything that may happen to them, in any order, by dice. Rule: every verb is called as a door calls it, and what it answered goes to the judge (access-judge.ts). */
import { expect } from "vitest";
import { z } from "zod";
import { connector } from "../../src/connectors/connector.ts";
import { handedOut } from "../../src/domain/account.ts";
import type { Preset } from "../../src/domain/policy.ts";
import { addAccount, setBlock } from "../../src/flow/accounts.ts";
import { changePassword } from "../../src/flow/change-password.ts";
import { expireRequest, giveBack } from "../../src/flow/checkin.ts";
import { liftLock, setLock } from "../../src/flow/lock.ts";
import { ask } from "../../src/flow/ask.ts";
import { changePerson, confirmChange, putPolicy } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { release } from "../../src/flow/release.ts";
import { claim, drive, rotateAfterUse } from "../../src/flow/rotate.ts";
import { openVersion } from "../../src/flow/secrets.ts";
import { admit, sessionEnded, sessionLive } from "../../src/flow/session.ts";
import { addTarget } from "../../src/flow/targets.ts";
import { cancelRequest, revokeRequest, vote } from "../../src/flow/vote.ts";
import { Fault } from "../../src/kernel/fault.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import type { Db } from "../../src/store/db.ts";
import * as people from "../../src/store/people.ts";
import * as sessions from "../../src/store/sessions.ts";
import * as versions from "../../src/store/versions.ts";
import { dice } from "../lab/dice.ts";
import { Judge, type Asked, type Human, type Open, type Rules, type Where } from "./access-judge.ts";
import { PASSWORD, settled, worldOn, type World } from "./world.ts";

export type Counts = Record<string, number>;

const nearby = (machines: Map<number, string>) => {
  const of = (link: { readonly address: { readonly port: number } }): string => machines.get(link.address.port) ?? "";
  return connector({
    platform: "nowhere", config: z.object({ hostKeys: z.array(z.string()).default([]) }), forbidden: /[\r\n]/, changesItself: true,
    probe: (_c, link, _a, secret) => Promise.resolve(reveal(secret) === of(link) ? "yes" as const : "no" as const),
    change: (_c, link, _a, { to }) => { machines.set(link.address.port, reveal(to)); return Promise.resolve("done" as const); },
    test: () => Promise.reject(new Error("nobody tests here")),
  });
};

export class Walk {
  readonly counts: Counts = {};
  readonly #roll: () => number;
  #w!: World;
  #humans: Human[] = [];
  #rules: Rules[] = [];
  #where: Where[] = [];
  readonly #j = new Judge();
  #ports = 20_000;
  #turns = 0;
  #shown = 0;
  constructor(seed: number) { this.#roll = dice(seed); }

  async begin(db: Db): Promise<void> {
    const w = this.#w = await worldOn(db, { connectors: new Map([["nowhere", nearby(this.#j.machines) as never]]), link: (to) => ({ address: { host: to.host, port: to.port }, connect: () => Promise.reject(new Error("nobody dials here")) }) });
    const human = async (name: string, roles: Parameters<World["person"]>[0], mail?: string): Promise<Human> => {
      const login = await w.person(roles, mail === undefined ? {} : { mail }, `${name}${Math.floor(this.#roll() * 1e9)}`), h: Human = { login, human: mail ?? login.person.id, disabled: false, roles: new Set(roles) };
      this.#humans.push(h);
      return h;
    };
    const anna = await human("anna", ["user"], "anna@lockstep.test"), second = await human("anna-two", ["user", "approver"], "Anna@lockstep.test"), ben = await human("ben", ["user", "approver"]), cara = await human("cara", ["approver"]);
    const dan = await human("dan", ["admin", "user"]), eva = await human("eva", ["admin", "approver"]);
    Object.assign(second, { human: anna.human });
    for (let i = 0; i < 2; i++) await this.#machine(i);
    const [one, two] = this.#where as [Where, Where], askers = [anna, second, ben, dan], deciders = [second, ben, cara, eva];
    for (const [where, preset, approvals] of [[one, "release", 1], [one, "session", 2], [two, "session", 1], [two, "shared", 1], [two, "release", 2], [two, "break-glass", 1]] as const) await this.#policy(where, preset, approvals, askers, deciders);
    for (const c of await people.openChanges(db)) await confirmChange(w.deps, w.auditor, c.id);
    await settled();
  }
  async #machine(i: number): Promise<void> {
    const w = this.#w, port = ++this.#ports, name = `m${i}-${Math.floor(this.#roll() * 1e9)}`, target = await addTarget(w.deps, w.second, { name, platform: "nowhere", host: "127.0.0.1", port, settings: { hostKeys: ["ssh-ed25519 AAAA"] } });
    const account = await addAccount(w.deps, w.second, { target: target.id, name: "app" });
    this.#j.machines.set(port, PASSWORD);
    await w.inSync(account);
    this.#where.push({ id: account.id, account: "app", target: name, targetId: target.id, port, disabled: false });
  }
  async #policy(where: Where, preset: Preset, approvals: number, requesters: readonly Human[], approvers: readonly Human[]): Promise<void> {
    const name = `${preset} ${where.target}`, rules: Rules = { id: "", name, preset, where, approvals, approvers, requesters }, p = await putPolicy(this.#w.deps, this.#w.second, this.#written(rules));
    this.#rules.push(Object.assign(rules, { id: p.id }));
  }
  #written(r: Rules) {
    return { name: r.name, terms: { preset: r.preset, approvals: r.approvals, reconnectGraceSeconds: 0 }, binding: { requesters: r.requesters.map((h) => h.login.person.id), approvers: r.approvers.map((h) => h.login.person.id), targets: [r.where.target] } };
  }

  #one<T>(all: readonly T[]): T | undefined { return all[Math.floor(this.#roll() * all.length)]; }
  #count(what: string): void { this.counts[what] = (this.counts[what] ?? 0) + 1; }
  /** The rows of now, as every door reads them before a verb is called. */
  async #as(h: Human): Promise<Caller> { return { ...h.login, person: (await people.find(this.#w.db, h.login.person.id))! }; }
  /** What was refused, in words; anything else than a refusal is a mistake of ours. */
  async #tried<R>(what: string, verb: () => Promise<R>): Promise<R | null> {
    try {
      const r = await verb();
      this.#count(what);
      this.#j.told.push(what);
      return r;
    } catch (e) {
      if (!(e instanceof Fault) || e.code === "internal") throw e;
      this.#count(`${what}: ${e.code}`);
      return null;
    }
  }

  /** One thing that happens. */
  async step(): Promise<void> {
    const acts: readonly [number, () => Promise<void>][] = [
      [18, () => this.#asks()], [26, () => this.#votes()], [18, () => this.#shows()], [16, () => this.#connects()], [8, () => this.#leaves()], [6, () => this.#givesBack()], [1.5, () => this.#revokes()], [1, () => this.#cancels()],
      [2, () => this.#locksIt()], [12, () => this.#lifts()], [1, () => this.#disables()], [6, () => this.#enables()], [1.5, () => this.#rewrites()], [8, () => this.#confirms()], [1.5, () => this.#timePasses()], [2, () => this.#changesIt()], [1, () => this.#blocks()], [5, () => this.#frees()], [22, () => this.#works()],
    ];
    let at = this.#roll() * acts.reduce((n, [weight]) => n + weight, 0);
    for (const [weight, act] of acts) { at -= weight; if (at < 0) { await act(); break; } }
    await settled();
    await this.#cutsReached();
  }

  async #asks(): Promise<void> {
    const rules = this.#one(this.#rules)!, by = this.#one(this.#roll() < 0.9 ? rules.requesters : this.#humans)!;
    if (rules.preset === "break-glass" && this.#roll() < 0.5) return;
    const cut = this.#roll() < 0.3;
    const id = await this.#tried(rules.preset === "break-glass" ? "break glass" : "ask", async () => ask(this.#w.deps, await this.#as(by), { account: `${rules.where.account}@${rules.where.target}`, policy: rules.name, minutes: 30, reason: "to look", ticket: "", others: cut ? "cut" : "share" }));
    if (id === null) return;
    expect([by.disabled, rules.requesters.includes(by)], "only who is named asks").toEqual([false, true]);
    const glass = rules.preset === "break-glass", r: Asked = { id, by, rules, voted: new Set(), over: null, used: glass, approved: glass, turn: 0 };
    this.#j.asked.push(r);
    if (!glass) return;
    expect([this.#j.helped(r), this.#j.standing(r), rules.where.disabled], `no vote, and yet: ${this.#j.told.slice(-25).join("\n")}`).toEqual([false, [], false]);
    for (const h of this.#j.asked) if (cut && h !== r && h.over === null && h.used && h.rules.where === rules.where) h.over = "cut by break-glass";
  }
  async #votes(): Promise<void> {
    const r = this.#one(this.#j.asked.filter((x) => x.over === null && !x.used)), by = this.#one(this.#humans)!, deny = this.#roll() < 0.1;
    if (r === undefined) return;
    const now = await this.#tried(deny ? "deny" : "approve", async () => vote(this.#w.deps, await this.#as(by), r.id, deny ? { decision: "deny", reason: "not today" } : { decision: "approve" }));
    if (now === null) return;
    expect([by.human === r.by.human, r.rules.approvers.includes(by), by.disabled, by.roles.has("approver")], "law: own-request").toEqual([false, true, false, true]);
    if (deny) r.over = "denied"; else r.voted.add(by);
    if (now.state === "approved") expect(r.rules.requesters, "nothing is approved that the policy of now does not give").toContain(r.by);
    if (now.state === "approved") Object.assign(r, { approved: true, turn: ++this.#turns });
  }
  /** Who holds an account, or is first in its queue, or anybody. */
  #next(suits: (r: Asked) => boolean): Asked | undefined {
    const at = this.#one(this.#where)!, all = this.#j.asked.filter((x) => x.over === null && x.approved && x.rules.where === at && suits(x)).sort((a, b) => Number(b.used) - Number(a.used) || a.turn - b.turn);
    return this.#roll() < 0.7 ? all[0] : this.#one(all);
  }
  async #shows(): Promise<void> {
    const r = this.#roll() < 0.2 ? this.#one(this.#j.asked) : this.#next((x) => x.rules.preset === "release" || x.rules.preset === "break-glass"), by = this.#roll() < 0.9 ? r?.by : this.#one(this.#humans);
    if (r === undefined || by === undefined) return;
    const shown = await this.#tried("release", async () => release(this.#w.deps, await this.#as(by), r.id));
    if (shown === null) return;
    expect(["release", "break-glass"], "sessions only").toContain(r.rules.preset);
    const all = [shown.password, ...shown.others.map((x) => x.password)].map(reveal);
    this.#shown += all.length;
    expect(r.rules.preset === "release" ? all.slice(0, 1) : all, "law: I2, what is shown is what is in force; under glass it is among it").toContain(this.#j.machines.get(r.rules.where.port));
    this.#j.handOut(r, by, "shown");
  }
  async #connects(): Promise<void> {
    const likely = this.#roll() < 0.8 ? this.#next((x) => x.rules.preset !== "release" || this.#roll() < 0.3) : undefined, where = likely?.rules.where ?? this.#one(this.#where)!, by = likely?.by ?? this.#one(this.#humans)!;
    const a = await this.#tried("admit", async () => admit(this.#w.deps, await this.#as(by), where.account, where.target, "shell"));
    if (a === null) return;
    const row = (await sessions.find(this.#w.db, a.session))!, of = this.#j.asked.find((x) => x.id === row.request)!;
    expect([reveal(a.password), of.rules.where], "law: I2").toEqual([this.#j.machines.get(where.port), where]);
    this.#j.handOut(of, by, "admitted");
    this.#j.open.push({ id: a.session, of });
    if (this.#roll() < 0.8) await sessionLive(this.#w.deps, a.session);
  }
  async #end(s: Open): Promise<void> {
    this.#j.open = this.#j.open.filter((x) => x !== s);
    await this.#tried("session over", () => sessionEnded(this.#w.deps, s.id, { why: "client_closed", detail: "", bytes: 0, identityChanged: false, facts: {} }));
  }
  async #leaves(): Promise<void> { const s = this.#one(this.#j.open); if (s !== undefined) await this.#end(s); }
  async #givesBack(): Promise<void> {
    const r = this.#one(this.#j.asked.filter((x) => x.used && x.over === null));
    if (r !== undefined && await this.#tried("give back", async () => giveBack(this.#w.deps, await this.#as(r.by), r.id)) !== null) r.over = "given back";
  }
  async #revokes(): Promise<void> {
    const r = this.#one(this.#j.asked.filter((x) => x.over === null)), by = this.#one(this.#humans)!;
    if (r === undefined || await this.#tried("revoke", async () => revokeRequest(this.#w.deps, await this.#as(by), r.id, "not any more")) === null) return;
    expect([by.disabled, by.roles.has("admin") || r.rules.approvers.includes(by)], "who revokes").toEqual([false, true]);
    r.over = "revoked";
  }
  async #cancels(): Promise<void> {
    const r = this.#one(this.#j.asked.filter((x) => x.over === null));
    if (r !== undefined && await this.#tried("cancel", async () => cancelRequest(this.#w.deps, await this.#as(r.by), r.id, "")) !== null) r.over = "cancelled";
  }
  /** What a lock and a disabled login end: what is held, not what is asked. */
  #ends(why: string, whose: (r: Asked) => boolean): void { for (const r of this.#j.asked) if (r.over === null && r.used && whose(r)) r.over = why; }
  async #locksIt(): Promise<void> {
    const by = this.#one(this.#humans.filter((h) => h.roles.has("admin")))!, at = this.#one(this.#where)!, kind = this.#one(["person", "account", "target", "broker"] as const)!, who = this.#one(this.#humans)!;
    const subject = kind === "person" ? who.login.person.id : kind === "account" ? at.id : kind === "target" ? at.targetId : "";
    if (this.#j.locks.some((l) => l.kind === kind && (l.subject === subject || kind === "broker"))) return;
    const lock = await this.#tried(`lock ${kind}`, async () => setLock(this.#w.deps, await this.#as(by), { kind, subject, reason: "something is wrong" }));
    if (lock === null) return;
    this.#j.locks.push({ id: lock.id, kind, subject });
    this.#ends("locked", (r) => kind === "broker" || (kind === "person" ? r.by === who : kind === "account" ? r.rules.where.id === at.id : r.rules.where.targetId === at.targetId));
  }
  async #lifts(): Promise<void> {
    const l = this.#one(this.#j.locks), by = this.#one(this.#humans.filter((h) => h.roles.has("admin")))!;
    if (l !== undefined && await this.#tried("lift", async () => liftLock(this.#w.deps, await this.#as(by), l.id, "")) !== null) this.#j.locks = this.#j.locks.filter((x) => x !== l);
  }
  async #disables(): Promise<void> {
    const by = this.#one(this.#humans.filter((h) => h.roles.has("admin")))!, who = this.#one(this.#humans)!;
    if (who.disabled || await this.#tried("disable", async () => changePerson(this.#w.deps, await this.#as(by), who.login.person.id, { disabled: true })) === null) return;
    who.disabled = true;
    this.#ends("disabled", (r) => r.by === who);
  }
  async #enables(): Promise<void> {
    const who = this.#one(this.#humans.filter((h) => h.disabled)), by = this.#one(this.#humans.filter((h) => h.roles.has("admin")))!;
    if (who === undefined || await this.#tried("enable", async () => changePerson(this.#w.deps, await this.#as(by), who.login.person.id, { disabled: false })) === null) return;
    who.disabled = false;
    this.#j.changes.push({ human: by.human, subject: who.login.person.id, confirmed: false });
  }
  async #rewrites(): Promise<void> {
    const by = this.#one(this.#humans.filter((h) => h.roles.has("admin")))!, r = this.#one(this.#rules)!, approvals = 1 + Math.floor(this.#roll() * 2), approvers = this.#humans.filter((h) => h.roles.has("approver") && this.#roll() < 0.8), out = this.#one(this.#humans), requesters = this.#humans.filter((h) => h.roles.has("user") && h !== out);
    if (approvers.length < 2 || await this.#tried("policy", async () => putPolicy(this.#w.deps, await this.#as(by), this.#written({ ...r, approvals, approvers, requesters }), r.id as never)) === null) return;
    Object.assign(r, { approvals, approvers, requesters });
    this.#j.changes.push({ human: by.human, subject: r.id, confirmed: false });
  }
  async #confirms(): Promise<void> {
    const c = this.#one(await people.openChanges(this.#w.db)), by = this.#roll() < 0.6 ? null : this.#one(this.#humans)!;
    if (c === undefined || await this.#tried("confirm", async () => confirmChange(this.#w.deps, by === null ? this.#w.auditor : await this.#as(by), c.id)) === null) return;
    const author = this.#humans.find((h) => h.login.person.id === c.author)!;
    expect(by?.human, "law: four eyes").not.toBe(author.human);
    const mine = this.#j.changes.find((x) => !x.confirmed && x.human === author.human && x.subject === c.subject);
    if (mine) mine.confirmed = true;
    for (const r of this.#j.asked) if (!r.approved && r.over === null && (await this.#w.sql(`select state from requests where id = '${r.id}'`))[0]!["state"] === "approved") Object.assign(r, { approved: true, turn: ++this.#turns });
  }
  async #timePasses(): Promise<void> {
    const r = this.#one(this.#j.asked.filter((x) => x.over === null));
    if (r === undefined) return;
    // While it is not its turn in a queue its time to begin stands still.
    if (r.approved && !r.used && (await this.#w.sql(`select paused_at from requests where id = '${r.id}'`))[0]!["paused_at"] !== null) return;
    await this.#w.late(r.id, r.used ? "until" : r.approved ? "start_by" : "expires_at");
    r.over = "out of time";
    this.#count("out of time");
    if (this.#roll() < 0.7) await expireRequest(this.#w.deps, r.id);
  }
  /** By hand: generated or typed, by an admin; whoever holds it is in the way, or is cut. */
  async #changesIt(): Promise<void> {
    const by = this.#one(this.#humans.filter((h) => h.roles.has("admin")))!, at = this.#one(this.#where)!, cut = this.#roll() < 0.4, typed = this.#roll() < 0.5;
    using password = Secret.of(`Typed-${Math.floor(this.#roll() * 1e12)}-x!Q`);
    const held = this.#j.asked.filter((r) => r.used && r.over === null && r.rules.where === at);
    const opened = await this.#tried("change now", async () => changePassword(this.#w.deps, await this.#as(by), at.id, { password: typed ? password : null, remote: true, reason: "by hand", cut }));
    if (opened === null) return;
    expect(by.disabled, "who changes").toBe(false);
    // One that was open already goes its own way: under broken glass it waits.
    if (opened.joined) return;
    if (!cut) return void expect(held.map((r) => r.id), `nobody's password is changed under them; ${this.#j.told.slice(-25).join("\n")}`).toEqual([]);
    for (const r of held) if ((await this.#w.sql(`select state from requests where id = '${r.id}'`))[0]!["state"] === "closed") r.over = "cut for a change";
  }
  async #blocks(): Promise<void> {
    const by = this.#one(this.#humans.filter((h) => h.roles.has("admin")))!, at = this.#one(this.#where)!;
    if (!at.disabled && await this.#tried("block", async () => setBlock(this.#w.deps, await this.#as(by), at.id, "disabled", "not for now")) !== null) at.disabled = true;
  }
  async #frees(): Promise<void> {
    const by = this.#one(this.#humans.filter((h) => h.roles.has("admin")))!, at = this.#one(this.#where.filter((x) => x.disabled));
    if (at !== undefined && !this.#j.locks.some((l) => l.subject === at.id) && await this.#tried("free", async () => setBlock(this.#w.deps, await this.#as(by), at.id, "none", "")) !== null) at.disabled = false;
  }
  /** The broker's jobs. */
  async #works(): Promise<void> {
    for (const r of this.#j.asked.filter((x) => x.over === "out of time")) await expireRequest(this.#w.deps, r.id);
    for (const { id } of this.#where) await rotateAfterUse(this.#w.deps, id);
    for (let r = await claim(this.#w.deps, []); r; r = await claim(this.#w.deps, [])) { await drive(this.#w.deps, r); this.#count("worked"); }
  }
  /** Of what is over no session lives that was not told to end. */
  async #cutsReached(): Promise<void> {
    this.#j.cutsReached(this.#w.cuts.map((c) => c.session));
    for (const s of this.#j.open.filter((x) => this.#w.cuts.some((c) => c.session === x.id))) if (this.#roll() < 0.3) await this.#end(s);
  }

  /** Everybody goes home: everything that was handed out is changed, and the vault knows what is in force. */
  async finish(): Promise<void> {
    for (const at of this.#where) if (at.disabled) await setBlock(this.#w.deps, this.#w.operator, at.id, "none", "");
    for (const l of [...this.#j.locks]) await liftLock(this.#w.deps, this.#w.operator, l.id, "");
    for (const r of this.#j.asked) if (r.over === null && r.used) await revokeRequest(this.#w.deps, this.#w.operator, r.id, "the day is over");
    for (const s of [...this.#j.open]) await this.#end(s);
    await settled();
    // What waited for a lock looks again each sweep, and after glass was broken in ten minutes: nobody waits for that here.
    await this.#w.sql("update accounts set healer_paused_until = null");
    for (let i = 0; i < 2; i++) { await this.#works(); await this.#w.sql("update rotations set next_at = null where state not in ('committed', 'refused')"); }
    await this.#works();
    for (const at of this.#where) {
      const a = (await accounts.find(this.#w.db, at.id))!;
      using current = openVersion(this.#w.deps, (await versions.find(this.#w.db, a.current!))!);
      expect([a.credential, handedOut(a), reveal(current) === this.#j.machines.get(at.port)], `${at.target} at the end`).toEqual(["in_sync", false, true]);
    }
    const said = await this.#w.sql("select what, count(*)::int as n from events where outcome in ('ok', 'intent') group by what"), n = (what: string): number => Number(said.find((x) => x["what"] === what)?.["n"] ?? 0);
    expect([n("password.released"), n("session.opening")], "law: every hand-out is an event").toEqual([this.#shown, this.counts["admit"] ?? 0]);
  }
  close(): Promise<void> { return this.#w.close(); }
}
