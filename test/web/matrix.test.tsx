/**
 * Route × role × state of the request, read from the router: who may not, cannot. Rule: what is allowed stands here by hand (`MAY`), a route that
 * is not in the list is allowed to nobody; a cell is sent for real, and whatever is not allowed must be refused and change nothing.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { may, type Act, type Thing } from "../../src/domain/may.ts";
import type { State } from "../../src/domain/request.ts";
import * as requests from "../../src/store/requests.ts";
import { ROUTES } from "../../src/web/app.tsx";
import type { Route } from "../../src/web/route.ts";
import { browsers, callers, ids, MAKE, raise, samples, sessions, STATES, WHO, type Who } from "./matrix-world.ts";
import { ORIGIN, type World } from "./world.ts";

const looks: readonly Who[] = ["requester", "approver", "operator", "auditor"];
const open: readonly State[] = ["pending", "approved"], held: readonly State[] = ["approved", "checked_out"];
/** A deny after the approval, and a revocation before it, are the same move seen from two sides. */
const living: readonly State[] = ["pending", "approved", "checked_out"];
/** Who, and in which states it may have an effect. Everything else is refused, whatever the state. */
const MAY: Readonly<Record<string, { readonly who: readonly Who[]; readonly states: readonly State[] }>> = {
  "GET /requests/:id": { who: looks, states: STATES },
  "GET /requests/:id/card": { who: looks, states: STATES },
  "GET /requests/:id/live": { who: looks, states: STATES },
  "GET /requests/:id/certificate": { who: looks, states: STATES },
  "GET /requests/:id/terminal": { who: ["requester"], states: STATES },
  "GET /requests/:id/desktop": { who: ["requester"], states: STATES },
  "POST /requests/:id/approve": { who: ["approver"], states: ["pending"] },
  "POST /requests/:id/deny": { who: ["approver"], states: living },
  "POST /requests/:id/cancel": { who: ["requester"], states: open },
  "POST /requests/:id/revoke": { who: ["approver", "operator"], states: living },
  // Given back twice is given back: the second press is answered and changes nothing.
  "POST /requests/:id/give-back": { who: ["requester", "operator"], states: ["checked_out", "closed", "reviewed"] },
  "POST /requests/:id/password": { who: ["requester"], states: held },
  "POST /requests/:id/review": { who: ["approver", "auditor"], states: ["closed"] },
};
const FORM = { account: "app1@web-1", decision: "approve", reason: "for the matrix", verdict: "for the matrix", minutes: "5" };

let w: World;
beforeAll(async () => { w = await raise(); }, 120_000);
afterAll(() => w?.close());

const key = (r: Route): string => `${r.method} ${r.path}`,
  noun = (r: Route): string => r.path.split("/")[1]!;
type Answer = { readonly status: number; readonly to: string | null };
/** A stream does not end by itself. */
const send = async (who: Who, r: Route, path: string): Promise<Answer> => {
  const b = browsers[who];
  if (!path.endsWith("/live")) return b.send(r.method, path, r.method === "POST" ? { form: FORM } : {});
  const cookie = [...b.cookies].map(([k, v]) => `${k}=${v}`).join("; "),
    res = await w.app.request(`${ORIGIN}${path}`, { headers: { cookie, accept: "text/html" } });
  await res.body?.cancel();
  return { status: res.status, to: res.headers.get("location") };
};
/** Sent to the login, or told no, or that it is not there, or that this is not the moment for it. */
const OUT: readonly Who[] = ["nobody", "gone"];
const refusedTo = (who: Who, { status, to }: Answer): boolean =>
  OUT.includes(who) ? (status === 303 && to?.startsWith("/login") === true) || status === 401 || status === 403 : [403, 404].includes(status);
const refusedAnyhow = (who: Who, a: Answer): boolean => refusedTo(who, a) || a.status === 409 || a.status === 422;
let cells = 0;
const unexpected: string[] = [], found = (): string[] => unexpected.splice(0);

describe("law: one-authorise — of requests", () => {
  const mine = ROUTES.filter((r) => r.path.startsWith("/requests/:id"));
  it("the list by hand names each of them, and no other", () => expect(mine.map(key).sort()).toEqual(Object.keys(MAY).sort()));
  it.each(STATES)(
    "%s: whoever may not is refused, whatever may not be now is refused, and nothing has changed",
    async (state) => {
      const id = samples[state],
        before = JSON.stringify(await requests.find(w.core.deps.db, id));
      for (const r of mine)
        for (const who of WHO) {
          const { who: allowed, states } = MAY[key(r)]!,
            person = allowed.includes(who);
          if (person && states.includes(state) && r.method === "POST") continue;
          const answer = await send(who, r, r.path.replace(":id", id)),
            cell = `${key(r)} as ${who} when ${state}: ${answer.status}`;
          cells += 1;
          if (!person && !refusedTo(who, answer)) unexpected.push(cell);
          if (person && !states.includes(state) && !refusedAnyhow(who, answer)) unexpected.push(cell);
          if (JSON.stringify(await requests.find(w.core.deps.db, id)) !== before) {
            unexpected.push(`${cell} and changed it`);
            return expect(found()).toEqual([]);
          }
        }
      expect(found()).toEqual([]);
    },
    120_000,
  );
  it("what is allowed works: each of them, by each who may, in each state in which it has an effect", async () => {
    for (const r of mine.filter((x) => x.method === "POST"))
      for (const who of MAY[key(r)]!.who)
        for (const state of MAY[key(r)]!.states) {
          const answer = await send(who, r, r.path.replace(":id", await MAKE[state]()));
          cells += 1;
          expect([key(r), who, state, [200, 303].includes(answer.status)]).toEqual([key(r), who, state, true]);
        }
  }, 120_000);
});

describe("law: one-authorise — of everything else", () => {
  const thingOf = (r: Route, who: Who): Thing =>
    noun(r) === "sessions"
      ? { requester: callers.requester.person.id }
      : { owner: callers.operator.person.id, offered: who === "requester" || (who === "colleague" && noun(r) === "accounts") };
  const lists = (r: Route): boolean => r.verb === true && r.method === "GET" && !r.path.includes(":");
  const allowed = (r: Route, who: Who): boolean =>
    !OUT.includes(who) && (r.act === "logged_in" || lists(r) || may(callers[who].person, r.act as Act, r.verb ? thingOf(r, who) : {}));
  const rest = ROUTES.filter((r) => r.act !== "public" && !r.path.startsWith("/requests/:id"));
  const pathsOf = (r: Route): string[] =>
    noun(r) === "sessions" && r.path.includes(":id")
      ? sessions.map((s) => r.path.replace(":id", s))
      : [r.path.replace(/:\w+/, ids[noun(r)] ?? "nothing_00000000000000000000")];
  it("whoever may not is refused", async () => {
    for (const r of rest)
      for (const who of WHO)
        for (const path of pathsOf(r)) {
          if (allowed(r, who) && r.method === "POST") continue;
          const answer = await send(who, r, path);
          cells += 1;
          if (!allowed(r, who) && !refusedTo(who, answer)) unexpected.push(`${r.method} ${path} as ${who}: ${answer.status}`);
        }
    expect(found()).toEqual([]);
  }, 120_000);
});

it("at least 2,000 cells", () => {
  const of = `${ROUTES.length} routes, ${WHO.length} kinds of people, ${STATES.length} states`;
  process.stdout.write(`matrix: ${of}: ${cells} cells sent\n`);
  expect(cells).toBeGreaterThanOrEqual(2_000);
});
