/** Tickets behind the door: who gets one, and what one is good for. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { admitByTicket, rejoin } from "../../src/flow/terminal.ts";
import { endSession, sessionEnded, sessionLive } from "../../src/flow/session.ts";
import { purposeOf, terminalTicket, type Shown } from "../../src/flow/ticket.ts";
import { giveBack } from "../../src/flow/checkin.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { usedNo, worldOn, type World } from "./world.ts";

const REFUSED = { code: "forbidden", message: "This ticket is not known, was used already, or is older than 30 seconds. Go back to the page and connect again." };
const shown = (ticket: string, holder = "login-1"): Shown => ({ ticket, holder });
const end = { why: "client_closed", detail: "", bytes: 0, identityChanged: false, facts: {} } as const;

describe.each(ENGINES)("law: ticket-once — on $engine", ({ engine, open }) => {
  let o: Opened, w: World;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); });
  afterAll(async () => { await w?.close(); await o?.close(); });
  const TIMES = engine === "pglite" ? 10_000 : 500;

  test("of 20 at once one is admitted", async () => {
    const request = await w.approved(await w.managed()), { ticket } = await terminalTicket(w.deps, w.requester, "login-1", request);
    const ends = await Promise.allSettled(Array.from({ length: 20 }, () => admitByTicket(w.deps, w.requester, shown(ticket), "shell")));
    expect(ends.filter((e) => e.status === "fulfilled").length).toBe(1);
    for (const e of ends) if (e.status === "rejected") expect(e.reason).toMatchObject(REFUSED);
  });

  test(`replayed ${TIMES} times: 0 admitted (95 %: under 3 in ${TIMES})`, async () => {
    const m = await w.managed(), request = await w.approved(m), { ticket } = await terminalTicket(w.deps, w.requester, "login-1", request);
    const { session } = await admitByTicket(w.deps, w.requester, shown(ticket), "shell"), used = await usedNo(w, m.account.id);
    let refused = 0;
    for (let i = 0; i < TIMES; i++) {
      const again = i % 2 === 0 ? purposeOf(w.deps, shown(ticket)) : admitByTicket(w.deps, w.requester, shown(ticket), "shell");
      await again.then(() => { throw new Error("admitted"); }, (e: unknown) => { expect(e).toMatchObject(REFUSED); refused += 1; });
    }
    expect([refused, await usedNo(w, m.account.id)]).toEqual([TIMES, used]);
    await sessionEnded(w.deps, session, end);
  }, 240_000);

  test("spent in the transaction that opens the session: what is refused then opens nothing, and the ticket is gone all the same", async () => {
    const m = await w.managed("session", { channels: ["shell"] }), request = await w.approved(m), { ticket } = await terminalTicket(w.deps, w.requester, "login-1", request);
    await expect(admitByTicket(w.deps, w.requester, shown(ticket), "exec")).rejects.toMatchObject({ code: "forbidden", message: expect.stringContaining("does not allow exec sessions") as string });
    await expect(admitByTicket(w.deps, w.requester, shown(ticket), "shell")).rejects.toMatchObject(REFUSED);
    expect(await usedNo(w, m.account.id)).toBe(0);
  });

  test("another holder, another person, another kind, a made-up one: refused alike, and the right one still works", async () => {
    const m = await w.managed(), request = await w.approved(m), { ticket } = await terminalTicket(w.deps, w.requester, "login-1", request);
    await expect(admitByTicket(w.deps, w.requester, shown(ticket, "login-2"), "shell")).rejects.toMatchObject(REFUSED);
    await expect(purposeOf(w.deps, shown(ticket, "login-2"))).rejects.toMatchObject(REFUSED);
    await fc.assert(fc.asyncProperty(fc.string({ maxLength: 60 }), async (text) => { await expect(purposeOf(w.deps, shown(text))).rejects.toMatchObject(REFUSED); }), { numRuns: 200 });
    const { session } = await admitByTicket(w.deps, w.requester, shown(ticket), "shell");
    await sessionLive(w.deps, session);

    const back = await terminalTicket(w.deps, w.requester, "login-1", request, session);
    await expect(admitByTicket(w.deps, w.requester, shown(back.ticket), "shell")).rejects.toMatchObject(REFUSED);
    // That try was refused, so its ticket is gone too.
    await expect(rejoin(w.deps, w.requester, shown(back.ticket), session)).rejects.toMatchObject(REFUSED);
    const second = await terminalTicket(w.deps, w.requester, "login-1", request, session);
    await rejoin(w.deps, w.requester, shown(second.ticket), session);
    await expect(rejoin(w.deps, w.requester, shown(second.ticket), session)).rejects.toMatchObject(REFUSED);
    expect(await w.said(session)).toContain("session.rejoined ok");
    await sessionEnded(w.deps, session, end);
    await expect(terminalTicket(w.deps, w.requester, "login-1", request, session)).rejects.toMatchObject({ code: "conflict", message: "This session is over." });
  });

  test("older than its time it is nothing", async () => {
    const request = await w.approved(await w.managed()), { ticket } = await terminalTicket(w.deps, w.requester, "login-1", request);
    await w.sql("update tickets set expires_at = now() - interval '1 second'");
    await expect(admitByTicket(w.deps, w.requester, shown(ticket), "shell")).rejects.toMatchObject(REFUSED);
  });

  test("a ticket is given for one's own approved request, and for one's own running session of it", async () => {
  const m = await w.managed(), pending = await w.asked(m);
  await expect(terminalTicket(w.deps, w.requester, "h", pending)).rejects.toMatchObject({ code: "conflict", message: "Nobody has approved this request yet." });
  const request = await w.approved(await w.managed());
  for (const c of [w.operator, w.approver, w.auditor, w.outsider]) await expect(terminalTicket(w.deps, c, "h", request)).rejects.toMatchObject({ code: "not_found", message: "No such request." });
  const { ticket } = await terminalTicket(w.deps, w.requester, "h", request), { session } = await admitByTicket(w.deps, w.requester, shown(ticket, "h"), "shell");
  await expect(terminalTicket(w.deps, w.operator, "h", request, session)).rejects.toMatchObject({ code: "not_found" });
  await endSession(w.deps, w.requester, session, "");
  await sessionEnded(w.deps, session, end);
  await giveBack(w.deps, w.requester, request);
  await expect(terminalTicket(w.deps, w.requester, "h", request)).rejects.toMatchObject({ code: "conflict", message: "This request is closed. Ask again." });
  const noShell = await w.approved(await w.managed("session", { channels: ["exec"] }));
  await expect(terminalTicket(w.deps, w.requester, "h", noShell)).rejects.toMatchObject({ code: "forbidden", message: "This access does not include a shell." });
});
});
