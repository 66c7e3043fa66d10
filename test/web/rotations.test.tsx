/** "Change password", the pages of a change and of password policies, as a manager meets them. Rule: what was typed is in no answer, no address, no row in clear. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { actor, record } from "../../src/flow/record.ts";
import { putPasswordPolicy } from "../../src/flow/password-policies.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as targets from "../../src/store/targets.ts";
import * as versions from "../../src/store/versions.ts";
import { events } from "../../src/store/schema.ts";
import { Browser, world, type World } from "./world.ts";

let w: World, operator: Browser, requester: Browser, auditor: Browser;
const db = () => w.deps.flow.db, root = async () => (await accounts.named(db(), "root@web-1"))!;
const GOOD = "Vq7#mK2!vT9?bR4%nX6~", BAD = "Shorty-1";
beforeAll(async () => {
  w = await world();
  operator = await new Browser(w).login("operator");
  requester = await new Browser(w).login("requester");
  auditor = await new Browser(w).login("auditor");
});
afterAll(() => w.close());

describe("change password", () => {
  it("shows the policy and where it comes from; a manager's page alone", async () => {
    const page = await operator.get(`/accounts/${(await root()).id}/password`);
    expect(page.text).toMatch(/20 characters, 1 lower-case letter,.*Password policy <b>medium<\/b>, the default/s);
    expect(page.text).toContain('name="remote" value="yes" checked');
    for (const b of [requester, auditor]) expect((await b.get(`/accounts/${(await root()).id}/password`)).status).toBe(404);
  });
  it("a refusal names every broken rule at once, keeps the choices and echoes no password", async () => {
    const at = `/accounts/${(await root()).id}/password`, r = await operator.post(at, { how: "type", password: BAD, again: BAD, remote: "yes", reason: "by hand" });
    expect(r.status).toBe(422);
    expect(r.text).toContain("at least 20 characters");
    expect(r.text).toContain('value="by hand"');
    expect(r.text).not.toContain(BAD);
    const differ = await operator.post(at, { how: "type", password: GOOD, again: `${GOOD}x`, remote: "yes" });
    expect([differ.status, differ.text.includes("The two do not match; nothing was done."), differ.text.includes(GOOD)]).toEqual([422, true, false]);
    expect((await versions.of(db(), (await root()).id))).toHaveLength(1);
    expect(await rotations.openOf(db(), (await root()).id)).toBeNull();
  });
  it("opens a change and shows it, live; a second one is shown the first, and what it typed is not kept", async () => {
    const at = `/accounts/${(await root()).id}/password`, r = await operator.post(at, { how: "type", password: GOOD, again: GOOD, remote: "yes", reason: "by hand" });
    expect(r.to).toMatch(/^\/rotations\/rot_[0-9a-z]{20}$/);
    const page = await operator.get(r.to!);
    expect(page.text).toMatch(/under way.*Nothing is in doubt.*typed, applied to the target/s);
    expect(page.text).toContain(`hx-sse:connect="${r.to!}/live"`);
    expect((await operator.get(`${r.to!}/card`)).text).toContain('id="rotation-card"');
    expect((await auditor.get(r.to!)).text).not.toContain("<form method=\"post\" action=\"/rotations");
    expect((await requester.get(r.to!)).status).toBe(404);
    const again = await operator.post(at, { how: "type", password: `${GOOD}2`, again: `${GOOD}2`, remote: "yes" });
    expect(again.to).toBe(`${r.to!}?done=joined`);
    expect((await operator.get(again.to!)).text).toContain("What you typed was not kept.");
    expect((await versions.of(db(), (await root()).id)).filter((v) => v.origin === "typed")).toHaveLength(1);
    expect((await operator.get(at)).text).toContain("See how far it is");
  });
  it("the board shows it, and the moves refuse what is not legal now", async () => {
    const board = await operator.get("/rotations");
    expect(board.text).toMatch(/Password changes.*Under way.*root@web-1/s);
    const id = (await rotations.openOf(db(), (await root()).id))!.id;
    for (const move of ["again", "keep", "stop"]) expect((await operator.post(`/rotations/${id}/${move}`)).status, move).toBe(409);
    expect((await auditor.post(`/rotations/${id}/again`)).status).toBe(404);
    expect((await requester.get("/rotations")).text, "a list holds what one may see, be it nothing").not.toContain("root@web-1");
  });
  it("what was typed is in no event and no row but sealed", async () => {
    const all = JSON.stringify([await db().q.select().from(events), await rotations.recent(db(), {}), (await versions.of(db(), (await root()).id)).map((v) => v.sealed.toString("latin1"))]);
    for (const p of [GOOD, BAD]) expect(all.includes(p)).toBe(false);
  });
});

describe("password policies", () => {
  const form = { length: "24", maxLength: "128", lower: "1", upper: "1", digit: "1", symbol: "1", maxRepeat: "2", history: "5", minAgeHours: "0", maxAgeDays: "90", noLogin: "yes", noWords: "yes", noSequences: "yes", symbols: "-_", allowed: "", forbidden: "'" };
  it("are added, shown where they come from, bound and removed", async () => {
    expect((await operator.post("/password-policies", { ...form, name: "web" })).to).toBe("/password-policies?done=added");
    expect((await operator.get("/password-policies")).text).toMatch(/web.*24 characters.*changed after 90 d/s);
    expect((await operator.post("/password-policies/platform", { platform: "linux-ssh", policy: "web" })).to).toBe("/password-policies?done=bound");
    expect((await operator.get(`/accounts/${(await root()).id}`)).text).toMatch(/web<\/a> <small class="muted">by its platform/);
    const t = (await targets.named(db(), "web-1"))!;
    expect((await operator.post(`/targets/${t.id}/password-policy`, { policy: "strong" })).to).toBe(`/targets/${t.id}?done=bound`);
    expect((await operator.get(`/accounts/${(await root()).id}`)).text).toMatch(/strong<\/a> <small class="muted">by its target/);
    const used = await operator.post("/password-policies/web/remove");
    expect([used.status, used.text.includes("web is in use by the platform linux-ssh.")]).toEqual([409, true]);
    await operator.post("/password-policies/platform", { platform: "linux-ssh", policy: "" });
    expect((await operator.post("/password-policies/web/remove")).to).toBe("/password-policies?done=removed");
  });
  it("that cannot be met are refused with the reason, what was typed kept; built-in ones are read only", async () => {
    const r = await operator.post("/password-policies", { ...form, name: "odd", allowed: "abcdefghijklmn" });
    expect([r.status, r.text.includes("cannot be met: it wants upper-case letters"), r.text.includes('value="abcdefghijklmn"')]).toEqual([422, true, true]);
    expect((await operator.get("/password-policies/medium")).text).toContain("<fieldset disabled");
    expect((await operator.post("/password-policies/medium", form)).status).toBe(409);
    expect((await auditor.get("/password-policies")).status).toBe(200);
    expect((await auditor.post("/password-policies", { ...form, name: "mine" })).status).toBe(403);
  });
  it("the violations page names the rules and no password", async () => {
    await putPasswordPolicy(w.deps.flow, w.who.operator, { name: "long", length: 60 });
    const t = (await targets.named(db(), "web-1"))!;
    await operator.post(`/targets/${t.id}/password-policy`, { policy: "long" });
    const page = await auditor.get("/password-policies/violations");
    expect(page.text).toMatch(/2 of 2 passwords in force break their policy.*at least 60 characters/s);
    expect(page.text).not.toContain("Pw-root-of-web-1-8Q!");
  });
});

describe("an access policy, against the targets' own rules", () => {
  it("is not saved before its author has seen what they say; then it is", async () => {
    const { flow } = w.deps, id = (await root()).id;
    await db().transaction((tx) => record(flow, tx, { what: "account.preflight", who: actor(w.who.operator), about: { account: id }, outcome: "ok", facts: { maxAgeDays: 30 } }));
    const form = { name: "night", preset: "session", accountNames: "root", active: "yes", approvals: "1", maxMinutes: "60", requestTtlMinutes: "60", startWindowMinutes: "60", reconnectGraceSeconds: "0", entries: "0", reasonMin: "3", record: "head" };
    const first = await operator.post("/policies", form);
    expect(first.status).toBe(422);
    expect(first.text).toMatch(/name="seen".*Not saved yet.*root@web-1<\/b>: The target lets a password expire after 30 days/s);
    expect((await operator.get("/policies")).text).not.toContain("night");
    expect((await operator.post("/policies", { ...form, seen: "yes" })).to).toMatch(/^\/policies\/pol_.*done=added$/);
  });
});
