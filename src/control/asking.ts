/** What a terminal asks before its session: menu, ask, wait, cancel. Rule: the verbs decide; faults become answers, moments what is left of them. */
import { Fault, toFault } from "../kernel/fault.ts";
import type { RequestId } from "../kernel/ids.ts";
import type { Standing } from "../domain/account.ts";
import type { Person } from "../domain/person.ts";
import { AskInput } from "../domain/request.ts";
import { ask } from "../flow/ask.ts";
import type { Deps } from "../flow/deps.ts";
import { askPage, menu, menuEntry, type MenuEntry, type MenuOffer, type Open } from "../flow/menu.ts";
import type { Caller } from "../flow/record.ts";
import { cancelRequest } from "../flow/vote.ts";
import { awaitProgress, tagOf, type Progress as Far } from "../flow/wait.ts";
import { MENU_MOST, type Asking, type AskingAsk, type MenuItem, type Offer, type Progress } from "../../proxy/channel.ts";
import type { Bearer, SshLogins } from "./logins.ts";

/** Waits under way: of one person, and in all. */
const WAITS = 8, ALL_WAITS = 500;
const CROWDED = "Too many terminals wait already. Your request stands; come back to it in a while.";
export type AskingDeps = { readonly flow: Deps; readonly logins: SshLogins; readonly away: (e: unknown) => Fault | null; link(path: string): string };

const short = (text: string): string => text.slice(0, 1_000);
const left = (flow: Deps, until: Date): number => Math.max(0, until.getTime() - flow.clock.now().getTime());
const standing = (flow: Deps, s: Standing): MenuItem["standing"] => ({
  word: s.word === "blocked" ? s.why.replace("_", " ") : s.word,
  by: s.word === "held" ? s.by : null, leftMs: s.word === "held" ? left(flow, s.until) : null,
});
const endOf = (r: Open): Date => (r.state === "pending" ? r.expiresAt : r.state === "approved" ? r.startBy : r.until);
const offer = ({ policy: { id, name, terms: t }, approvers }: MenuOffer): Offer => ({
  policy: id, name: short(name), preset: t.preset, maxMinutes: t.maxMinutes, approvals: t.approvals, approvers: approvers.slice(0, 50),
  reasonMin: t.reasonMin, ticketPattern: t.ticketPattern,
  record: t.record, recordInput: t.recordInput, shell: (t.channels as readonly string[]).includes("shell"),
});
const item = (flow: Deps, e: MenuEntry): MenuItem => ({
  account: e.account.name, target: e.target.name, standing: standing(flow, e.standing),
  mine: e.mine && { request: e.mine.id, state: e.mine.state, leftMs: left(flow, endOf(e.mine)) }, offers: e.offers.map(offer),
});
const progressOf = (flow: Deps, p: Far, link: string): Progress => ({
  ok: true, tag: tagOf(p), ...p, approvers: p.approvers.slice(0, 50), approvedBy: p.approvedBy.slice(0, 50), sentence: p.sentence.slice(0, 4_000),
  holder: p.holder && { by: p.holder.by, leftMs: left(flow, p.holder.until) }, link,
});

/** The lists of a menu do not carry the terms: a line of the channel is bounded, and they are asked for when one is chosen. */
const entriesOf = async (flow: Deps, person: Person, m: AskingAsk<"menu">): Promise<MenuItem[]> => {
  if (m.account !== undefined) return [item(flow, await menuEntry(flow.db, person, m.account, m.target ?? ""))];
  return (await menu(flow.db, person, m.find ?? "")).map((e) => item(flow, { ...e, offers: [] }));
};

/** Each wait is counted from its start to its answer. */
const counter = () => {
  const by = new Map<string, number>();
  let all = 0;
  return async <T>(person: string, work: () => Promise<T>): Promise<T> => {
    if (all >= ALL_WAITS || (by.get(person) ?? 0) >= WAITS) throw new Fault("too_many", CROWDED);
    all += 1;
    by.set(person, (by.get(person) ?? 0) + 1);
    try { return await work(); } finally {
      all -= 1;
      const rest = (by.get(person) ?? 1) - 1;
      if (rest > 0) by.set(person, rest); else by.delete(person);
    }
  };
};

export const asking = ({ flow, logins, away, link }: AskingDeps): Asking => {
  const waiting = counter(), page = (id: string): string => link(`/requests/${id}`);
  type Refused = { readonly ok: false; readonly code: Fault["code"]; readonly message: string };
  const step = async <T>(by: Bearer, work: (caller: Caller) => Promise<T>): Promise<T | Refused> => {
    try { return await work(await logins.caller(by)); } catch (e) {
      const fault = away(e) ?? toFault(e);
      if (fault.code === "internal") flow.log("error", `terminal: ${fault.cause instanceof Error ? fault.cause.message : String(fault.cause)}`);
      return { ok: false, code: fault.code, message: fault.message };
    }
  };
  return {
    menu: (m) => step(m, async ({ person }) => {
      const found = await entriesOf(flow, person, m), page = m.account === undefined ? "/ask" : askPage(m.account, m.target ?? "");
      return { ok: true as const, person: person.name, items: found.slice(0, MENU_MOST), more: Math.max(0, found.length - MENU_MOST),
        link: link(page) };
    }),
    ask: (m) => step(m, async (caller) => {
      const { account, target, policy, minutes, reason, ticket } = m;
      const input = AskInput.safeParse({ account: `${account}@${target}`, policy, minutes, reason, ticket });
      if (!input.success) throw new Fault("invalid", `Not asked: ${input.error.issues.map((i) => `${i.path.join(".")}: ${i.message}`).join("; ")}.`);
      const request = await ask(flow, caller, input.data);
      return { ok: true as const, request, link: page(request) };
    }),
    wait: (m) => step(m, async ({ person: { id } }) => progressOf(flow,
      await waiting(id, () => awaitProgress(flow, async () => (await logins.caller(m)).person, m.request as RequestId, m.seen)), page(m.request))),
    cancel: (m) => step(m, async (caller) => {
      await cancelRequest(flow, caller, m.request as RequestId, "from the terminal that asked");
      return { ok: true as const };
    }),
  };
};
