/** The lives as data: every state can be reached, every end is an end, and the way back is nowhere. */
import { expect, test } from "vitest";
import { NEXT as AGENT } from "../../src/domain/agent.ts";
import { ITEM_NEXT, NEXT as BULK } from "../../src/domain/bulk.ts";
import { NEXT as DEMONSTRATION } from "../../src/domain/demonstration.ts";
import { NEXT as DISCOVERY } from "../../src/domain/discovery.ts";
import { NEXT as SCHEDULE } from "../../src/domain/schedule.ts";
import { CREDENTIAL_NEXT, type Credential } from "../../src/domain/account.ts";
import { isState, NEXT as REQUEST, type Request } from "../../src/domain/request.ts";
import { NO_RELEASE } from "../../src/domain/no-release.ts";
import { NEXT as ROTATION, OPEN } from "../../src/domain/rotation.ts";
import { NEXT as SESSION } from "../../src/domain/session.ts";

type Table = Readonly<Record<string, readonly string[]>>;
const reach = (next: Table, from: string): Set<string> => {
  const seen = new Set<string>([from]);
  for (const s of seen) for (const n of next[s]!) seen.add(n);
  return seen;
};
const LIVES: readonly { name: string; next: Table; start: string; ends: string[] }[] = [
  { name: "request", next: REQUEST, start: "pending", ends: ["cancelled", "denied", "expired", "reviewed", "revoked"] },
  { name: "session", next: SESSION, start: "opening", ends: ["ended"] },
  { name: "rotation", next: ROTATION, start: "queued", ends: ["committed", "refused"] },
  { name: "credential", next: CREDENTIAL_NEXT, start: "unmanaged", ends: [] },
  { name: "listing of a target", next: DISCOVERY, start: "waiting", ends: ["done", "failed"] },
  { name: "bulk change", next: BULK, start: "running", ends: [] }, { name: "account of a bulk change", next: ITEM_NEXT, start: "waiting", ends: ["done"] }, { name: "schedule", next: SCHEDULE, start: "active", ends: ["ended"] },
  { name: "change shown by hand", next: DEMONSTRATION, start: "asked", ends: ["dropped", "over"] },
  { name: "agent", next: AGENT, start: "enrolled", ends: ["deleted"] },
];

test.each(LIVES)("$name: every state is reached from the start, and the ends are these", ({ next, start, ends }) => {
  expect([...reach(next, start)].sort()).toEqual(Object.keys(next).sort());
  expect(Object.keys(next).filter((s) => next[s]!.length === 0).sort()).toEqual(ends);
  for (const s of Object.keys(next)) {
    expect(next[s], `${s} names only states`).toEqual(next[s]!.filter((n) => n in next));
    if (ends.length > 0) expect([...reach(next, s)].some((e) => ends.includes(e)), `${s} has a way out`).toBe(true);
  }
});

test("no request comes back to an earlier state, and nothing is used that was not approved", () => {
  for (const s of Object.keys(REQUEST)) expect(reach(REQUEST, s).size === 1 || ![...REQUEST[s as keyof typeof REQUEST]].some((n) => reach(REQUEST, n).has(s)), s).toBe(true);
  expect(Object.entries(REQUEST).filter(([, to]) => (to as readonly string[]).includes("checked_out")).map(([from]) => from)).toEqual(["approved"]);
  expect(Object.entries(REQUEST).filter(([, to]) => (to as readonly string[]).includes("approved")).map(([from]) => from)).toEqual(["pending"]);
});

test("a rotation commits by a probe alone, and what is open is what has not ended", () => {
  expect(Object.entries(ROTATION).filter(([, to]) => (to as readonly string[]).includes("committed")).map(([from]) => from)).toEqual(["probing"]);
  expect([...OPEN].sort()).toEqual(Object.keys(ROTATION).filter((s) => !["committed", "refused"].includes(s)).sort());
  expect(OPEN).toEqual(expect.arrayContaining([...NO_RELEASE]));
});

test("a credential leaves quarantine and doubt only for in_sync or quarantine", () => {
  const next: Readonly<Record<Credential, readonly string[]>> = CREDENTIAL_NEXT;
  expect(next.quarantined).toEqual(["in_sync"]);
  expect([...next.unverified].sort()).toEqual(["in_sync", "quarantined"]);
});

test("isState tells states apart", () => {
  const r = { state: "approved" } as Request;
  expect([isState(r, "pending"), isState(r, "approved", "checked_out"), isState(r)]).toEqual([false, true, false]);
});
