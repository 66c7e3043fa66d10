/** API tokens: shown once, stored hashed, refused for the right reason. */
import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { sha256Hex } from "../../src/crypto/envelope.ts";
import type { Person } from "../../src/domain/person.ts";
import type { IdentityDeps } from "../../src/identity/deps.ts";
import { isFrom } from "../../src/domain/networks.ts";
import { bearer, makeToken, revokeToken, TokenInput, tokensOf } from "../../src/identity/tokens.ts";
import type { Db } from "../../src/store/db.ts";
import * as people from "../../src/store/people.ts";
import { addPerson, eventsOf, identityOf, openDb } from "./world.ts";

const from = { address: "127.0.0.1", means: "portal" } as const;
let db: Db, deps: IdentityDeps, person: Person;
beforeAll(async () => { db = await openDb(); deps = identityOf(db); person = (await people.find(db, await addPerson(db, "requester", ["user"])))!; });
const make = (over: Partial<TokenInput> = {}) => makeToken(deps, person, { ...TokenInput.parse({ label: "ci" }), ...over }, from);

describe("a token", () => {
  it("has 256 bits, is stored hashed, and tells of itself in the log without its text", async () => {
    const { token, made } = await make(), text = reveal(token);
    expect(text).toMatch(/^lst_[A-Za-z0-9_-]{43}$/);
    const [row] = (await db.q.execute(sql`select * from tokens where id = ${made.id}`) as unknown as { rows: Record<string, unknown>[] }).rows;
    expect(row!["hash"]).toBe(sha256Hex(text));
    expect(JSON.stringify(row)).not.toContain(text);
    expect(await bearer(deps, token, "127.0.0.1")).toMatchObject({ person: { id: person.id }, token: { id: made.id, readOnly: false } });
    expect(await eventsOf(db, made.id)).toEqual(["token.made ok"]);
    expect(JSON.stringify(await tokensOf(deps, person))).not.toContain(sha256Hex(text));
  });
  it("is refused when unknown, revoked, expired, from elsewhere, or its person is disabled", async () => {
    expect(await bearer(deps, Secret.of("lst_nothing"), "127.0.0.1")).toBeNull();
    const near = await make({ networks: ["10.0.0.0/8"] });
    expect(await bearer(deps, near.token, "127.0.0.1")).toBeNull();
    expect(await bearer(deps, near.token, "10.9.9.9")).not.toBeNull();
    await revokeToken(deps, person, near.made.id, from);
    expect(await bearer(deps, near.token, "10.9.9.9")).toBeNull();
    await expect(revokeToken(deps, person, near.made.id, from)).rejects.toThrow("You have no such token");
    const old = await make();
    await db.transaction(async (tx) => void await tx.q.execute(sql`update tokens set expires_at = now() where id = ${old.made.id}`));
    expect(await bearer(deps, old.token, "127.0.0.1")).toBeNull();
    const gone = (await people.find(db, await addPerson(db, "gone", ["user"])))!;
    const theirs = await makeToken(deps, gone, TokenInput.parse({ label: "x" }), from);
    await db.transaction((tx) => people.change(tx, gone.id, { disabled: true }));
    expect(await bearer(deps, theirs.token, "127.0.0.1")).toBeNull();
  });
  it("of somebody else cannot be revoked", async () => {
    const other = (await people.find(db, await addPerson(db, "other", ["user"])))!, { made, token } = await make();
    await expect(revokeToken(deps, other, made.id, from)).rejects.toThrow("You have no such token");
    expect(await bearer(deps, token, "127.0.0.1")).not.toBeNull();
  });
});

it.each([
  ["10.1.2.3", ["10.0.0.0/8"], true], ["11.1.2.3", ["10.0.0.0/8"], false], ["::ffff:10.1.2.3", ["10.1.2.3"], true], ["10.1.2.3", ["10.1.2.2/31"], true],
  ["2001:db8::1", ["2001:db8::/32"], true], ["2001:db9::1", ["2001:db8::/32"], false], ["::1", ["::1"], true], ["nonsense", ["0.0.0.0/0"], false],
  ["10.1.2.3", ["10.0.0.0/33"], false], ["1.2.3.4", ["0.0.0.0/0"], true], ["::1", ["0.0.0.0/0"], false], ["anything", [], true],
] as const)("%s is from %j: %s", (address, networks, expected) => { expect(isFrom(address, networks)).toBe(expected); });
