/** The durable rows. Rule: `save` is what the SQL store must be: one transaction, fenced, checked against NEXT and CREDENTIAL_NEXT, all or nothing. */
import type { AccountId, RotationId, VersionId } from "../../src/kernel/ids.ts";
import { CREDENTIAL_NEXT, type Credential } from "../../src/domain/account.ts";
import { loginAccepted, loginNotSent, loginsLeft, reserveLogin, type Facts, type LoginBudget, type Version } from "../../src/domain/rotation-facts.ts";
import { NEXT, OPEN, open, type AnyStep, type Opening, type OpenState, type Rotation } from "../../src/domain/rotation.ts";
import { CRASH, T, type World } from "./world.ts";

export type Stored = { -readonly [K in keyof Version]: Version[K] } & { password: string; readonly bad: boolean };
type Row = Rotation;
export const isOpen = (r: Row | null): r is Rotation<OpenState> => r !== null && (OPEN as readonly string[]).includes(r.state);

export class Store {
  versions: Stored[] = [];
  row: Row | null = null;
  checks: number[] = [];
  account = { credential: "in_sync" as Credential, usedNo: 0, rotatedNo: 0, adopted: 2, budget: { spent: 0, until: null } as LoginBudget };
  #w: World;
  constructor(w: World, password: string) {
    this.#w = w;
    this.versions.push({ id: "ver_0" as VersionId, no: 0, status: "current", password, bad: false });
  }

  current(): Stored | undefined { return this.versions.find((v) => v.status === "current"); }
  version(id: VersionId | null): Stored | undefined { return this.versions.find((v) => v.id === id); }

  facts(): Facts {
    const w = this.#w, p = w.platform, busy = !p.agent && w.now < w.adminBusyUntil;
    if (busy) w.count.adminBusy++;
    return {
      credential: this.account.credential, versions: this.versions, self: p.self,
      administrative: p.administrative ? (busy ? "busy" : "ready") : "none", reconcile: p.reconcile ? (busy ? "busy" : "ready") : "none",
      canCompare: p.compare && !busy, budget: w.wrap.noBudget ? { spent: 0, until: null } : this.account.budget, resetsOnSuccess: p.resets,
      lockoutWindow: null, blocked: false, adoptedBefore: this.account.adopted,
    };
  }

  /** The transaction runs, or not, or nobody knows. */
  tx<R>(work: () => R): R {
    const w = this.#w;
    if (w.chance(0.008, "commit_refused")) throw CRASH;
    if (w.chance(0.008, "commit_lost")) { w.count.commitUnknown++; if (w.roll() < 0.5) { work(); w.judge.look(); } throw CRASH; }
    const out = work();
    w.judge.look();
    if (w.chance(0.008, "crash")) throw CRASH;
    return out;
  }

  openRow(o: Omit<Opening, "id" | "account" | "before" | "reason" | "by">): void {
    if (isOpen(this.row)) throw new Error("I3: a second open rotation");
    this.#w.count.rotations++;
    this.row = open({ ...o, id: this.#w.name("rot") as RotationId, account: "acc_1" as AccountId, before: this.account.credential, reason: "", by: null });
  }

  /** The row after the step, or null: zero rows changed, so somebody else has it. */
  save(step: AnyStep): Row | null {
    return this.tx(() => {
      const row = this.row, fenced = row === null || row.id !== step.from.id || row.state !== step.from.state || row.fence !== step.from.fence;
      if (fenced && !this.#w.wrap.noFence) { this.#w.count.fenced++; return null; }
      if (fenced && row !== null && row.id !== step.from.id && isOpen(row) && isOpen(step.to)) return null;
      if (!(NEXT[step.from.state] as readonly string[]).includes(step.to.state)) throw new Error(`${step.from.state} -> ${step.to.state}`);
      if (step.effects.login === "reserve" && !this.reserve()) return null;
      const again = row?.id === step.to.id ? row.again ?? step.to.again : step.to.again;
      const saved: Row = { ...step.to, again };
      this.row = saved;
      this.#apply(step, again);
      return saved;
    });
  }

  reserve(): boolean {
    if (this.#w.wrap.noBudget) return true;
    if (loginsLeft(this.account.budget, this.#w.date()) < 1) return false;
    this.account.budget = reserveLogin(this.account.budget, this.facts(), this.#w.date(), T);
    return true;
  }
  settle(login: "accepted" | "not_sent"): void {
    this.account.budget = login === "accepted" ? loginAccepted(this.account.budget, this.facts()) : loginNotSent(this.account.budget);
  }

  credential(to: Credential): void {
    const from = this.account.credential;
    if (from !== to && !(CREDENTIAL_NEXT[from] as readonly string[]).includes(to) && !this.#w.wrap.noFence) throw new Error(`credential ${from} -> ${to}`);
    this.account.credential = to;
  }

  #apply({ to, effects }: AnyStep, again: Opening["trigger"] | null): void {
    const c = this.#w.count;
    for (const e of effects.versions) { const v = this.version(e.id); if (v) v.status = e.to; }
    if (effects.credential !== null) this.credential(effects.credential);
    if (effects.rotatedNo !== null) this.account.rotatedNo = Math.max(this.account.rotatedNo, effects.rotatedNo);
    if (effects.adopted !== null) this.account.adopted = effects.adopted;
    if (effects.login === "accepted" || effects.login === "not_sent") this.settle(effects.login);
    if (effects.closure !== null) this.checks.push(...effects.closure.at.map((d) => d.getTime()));
    if (to.state === "committed") c.committed++;
    if (to.state === "refused") c.refused++;
    if (effects.tell === "dead_letter") c.deadLetters++;
    const next = again ?? effects.openNext;
    if (next !== null && !isOpen(to)) this.openRow({ trigger: next, origin: "generated", candidate: null });
  }
}
