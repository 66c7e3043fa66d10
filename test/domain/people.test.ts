/** Who is one human, who may ask and vote, and how votes add up. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { needsTotp, PersonName, samePerson, type Person } from "../../src/domain/person.ts";
import { approverNames, coversAccount, entitled, mayAsk, PolicyBinding, PolicyInput, PolicyTerms, type Policy } from "../../src/domain/policy.ts";
import { like } from "../../src/domain/like.ts";
import type { Request } from "../../src/domain/request.ts";
import { helpedByOwnChange, tally, type Vote } from "../../src/domain/vote.ts";
import type { GroupId, PersonId } from "../../src/kernel/ids.ts";

const person = (id: string, facts: Partial<Person> = {}): Person => ({ id: id as PersonId, name: id, fullName: id, mail: null, subject: null, employeeNo: null, roles: ["user", "approver"], groups: [], disabled: false, totp: false, ...facts });
const policy = (terms: object = {}, binding: object = {}, active = true): Policy => ({ id: "pol_1" as Policy["id"], name: "p", active, terms: PolicyTerms.parse(terms), binding: PolicyBinding.parse(binding) });

describe("samePerson", () => {
  const who = fc.record({ id: fc.constantFrom("a", "b", "c"), mail: fc.constantFrom(null, "", " ", "x@y", "X@Y ", "z@y"), subject: fc.constantFrom(null, "", "s"), employeeNo: fc.constantFrom(null, "7", " 7") }).map(({ id, ...f }) => person(id, f));
  test("law: own-request — is symmetric, holds for oneself, and blanks tie nobody", () => {
    fc.assert(fc.property(who, who, (a, b) => {
      expect(samePerson(a, b)).toBe(samePerson(b, a));
      expect(samePerson(a, a)).toBe(true);
      const tied = (["mail", "subject", "employeeNo"] as const).some((k) => (a[k] ?? "").trim() !== "" && (a[k] ?? "").trim().toLowerCase() === (b[k] ?? "").trim().toLowerCase());
      expect(samePerson(a, b)).toBe(a.id === b.id || tied);
    }), { numRuns: 500 });
  });
  test("law: own-request — earlier ties that are still unconfirmed tie on, on either side and on both", () => {
    fc.assert(fc.property(who, who, who, who, (a, b, wasA, wasB) => {
      const old = person("z"), ties = (p: Person) => ({ mail: p.mail, subject: p.subject, employeeNo: p.employeeNo }), is = samePerson({ ...a, was: [ties(wasA)] }, { ...b, was: [ties(old), ties(wasB)] });
      expect(is).toBe(a.id === b.id || [a, wasA].some((x) => [b, wasB].some((y) => samePerson({ ...x, id: "x" as PersonId }, { ...y, id: "y" as PersonId }))));
    }), { numRuns: 500 });
  });
  test("names are login names; admins and approvers present a second factor", () => {
    for (const bad of ["", "Me", "a b", "a@b", "a".repeat(65), "ä", "a\n"]) expect(PersonName.safeParse(bad).success, bad).toBe(false);
    expect(PersonName.safeParse("svc.backup_01-x").success).toBe(true);
    expect([needsTotp(person("a", { roles: ["user", "owner", "auditor"] })), needsTotp(person("a", { roles: ["admin"] })), needsTotp(person("a"))]).toEqual([false, true, true]);
  });
});

describe("like", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", ".", "+", "(", "\\", "$", "\n"), maxLength: 8 });
  /** The slow and plain way. */
  const slow = (p: string, t: string): boolean => (p === "" ? t === "" : p[0] === "*" ? slow(p.slice(1), t) || (t !== "" && slow(p, t.slice(1))) : t !== "" && p[0] === t[0] && slow(p.slice(1), t.slice(1)));
  test("a star is any run, everything else is itself", () => {
    fc.assert(fc.property(fc.array(fc.oneof(letters, fc.constant("*")), { maxLength: 5 }), letters, (parts, text) => { expect(like(parts.join(""), text)).toBe(slow(parts.join(""), text)); }), { numRuns: 2_000 });
    fc.assert(fc.property(letters, letters, letters, (a, b, c) => { expect(like(`${a}*${c}`, a + b + c)).toBe(true); expect(like(a, a)).toBe(true); expect(like("*", a)).toBe(true); }));
    expect([like("app*", "app1"), like("app*", "xapp1"), like("a*a", "a"), like("a.c", "abc"), like("", ""), like("", "x")]).toEqual([true, false, false, false, true, false]);
  });
  test("many stars over a long name take no time", () => {
    const begun = performance.now();
    expect(like(`${"a*".repeat(40)}b`, "a".repeat(128))).toBe(false);
    expect(performance.now() - begun).toBeLessThan(200);
  });
});

