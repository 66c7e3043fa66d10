/** Who judges the walk (access-walk.ts). Rule: it knows what verbs answered and the machines' own passwords, and nothing that a row of the broker says. */
import { expect } from "vitest";
import type { Preset } from "../../src/domain/policy.ts";
import type { Caller } from "../../src/flow/record.ts";
import type { AccountId, LockId, PersonId, RequestId, SessionId } from "../../src/kernel/ids.ts";

export type Human = { readonly login: Caller; readonly human: string; disabled: boolean; roles: ReadonlySet<string> };
export type Where = { readonly id: AccountId; readonly account: string; readonly target: string; readonly targetId: string; readonly port: number; disabled: boolean };
export type Rules = { readonly id: string; readonly name: string; readonly preset: Preset; readonly where: Where; approvals: number; approvers: readonly Human[]; requesters: readonly Human[] };
export type Asked = { readonly id: RequestId; readonly by: Human; readonly rules: Rules; readonly voted: Set<Human>; over: string | null; used: boolean; approved: boolean; /** In the order in which they were approved. */ turn: number };
export type Open = { readonly id: SessionId; readonly of: Asked };
export type Lock = { readonly id: LockId; readonly kind: string; readonly subject: string };
export type Change = { readonly human: string; readonly subject: string; confirmed: boolean };

export class Judge {
  readonly asked: Asked[] = [];
  open: Open[] = [];
  locks: Lock[] = [];
  readonly changes: Change[] = [];
  /** What was done, in its order. */
  readonly told: string[] = [];
  /** Passwords of the machines, as they are. */
  readonly machines = new Map<number, string>();
  /** Of each password of each machine, who was given it and by which request. */
  readonly #given = new Map<string, Set<Asked>>();

  /** An unconfirmed change of their own to what the access rests on. */
  helped(r: Asked): boolean {
    const subjects = new Set<string>([r.rules.id, r.by.login.person.id, r.rules.where.id, r.rules.where.targetId, ...[...r.voted].map((v) => v.login.person.id)]);
    return this.changes.some((c) => !c.confirmed && c.human === r.by.human && subjects.has(c.subject));
  }
  /** Everything that must be so at the moment in which somebody is given something. */
  handOut(r: Asked, by: Human, how: "shown" | "admitted"): void {
    const { rules } = r, at = `${how} to ${by.login.person.name}: ${r.id}, ${rules.name}\n${this.told.slice(-25).join("\n")}`;
    expect([by === r.by, r.over, by.disabled, r.approved, rules.where.disabled], `never without approval; ${at}`).toEqual([true, null, false, true, false]);
    if (!r.used) {
      expect(rules.requesters.includes(by), `the policy of now gives it to them; ${at}`).toBe(true);
      const humans = new Set([...r.voted].filter((v) => !v.disabled && v.roles.has("approver") && rules.approvers.includes(v) && v.human !== r.by.human).map((v) => v.human));
      expect(humans.size, `law: quorum of distinct others, as of now; ${at}`).toBeGreaterThanOrEqual(rules.approvals);
    }
    expect(this.helped(r), `law: no-way-round-4; ${at}`).toBe(false);
    expect(this.standing(r), `no lock stands; ${at}`).toEqual([]);
    if (rules.preset === "break-glass") return this.#give(r);
    const others = this.asked.filter((x) => x !== r && x.used && x.over === null && x.rules.where === rules.where && x.by !== by), alone = others.filter((x) => x.rules.preset === "session" || x.rules.preset === "release");
    expect(alone.map((x) => x.id), `law: exclusive-hold; ${at}`).toEqual([]);
    if (rules.preset !== "shared") {
      const inside = this.open.filter((s) => s.of.rules.where === rules.where && s.of.by !== by && !(s.of.rules.preset === "break-glass" && s.of.over === null));
      if (!r.used) expect(inside.map((s) => s.id), `nobody else is in a session with it; ${at}`).toEqual([]);
    }
    const before = this.#before(r).filter((x) => !(r.used && x.rules.preset === "break-glass"));
    if (rules.preset !== "shared") expect(before.filter((x) => x.over !== null && x.by.human !== by.human).map((x) => x.id), `law: due-derived, nobody knows it from before; ${at}`).toEqual([]);
    this.#give(r);
  }
  standing(r: Asked): Lock[] { return this.locks.filter((l) => l.kind === "broker" || [r.by.login.person.id, r.rules.where.id, r.rules.where.targetId].includes(l.subject as PersonId)); }
  #before({ rules: { where } }: Asked): Asked[] { return [...this.#given.get(`${where.port} ${this.machines.get(where.port)!}`) ?? []]; }
  #give(r: Asked): void {
    r.used = true;
    this.#given.set(`${r.rules.where.port} ${this.machines.get(r.rules.where.port)!}`, new Set([...this.#before(r), r]));
  }
  /** Of what is over no session lives that was not told to end. */
  cutsReached(cut: readonly string[]): void {
    for (const s of this.open) if (s.of.over !== null && s.of.over !== "out of time") expect(cut, `law: cut-off, ${s.of.over}: ${s.id}\n${this.told.slice(-25).join("\n")}`).toContain(s.id);
  }
}
