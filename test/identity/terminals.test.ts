/** A terminal let in from the browser: by its code, once, for one person, one address and a short while. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sql } from "drizzle-orm";
import { addressGate } from "../../src/identity/gate.ts";
import { approveTerminal, beginTerminal, denyTerminal, spendTerminal, terminalsOf, terminalState } from "../../src/identity/terminals.ts";
import type { IdentityDeps } from "../../src/identity/deps.ts";
import type { Person } from "../../src/domain/person.ts";
import type { TerminalId } from "../../src/kernel/ids.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { times } from "../../src/kernel/times.ts";
import * as people from "../../src/store/people.ts";
import type { Db } from "../../src/store/db.ts";
import { addPerson, eventsOf, identityOf, openDb } from "./world.ts";

let db: Db, deps: IdentityDeps, ada: Person, bob: Person;
const SSH = { address: "198.51.100.7", means: "ssh" as const }, PORTAL = { address: "192.0.2.1", means: "portal" as const };
beforeAll(async () => {
  db = await openDb();
  await addPerson(db, "ada", ["user"]);
  await addPerson(db, "bob", ["user"]);
  [ada, bob] = [(await people.named(db, "ada"))!, (await people.named(db, "bob"))!];
});
beforeEach(async () => { await db.q.execute(sql`delete from terminals`); deps = identityOf(db, { gate: addressGate(times(), systemRandom, 1_000) }); });
afterAll(async () => { await db?.close(); });

const begin = async (name = "ada", from = SSH): Promise<{ id: TerminalId; code: string }> => {
  const begun = await beginTerminal(deps, { name, ...from });
  if (begun.outcome === "refused") throw new Error(begun.why);
  return begun;
};
const other = (code: string): string => `${code.startsWith("B") ? "C" : "B"}${code.slice(1)}`;
const NO_SUCH = { code: "invalid", message: expect.stringMatching(/^No terminal of yours shows this code/) as string };

describe("the good way", () => {
  test("typed as it is read, it lets in that terminal, and only once", async () => {
    const { id, code } = await begin();
    expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(await terminalsOf(deps, ada)).toMatchObject([{ id, address: SSH.address }]);
    expect(await terminalState(db, id, new Date())).toBe("waiting");
    expect(await spendTerminal(deps, { id, name: "ada", ...SSH }), "not before it is approved").toMatchObject({ outcome: "refused", why: "Nobody typed the code in time." });
    await approveTerminal(deps, ada, ` ${code.toLowerCase().replace("-", " ")} `, PORTAL);
    expect(await terminalsOf(deps, ada)).toEqual([]);
    await expect(approveTerminal(deps, ada, code, PORTAL), "a code is used once").rejects.toMatchObject(NO_SUCH);
    expect(await spendTerminal(deps, { id, name: "ada", ...SSH })).toMatchObject({ outcome: "ok", person: { name: "ada" }, session: null });
    expect(await spendTerminal(deps, { id, name: "ada", ...SSH })).toMatchObject({ outcome: "refused" });
    expect(await eventsOf(db, id)).toEqual(["terminal.asked intent", "terminal.approved ok"]);
    expect((await eventsOf(db, ada.id)).at(-1)).toBe("login.ok ok");
  });
});

describe("every other way", () => {
  test("somebody else cannot approve it, nor see it; a code lets in only the terminal that shows it", async () => {
    const { id, code } = await begin(), second = await begin();
    await expect(approveTerminal(deps, bob, code, PORTAL)).rejects.toMatchObject(NO_SUCH);
    expect(await terminalsOf(deps, bob)).toEqual([]);
    await expect(denyTerminal(deps, bob, id, PORTAL)).rejects.toMatchObject({ code: "not_found" });
    await approveTerminal(deps, ada, second.code, PORTAL);
    expect([await terminalState(db, id, new Date()), await terminalState(db, second.id, new Date())]).toEqual(["waiting", "approved"]);
  });
  test("from another address, under another name, or too late it is worth nothing", async () => {
    const { id, code } = await begin();
    await approveTerminal(deps, ada, code, PORTAL);
    for (const bad of [{ id, name: "ada", ...SSH, address: "198.51.100.8" }, { id, name: "bob", ...SSH }]) expect(await spendTerminal(deps, bad)).toMatchObject({ outcome: "refused" });
    await db.q.execute(sql`update terminals set expires_at = now() - interval '1 second'`);
    expect(await spendTerminal(deps, { id, name: "ada", ...SSH })).toMatchObject({ outcome: "refused", why: "Nobody typed the code in time." });
    const late = await begin();
    await db.q.execute(sql`update terminals set expires_at = now() - interval '1 second'`);
    await expect(approveTerminal(deps, ada, late.code, PORTAL)).rejects.toMatchObject(NO_SUCH);
    expect(await terminalState(db, late.id, new Date())).toBe("expired");
  });
  test("denied is denied, and told", async () => {
    const { id, code } = await begin();
    await denyTerminal(deps, ada, id, PORTAL);
    await expect(approveTerminal(deps, ada, code, PORTAL)).rejects.toMatchObject(NO_SUCH);
    expect(await spendTerminal(deps, { id, name: "ada", ...SSH })).toMatchObject({ outcome: "refused", why: "This login was refused in the browser." });
    expect(await eventsOf(db, id)).toEqual(["terminal.asked intent", "terminal.denied refused: refused in the browser"]);
  });
  test("the third wrong code keeps all of this person's terminals out, and an address is locked out for guessing", async () => {
    const { id, code } = await begin();
    for (let i = 0; i < 3; i++) await expect(approveTerminal(deps, ada, other(code), PORTAL)).rejects.toMatchObject(NO_SUCH);
    await expect(approveTerminal(deps, ada, code, PORTAL), "the right one comes too late").rejects.toMatchObject(NO_SUCH);
    expect((await eventsOf(db, id)).at(-1)).toBe("terminal.denied refused: too many wrong codes");
    deps = identityOf(db, { gate: addressGate(times(), systemRandom, 2) });
    for (let i = 0; i < 3; i++) await expect(approveTerminal(deps, ada, "BBBB-BBBB", PORTAL)).rejects.toMatchObject(NO_SUCH);
    await expect(approveTerminal(deps, ada, "BBBB-BBBB", PORTAL)).rejects.toMatchObject({ code: "too_many" });
    expect(await beginTerminal(deps, { name: "ada", ...PORTAL, means: "ssh" })).toMatchObject({ outcome: "refused" });
  });
  test("few may wait for one name or from one address, and a stranger's name reads the same", async () => {
    for (let i = 0; i < 3; i++) await begin("ada", { ...SSH, address: `198.51.100.${i}` });
    const full = await beginTerminal(deps, { name: "ada", ...SSH });
    expect(full).toMatchObject({ outcome: "refused", why: "Too many terminals wait for a code already. Try again in a few minutes." });
    for (let i = 0; i < 5; i++) await begin(`stranger-${i}`, { ...SSH, address: "203.0.113.1" });
    expect(await beginTerminal(deps, { name: "nobody", ...SSH, address: "203.0.113.1" })).toEqual(full);
  });
  test("a person disabled in between does not come in", async () => {
    const { id, code } = await begin("bob");
    await approveTerminal(deps, bob, code, PORTAL);
    await db.transaction((tx) => people.change(tx, bob.id, { disabled: true }));
    expect(await spendTerminal(deps, { id, name: "bob", ...SSH })).toMatchObject({ outcome: "refused", why: "This login cannot be used." });
  });
});