describe("a policy", () => {
  const target = { name: "web-1", tags: ["prod"], platform: "linux-ssh" }, app = { name: "app1" };
  test("covers what all of its lists name; an empty list names everything, an inactive policy nothing", () => {
    const covers = (b: object, active = true) => coversAccount(policy({}, b, active), app, target);
    expect([covers({}), covers({ targets: ["web-*"] }), covers({ targets: ["db-*"] }), covers({ accountNames: ["root", "app*"] }), covers({ accountNames: ["root"] }), covers({ tags: ["prod", "x"] }), covers({ tags: ["prod*"] }), covers({ platforms: ["linux-ssh"], targets: ["db-1"] }), covers({}, false)])
      .toEqual([true, true, false, true, false, true, false, false, false]);
  });
  test("names who may ask and who may vote: by id or group, in the role, and not disabled", () => {
    const group = "grp_1" as GroupId, p = policy({}, { requesters: ["per_a"], requesterGroups: [group], approvers: ["per_a"], approverGroups: [group] });
    for (const ask of [mayAsk, entitled]) {
      expect([ask(p, person("per_a")), ask(p, person("per_b")), ask(p, person("per_b", { groups: [group] })), ask(p, person("per_a", { disabled: true })), ask(p, person("per_a", { roles: ["admin", "auditor", "owner"] }))]).toEqual([true, false, true, false, false]);
    }
    expect(mayAsk({ ...p, active: false }, person("per_a"))).toBe(false);
    expect(approverNames(p, [person("per_a"), person("z", { groups: [group] }), person("b", { groups: [group] })], "per_a" as PersonId)).toEqual(["b", "z"]);
    expect(mayAsk(policy(), person("per_a")), "what no policy gives does not exist").toBe(false);
  });
  test("is refused with a pattern that is none, no votes or no time", () => {
    for (const terms of [{ ticketPattern: "(" }, { approvals: 0 }, { maxMinutes: 0 }, { preset: "exclusive" }, { entries: -1 }, { channels: ["telnet"] }, { forwardTo: ["localhost"] }, { files: { allow: ["../x"] } }]) expect(PolicyInput.safeParse({ name: "x", terms, binding: {} }).success, JSON.stringify(terms)).toBe(false);
  });
});

describe("tally", () => {
  const me = person("per_me", { mail: "me@x" }), ids = ["per_1", "per_2", "per_3", "per_4"], people = [me, person("per_1"), person("per_2", { mail: "two@x" }), person("per_3", { mail: "TWO@x" }), person("per_4", { mail: "ME@x" })];
  const p = (approvals: number) => policy({ approvals }, { approvers: [...ids, "per_me"] }), request = { termsHash: "now", terms: { minutes: 60 } } as Request, all = new Map(people.map((x) => [x.id, x]));
  const votes = fc.array(fc.record({ voter: fc.constantFrom(...ids, "per_me", "per_gone"), decision: fc.constantFrom("approve", "deny"), minutes: fc.option(fc.integer({ min: 1, max: 60 })), termsHash: fc.constantFrom("now", "then") }), { maxLength: 8 }) as fc.Arbitrary<unknown> as fc.Arbitrary<Vote[]>;
  test("law: own-request — counts distinct humans that are named, not the requester, on these very terms; minutes only shrink", () => {
    fc.assert(fc.property(votes, fc.integer({ min: 1, max: 4 }), (cast, need) => {
      const t = tally(request, me, p(need), cast, all), good = cast.filter((v) => v.decision === "approve" && v.termsHash === "now" && ["per_1", "per_2", "per_3"].includes(v.voter));
      const humans = new Set(good.map((v) => (v.voter === ("per_3" as PersonId) ? "per_2" : v.voter)));
      expect(t).toMatchObject({ have: humans.size, need, enough: humans.size >= need });
      expect(t.minutes).toBeLessThanOrEqual(60);
      if (good.length === 0) expect(t.minutes).toBe(60);
    }), { numRuns: 1_000 });
  });
  test("law: no-way-round-4 — only one's own unconfirmed change of something the request rests on helps", () => {
    const c = { author: me.id, subject: "pol_1", confirmed: false };
    expect([helpedByOwnChange(me.id, ["pol_1"], [c]), helpedByOwnChange(me.id, ["pol_2"], [c]), helpedByOwnChange(me.id, ["pol_1"], [{ ...c, confirmed: true }]), helpedByOwnChange("per_1" as PersonId, ["pol_1"], [c]), helpedByOwnChange(me.id, ["pol_1"], [])]).toEqual([true, false, false, false, false]);
  });
});
