/** What the portal says and asks where a second person is due: single administrators, changed identities, typed passwords. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { addAccount } from "../../src/flow/accounts.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as people from "../../src/store/people.ts";
import * as targets from "../../src/store/targets.ts";
import { addManaged, Browser, HOST_KEY, world, type World } from "./world.ts";

const SAID = "Single administrator: changes are not four-eyed.";
let w: World, operator: Browser, auditor: Browser;
beforeAll(async () => { w = await world(); operator = await new Browser(w).login("operator"); auditor = await new Browser(w).login("auditor"); });
afterAll(() => w.close());
const says = async (b: Browser, paths: readonly string[]): Promise<boolean[]> => { const out: boolean[] = []; for (const p of paths) out.push((await b.get(p)).text.includes(SAID)); return out; };

it("law: no-way-round-4 — with one administrator only, the portal says that changes are not four-eyed: where they are made, confirmed and read", async () => {
  expect(await says(operator, ["/", "/people", "/policies", "/audit", "/accounts"])).toEqual([true, true, true, true, false]);
  expect(await says(auditor, ["/policies", "/audit", "/"]), "an auditor's home is not about administration").toEqual([true, true, false]);
  expect((await new Browser(w).login("requester").then((b) => b.get("/"))).text).not.toContain(SAID);
  expect((await operator.get("/audit")).text).toMatch(/A second admin ends this: add one under <a href="\/people">/);

  const twin = await w.core.person("operator-2", ["admin"], { mail: "olga@example.org" }), { db } = w.core.deps, set = (set: Parameters<typeof people.change>[2], id = twin.person.id) => db.transaction((tx) => people.change(tx, id, set));
  await set({ mail: "olga@example.org" }, w.who.operator.person.id);
  expect(await says(operator, ["/", "/people"]), "a second login of the same human is no second person").toEqual([true, true]);
  await set({ mail: "other@example.org" });
  expect(await says(operator, ["/", "/people", "/policies", "/audit"])).toEqual([false, false, false, false]);
  await set({ disabled: true });
  expect(await says(operator, ["/"])).toEqual([true]);
  await set({ disabled: false });
});

it("law: no-way-round-2 — the form that accepts an identity carries the one on the page; edited meanwhile, it is refused with a sentence", async () => {
  const { db } = w.core.deps, ids = await addManaged(w.core, w.who.operator, "moved-1", ["app1"]), { target } = (await accounts.find(db, ids["app1"]!))!, second = (await people.named(db, "operator-2"))!, author = { person: second, address: "127.0.0.1", means: "portal" } as const;
  await changeTarget(w.core.deps, author, target, { port: 2201, settings: { hostKeys: [HOST_KEY] } });
  const page = (await operator.get(`/targets/${target}`)).text, identity = /name="identity" value="([0-9a-f]{64})"/.exec(page)![1]!;
  expect(identity).toBe((await targets.find(db, target))!.identityHash);
  expect(page).toContain("192.0.2.10:2201");
  await changeTarget(w.core.deps, author, target, { port: 2202 });
  const stale = await operator.post(`/targets/${target}/accept`, { identity });
  expect([stale.status, /This target&#39;s identity is not the one you looked at: it was changed meanwhile\. Nothing was accepted\./.test(stale.text)]).toEqual([409, true]);
  expect((await operator.post(`/targets/${target}/accept`)).status, "no hash, no acceptance").toBe(409);
  expect((await accounts.find(db, ids["app1"]!))!.block).toBe("identity_changed");
  const fresh = /name="identity" value="([0-9a-f]{64})"/.exec((await operator.get(`/targets/${target}`)).text)![1]!;
  expect((await operator.post(`/targets/${target}/accept`, { identity: fresh })).to).toBe(`/targets/${target}?done=accepted`);
  expect((await accounts.find(db, ids["app1"]!))!.block).toBe("none");
});

it("law: no-way-round-1 — an account's page says who typed its password and when it is changed again", async () => {
  const { db } = w.core.deps, { id } = (await targets.named(db, "web-1"))!, made = await addAccount(w.core.deps, w.who.operator, { target: id, name: "typed1", password: Secret.of("Typed-Pw-1!x9Qz") });
  const text = async () => (await operator.get(`/accounts/${made.id}`)).text.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
  expect(await text()).toMatch(/Password typed by operator just now changed when the account is adopted/);
  const [{ id: version }] = (await db.q.execute("select id from secret_versions where account_id = '" + made.id + "'") as unknown as { rows: [{ id: string }] }).rows;
  for (const set of [`update secret_versions set status = 'current' where id = '${version}'`, `update accounts set credential = 'adopting' where id = '${made.id}'`, `update accounts set credential = 'in_sync', current_id = '${version}' where id = '${made.id}'`]) await db.q.execute(set);
  expect(await text()).toMatch(/Password typed by operator just now changed again at [\d: -]+UTC , or after the next use/);
  expect(await text(), "not due yet").toMatch(/available/);
});
