/** Who may do what, written down a second time as a table. Rule: a rule that changes must be changed here too, by somebody who reads the row. */
import { expect, test } from "vitest";
import { ACTS, may, type Act, type Thing } from "../../src/domain/may.ts";
import { ROLES, type Person, type Role } from "../../src/domain/person.ts";
import type { PersonId } from "../../src/kernel/ids.ts";

const ME = "per_me" as PersonId, person = (roles: readonly Role[], disabled = false): Person => ({ id: ME, name: "me", fullName: "", mail: null, subject: null, employeeNo: null, roles, groups: [], disabled, totp: false });
/** Ways in: a role alone; or +mine, +owns (with the role owner), +entitled, +offered, each with no role at all but where one is named. */
const ALLOWED: Record<Act, string[]> = {
  "account.see": ["admin", "auditor", "owner+owns", "offered"], "account.ask": ["user+offered"], "account.manage": ["admin", "owner+owns"], "account.rotate": ["admin", "owner+owns"], "account.verify": ["admin", "owner+owns"], "account.cut": ["admin", "owner+owns"],
  "account.history": ["admin", "auditor", "owner+owns"], "target.manage": ["admin", "owner+owns"], "target.add": ["admin", "owner"],
  "request.see": ["admin", "auditor", "mine", "entitled"], "request.cancel": ["mine"], "request.vote": ["entitled"], "request.revoke": ["admin", "entitled"], "request.review": ["auditor", "entitled"],
  "checkout.use": ["mine"], "checkout.close": ["admin", "mine"], "password.show": ["mine"],
  "session.list": ["admin", "auditor", "mine"], "session.play": ["auditor"], "session.watch": ["auditor"], "session.end": ["admin", "auditor", "mine"],
  "audit.read": ["admin", "auditor"], "person.manage": ["admin"], "policy.manage": ["admin"], "platform.see": ["admin", "auditor", "owner"], "platform.write": ["admin", "owner"], "platform.accept": ["admin"], "dependent.see": ["admin", "auditor", "owner+owns"], "dependent.write": ["admin"], "dependent.accept": ["admin"], "demonstration.see": ["admin", "auditor", "mine"], "demonstration.allow": ["admin"], "demonstration.drop": ["admin", "mine"], "demonstration.show": ["mine"], "agent.list": ["admin", "auditor", "owner"], "agent.see": ["admin", "auditor", "owner+owns"], "agent.enrol": ["admin", "owner"], "agent.manage": ["admin", "owner+owns"], "agent.broker_key": ["admin"], "policy.see": ["admin", "auditor"], "password_policy.see": ["admin", "auditor", "owner"], "change.confirm": ["admin", "auditor"],
  "audit.check": ["admin", "auditor"], "audit.export": ["admin", "auditor"], "session.search": ["auditor"], "session.raw": ["auditor"], "exposure.see": ["admin", "auditor"], "exposure.rotate": ["admin"],
  "bulk.open": ["admin", "owner"], "bulk.see": ["admin", "auditor", "mine"], "bulk.move": ["admin", "mine"], "schedule.see": ["admin", "auditor", "mine"], "schedule.manage": ["admin", "mine"],
  "discovery.see": ["admin", "auditor", "owner+owns"], "discovery.run": ["admin", "owner+owns"], "discovery.rule": ["admin", "owner"], "discovery.rules": ["admin", "auditor", "owner"],
  "lock.set": ["admin"], "lock.see": ["admin", "auditor"], "notice.see": ["admin", "auditor"], "notice.manage": ["admin"],
  "broker.backup": ["admin"], "broker.health": ["admin", "auditor"],
};
const THINGS: Record<string, Thing> = { "": {}, mine: { requester: ME }, owns: { owner: ME }, entitled: { entitled: true }, offered: { offered: true }, foreign: { requester: "per_other" as PersonId, owner: "per_other" as PersonId, entitled: false, offered: false }, ownerless: { owner: null } };
const allowed = (act: Act, role: Role | null, tie: string): boolean => ALLOWED[act].some((way) => way === role || way === tie || way === `${role ?? ""}+${tie}`);

test("law: one-authorise — every act × role × tie answers as the table says", () => {
  expect(Object.keys(ALLOWED).sort()).toEqual([...ACTS].sort());
  for (const act of ACTS) for (const role of [null, ...ROLES]) for (const [tie, thing] of Object.entries(THINGS)) {
    expect(may(person(role ? [role] : []), act, thing), `${act} as ${role ?? "nobody"} ${tie}`).toBe(allowed(act, role, tie));
  }
});

test("law: one-authorise — a disabled person may nothing, roles add up and never take away", () => {
  const everything: Thing = { requester: ME, owner: ME, entitled: true, offered: true };
  for (const act of ACTS) {
    expect(may(person(ROLES, true), act, everything), act).toBe(false);
    for (const thing of Object.values(THINGS)) expect(may(person(ROLES), act, thing), act).toBe([null, ...ROLES].some((r) => may(person(r ? [r] : []), act, thing)));
  }
});

test("an administrator sees no password and carries no vote by the role alone", () => {
  for (const act of ["password.show", "checkout.use", "request.vote", "session.play", "session.watch", "account.ask"] as const) expect(may(person(["admin"]), act, THINGS["foreign"]), act).toBe(false);
});

test("law: one-authorise — the machine's operator keeps the broker alive and does nothing a person does", () => {
  const everything: Thing = { requester: ME, owner: ME, entitled: true, offered: true };
  for (const thing of [...Object.values(THINGS), everything]) expect(ACTS.filter((act) => may("operator", act, thing))).toEqual(["broker.backup", "broker.health"]);
});
