/** The words of an account, when it is due, and what a password must be. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BLOCKS, CREDENTIAL_NEXT, handedOut, obstacle, standing, type Credential, type Hold } from "../../src/domain/account.ts";
import { byHand, isDue, isUnused, typedUntil, type Use } from "../../src/domain/due.ts";
import { brokenRules, CLASSES, PASSWORD_POLICIES } from "../../src/domain/password-policy.ts";
import { identityText, TargetInput } from "../../src/domain/target.ts";
import { times } from "../../src/kernel/times.ts";

const CREDENTIALS = Object.keys(CREDENTIAL_NEXT) as Credential[], hold: Hold = { person: "per_1" as Hold["person"], personName: "ann", until: new Date(1), exclusive: true, policy: "pol_1" as Hold["policy"] };

describe("standing and obstacle", () => {
  const account = fc.record({ credential: fc.constantFrom(...CREDENTIALS), block: fc.constantFrom(...BLOCKS), usedNo: fc.nat(3), rotatedNo: fc.nat(3), typedRun: fc.nat(3) }).filter((a) => Math.max(a.rotatedNo, a.typedRun) <= a.usedNo);
  test("worst news first, one word for each", () => {
    const base = { credential: "in_sync", block: "none", usedNo: 1, rotatedNo: 1, typedRun: 0 } as const;
    expect(standing(base, [])).toEqual({ word: "available" });
    expect(standing({ ...base, usedNo: 2 }, [])).toEqual({ word: "due" });
    expect(standing({ ...base, usedNo: 3, typedRun: 2 }, []), "typed, not handed out").toEqual({ word: "available" });
    expect(standing({ ...base, usedNo: 2 }, [hold])).toEqual({ word: "held", by: "ann", until: hold.until });
    expect(standing({ ...base, credential: "changing" }, [hold])).toEqual({ word: "rotating" });
    expect(standing({ ...base, credential: "quarantined", block: "locked" }, [hold])).toEqual({ word: "blocked", why: "locked" });
    for (const c of ["unmanaged", "adopting", "unverified", "quarantined"] as const) expect(standing({ ...base, credential: c }, [hold])).toEqual({ word: c });
  });
  test("what is available has no obstacle, and what has one is not called available", () => {
    fc.assert(fc.property(account, (a) => {
      const word = standing(a, []).word, why = obstacle(a, handedOut(a));
      expect(why === null).toBe(word === "available");
    }), { numRuns: 500 });
  });
});

describe("due", () => {
  const T = times(1), now = new Date(1_000_000_000), ago = fc.option(fc.integer({ min: 0, max: 200_000 }).map((ms) => new Date(now.getTime() - ms)));
  const use: fc.Arbitrary<Use> = fc.record({ credential: fc.constantFrom(...CREDENTIALS), usedNo: fc.nat(3), rotatedNo: fc.nat(3), typedRun: fc.nat(3), preset: fc.constantFrom("session", "release", "shared", "break-glass"), liveSessions: fc.nat(2), liveCheckouts: fc.nat(2), lastSessionEndedAt: ago, reconnectGrace: fc.option(fc.nat(120_000)), typedAt: fc.option(fc.integer({ min: 0, max: 2 * T.typedTtl }).map((ms) => new Date(now.getTime() - ms))) }).filter((u) => Math.max(u.rotatedNo, u.typedRun) <= u.usedNo);
  test("law: due-derived — never while somebody uses it, never twice for one use, and always in the end", () => {
    fc.assert(fc.property(use, (u) => {
      const due = isDue(u, now, T);
      if (u.liveSessions > 0) expect(due).toBe(false);
      if (!handedOut(u) && (u.typedAt === null || typedUntil(u.typedAt, T) > now)) expect(due).toBe(false);
      if (u.liveCheckouts > 0 && (u.preset === "release" || u.preset === "break-glass")) expect(due).toBe(false);
      if (["unmanaged", "adopting", "quarantined"].includes(u.credential)) expect(due).toBe(false);
      const later = new Date(now.getTime() + T.typedTtl), over = { ...u, liveSessions: 0, liveCheckouts: 0 };
      expect(isDue(over, later, T)).toBe((handedOut(u) || u.typedAt !== null) && ["in_sync", "changing", "unverified"].includes(u.credential));
      if (isUnused(u, now, T)) expect(isUnused(u, later, T), "time alone takes nothing back").toBe(true);
    }), { numRuns: 1_000 });
  });
});

test("law: no-way-round-1 — a typed password is due exactly typedTtl after it was typed; handed out meanwhile, at once", () => {
  const T = times(1), typedAt = new Date(1_000_000), at = (ms: number) => new Date(typedAt.getTime() + ms);
  const typed: Use = { credential: "in_sync", usedNo: 4, rotatedNo: 3, typedRun: 1, preset: "session", liveSessions: 0, liveCheckouts: 0, lastSessionEndedAt: null, reconnectGrace: null, typedAt };
  expect([0, T.typedTtl - 1, T.typedTtl].map((ms) => isDue(typed, at(ms), T))).toEqual([false, false, true]);
  const used = { ...typed, usedNo: 5, typedRun: 0 };
  expect([isDue(used, at(1), T), isDue({ ...used, liveSessions: 1 }, at(2 * T.typedTtl), T), isDue({ ...typed, preset: "release", liveCheckouts: 1 }, at(2 * T.typedTtl), T)]).toEqual([true, false, false]);
  expect(isDue({ ...typed, credential: "unmanaged" }, at(T.typedTtl), T), "declared and never adopted: not ours to change").toBe(false);
  expect(["typed", "typed by x", "imported", "rotation rot_1 0", "generated", "retyped"].map(byHand)).toEqual([true, true, true, false, false, false]);
});

describe("password rules", () => {
  const medium = PASSWORD_POLICIES["medium"]!, none = /$^/, good = "kV7#mQ2!xW9?bT4%nR6~";
  test("every broken rule is named at once", () => {
    expect(brokenRules(good, medium, "app1", none)).toEqual([]);
    expect(brokenRules("aaaa", medium, "app1", none)).toEqual(["at least 20 characters", "1 or more upper-case letters", "1 or more digits", "1 or more symbols", "no character more than 2 times in a row"]);
    expect(brokenRules(`${good}App1`, medium, "app1", none)).toEqual(["not the login name"]);
    expect(brokenRules(`${good}abcd`, medium, "app1", none)).toEqual(["no run such as abcd or 4321"]);
    expect(brokenRules(`${good}4321`, medium, "app1", none)).toEqual(["no run such as abcd or 4321"]);
    expect(brokenRules(`${good}PassWord`, medium, "app1", none)).toEqual(["no well-known word, not with figures for letters either"]);
    for (const word of ["P@ssw0rd", "adm1n", "W3LC0ME", "dr4g0n"]) expect(brokenRules(`${good}${word}`, medium, "app1", none), word).toEqual(["no well-known word, not with figures for letters either"]);
    expect(brokenRules(`${good}ap9x`, medium, "apgx", none), "a login name with figures").toEqual(["not the login name"]);
    expect(brokenRules(`${good}\n`, medium, "app1", none)).toEqual(["no control characters"]);
    expect(brokenRules(`${good}:`, medium, "app1", /[:]/)).toEqual(["no character that this kind of target cannot take"]);
    expect(brokenRules(good.repeat(7), medium, "app1", none)).toEqual(["at most 128 characters"]);
  });
  test("a rule broken stays broken with the others kept: each is judged by itself", () => {
    const chars = fc.string({ unit: fc.constantFrom(...CLASSES.lower, ...CLASSES.upper, ...CLASSES.digit, ..."!#%+"), maxLength: 40 });
    fc.assert(fc.property(chars, fc.constantFrom("low", "medium", "strong"), (text, name) => {
      const p = PASSWORD_POLICIES[name]!, broken = brokenRules(text, p, "root", none), count = (set: string) => [...text].filter((c) => set.includes(c)).length;
      expect(broken.includes(`at least ${p.length} characters`)).toBe(text.length < p.length);
      expect(broken.includes(`${p.lower} or more lower-case letters`)).toBe(count(CLASSES.lower) < p.lower);
      expect(broken.includes(`${p.digit} or more digits`)).toBe(count(CLASSES.digit) < p.digit);
      expect(broken.includes(`no character more than ${p.maxRepeat} times in a row`)).toBe(new RegExp(`(.)\\1{${p.maxRepeat}}`).test(text));
      expect(broken.every((s) => text === "" || !s.includes(text) || text.length < 4), "a sentence never repeats the password").toBe(true);
    }), { numRuns: 500 });
  });
});

describe("the identity of a target", () => {
  const settings = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }), base = { platform: "linux-ssh", host: "Web-1", port: 22, link: "direct" as const };
  test("the same settings in another order are the same identity; any other word is another one", () => {
    fc.assert(fc.property(settings, (s) => {
      const turned = Object.fromEntries(Object.entries(s).reverse());
      expect(identityText({ ...base, settings: turned, host: "WEB-1" })).toBe(identityText({ ...base, settings: s }));
      for (const other of [{ port: 23 }, { host: "web-2" }, { platform: "x" }, { settings: { ...s, hostKeys: ["other"] } }]) expect(identityText({ ...base, settings: s, ...other })).not.toBe(identityText({ ...base, settings: s }));
    }));
  });
  test("a host is a name or an address, never a command", () => {
    const ok = (host: string) => TargetInput.safeParse({ name: "x", platform: "p", host, port: 22 }).success;
    expect([ok("web-1.example.org"), ok("::1"), ok("10.0.0.1"), ok(""), ok("a b"), ok("a;b"), ok("$(x)"), ok("a/b")]).toEqual([true, true, true, false, false, false, false, false]);
  });
});
