/** lockstep requests. Rule: looks only; the moves have commands of their own. */
import { act, example, type Register, type Run } from "./act.ts";
import { seg, withQuery } from "./client.ts";
import { facts, relative, table } from "./print.ts";
import type { Certificate, Event, List, Request, RequestDetail } from "./shapes.ts";
import { weighedRows } from "./weigh.ts";

const ends = (r: Request, run: Run): string => (r.until && r.state === "checked_out" ? `ends ${relative(r.until, run.now)}` : r.startBy ? `begin ${relative(r.startBy, run.now)}` : r.expiresAt ? `void ${relative(r.expiresAt, run.now)}` : r.endedAt ? `ended ${relative(r.endedAt, run.now)}` : "");
const one = (r: RequestDetail, run: Run): string => facts([["request", r.id], ["state", r.state.replace("_", " ")], ["account", r.account.name], ["who", r.requester], ["minutes", r.minutes ?? r.asked], ["reason", r.reason], ["ticket", r.ticket], ["policy", `${r.policyName} (${r.preset})`],
  ["votes", `${r.approvals.have} of ${r.approvals.need}${r.votes.length > 0 ? `: ${r.votes.map((v) => `${v.by} ${v.decision}${v.reason ? ` (${v.reason})` : ""}`).join("; ")}` : `; asked: ${r.approvers.join(", ")}`}`], ["asked", relative(r.submittedAt, run.now)], ["time", ends(r, run)], ...(r.window ? [["window", `${r.window.from} to ${r.window.to}`] as const] : []), ...(r.queue ? [["queue", r.queue.says] as const] : []), ...(r.idleWarnedAt ? [["note", "somebody waits and you do not use it: use it or it is given back"] as const] : []), ["why", r.endReason ?? r.why], ...(r.verdict ? [["verdict", r.verdict] as const] : r.review && r.state === "closed" ? [["review", "waits for somebody else"] as const] : []), ...weighedRows(r, run.now)]);

const story = async (run: Run, id: string): Promise<void> => {
  const { shortened } = await run.show<{ items: readonly Event[]; shortened: boolean }>("GET", `/requests/${seg(id)}/story`, undefined, ({ items }) =>
    table(["when", "what", "who", "outcome", "why"], items.map((e) => [relative(e.at, run.now), e.what, e.who.name ?? e.who.part, e.outcome, e.why]), "Nothing happened yet."));
  if (shortened) run.say("Only the last of it is shown; the audit log has what came before.");
};
export const requests: Register = (program, io) => {
  const group = program.command("requests").description("requests you may see");
  example(group.command("list").description("newest first").option("--mine", "your own").option("--waiting", "those that wait for your vote").option("--to-review", "uses that wait for your review").option("--glass", "break-glass of others in use right now").option("-s, --state <state>", "pending, approved, checked_out, closed, …").option("-a, --account <name>").option("-n, --limit <n>"), "lockstep requests list --waiting")
    .action(act(io, (run) => run.show<List<Request>>("GET", withQuery("/requests", { mine: run.flag("mine") ? "true" : undefined, waiting: run.flag("waiting") ? "true" : undefined, toReview: run.flag("toReview") ? "true" : undefined, glass: run.flag("glass") ? "true" : undefined, state: run.text("state"), account: run.text("account"), limit: run.text("limit") }), undefined, ({ items }) =>
      table(["request", "state", "account", "who", "minutes", "time", "reason"], items.map((r) => [r.id, r.state, r.account.name, r.requester, r.minutes ?? r.asked, ends(r, run), r.reason]), run.flag("waiting") ? "Nothing waits for your vote." : "No requests. Ask with: lockstep ask root@web-1 --minutes 30"))));
  example(group.command("show").description("one request").argument("<request>", "req_…"), "lockstep requests show req_…").action(act(io, (run, id) => run.show<RequestDetail>("GET", `/requests/${seg(id!)}`, undefined, (r) => one(r, run))));
  example(group.command("certificate").description("how its use was closed: new password proven, old refused, logins ended, and what is not known").argument("<request>", "req_…"), "lockstep requests certificate req_…")
    .action(act(io, (run, id) => run.show<Certificate>("GET", `/requests/${seg(id!)}/certificate`, undefined, (c) => [c.says, ...c.lines.map((l) => `  ${l.tone === "ok" ? "+" : l.tone === "bad" ? "!" : "?"} ${l.says}${l.at ? ` (${relative(l.at, run.now)})` : ""}`)].join("\n"))));
  example(group.command("story").description("everything that happened to it").argument("<request>", "req_…"), "lockstep requests story req_…").action(act(io, (run, id) => story(run, id!)));
};
