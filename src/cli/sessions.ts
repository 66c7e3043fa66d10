/** lockstep sessions. Rule: ending one says why; the person at its other end reads it. */
import { act, example, type Register, type Run } from "./act.ts";
import { seg, withQuery } from "./client.ts";
import { plain } from "./io.ts";
import { facts as pairs, relative, table } from "./print.ts";
import type { Event, List, Session, SessionDetail } from "./shapes.ts";

const filterOf = (run: Run) => ({
  person: run.text("person"), account: run.text("account"), target: run.text("target"), why: run.text("why"), from: run.text("from"), to: run.text("to"), marked: run.flag("marked") ? "true" : undefined, gaps: run.flag("gaps") ? "true" : undefined, limit: run.text("limit"), cursor: run.text("cursor"),
});
const list = (run: Run) => run.show<List<Session>>("GET", withQuery("/sessions", { ...filterOf(run), live: run.flag("live") ? "true" : undefined, request: run.text("request") }), undefined, ({ items }) =>
  table(["session", "state", "who", "account", "from", "opened", "ended", "why", "bytes"], items.map((s) => [s.id, s.state, s.person, s.account, s.address, relative(s.openedAt, run.now), relative(s.endedAt, run.now), s.why, s.bytes]), run.flag("live") ? "Nobody is connected." : "No sessions yet."));

type Hits = List<{ readonly session: Session; readonly channel: number; readonly ms: number; readonly kind: string; readonly text: string }> & { readonly notIndexed: number };
const search = async (run: Run): Promise<void> => {
  const a = await run.show<Hits>("GET", withQuery("/sessions/search", { ...filterOf(run), text: run.text("search") }), undefined, ({ items }) =>
    table(["session", "who", "account", "at", "kind", "text"], items.map((h) => [h.session.id, h.session.person, h.session.account, `${h.channel}:${(h.ms / 1000).toFixed(1)} s`, h.kind, h.text]), "Nothing was found. Words are found whole."));
  if (a.notIndexed > 0) run.say(`${a.notIndexed} recording(s) are not yet indexed.`);
};
type Transcript = { readonly complete: boolean; readonly shortened: boolean; readonly rows: readonly { readonly channel: number; readonly ms: number; readonly kind: string; readonly text: string }[] };
const transcript = async (run: Run, id: string): Promise<void> => {
  const t = await run.show<Transcript>("GET", `/sessions/${seg(id)}/transcript`, undefined, ({ rows }) => rows.filter((r) => !run.flag("commands") || r.kind === "command").map((r) => plain(`${r.channel}:${(r.ms / 1000).toFixed(1)} s ${r.kind === "printed" ? "" : `${r.kind}: `}${r.text}`)).join("\n"));
  if (!t.complete) run.say("This recording ends early or its chain is broken; this is what could be checked.");
  if (t.shortened) run.say("Only the beginning of a very long channel is shown.");
};
const inside = async (run: Run, id: string): Promise<void> => {
  const { next } = await run.show<List<Event>>("GET", withQuery(`/sessions/${seg(id)}/events`, { limit: run.text("limit") ?? "500", cursor: run.text("cursor") }), undefined, ({ items }) =>
    table(["when", "outcome", "facts"], items.map((e) => [relative(e.at, run.now), e.outcome, facts(e)]), "Nothing was reported."));
  if (next !== null) run.say(`More happened. Go on with: --cursor ${next}`);
};
const facts = (e: Event): string => Object.entries(e.facts ?? {}).map(([k, v]) => `${k}=${String(v)}`).join(" ");

/** The ledger for people: score, gaps, what was refused, channels. */
export const covered = ({ coverage: c }: Pick<SessionDetail, "coverage">): string => {
  if (!c) return "coverage  not counted yet";
  const channels = table(["channel", "kind", "to", "in", "out", "recorded", "kept", "exit"], c.channels.map((x) => [x.sums > 1 ? `${x.sums} more` : x.channel, x.kind, x.to, x.in.bytes, x.out.bytes + x.err.bytes, x.in.recorded + x.out.recorded + x.err.recorded, x.record, x.exit]), "No channel was opened.");
  const gaps = c.gaps.map((g) => `gap       ${g.channel === null ? "" : `channel ${g.channel}: `}${g.what}${g.bytes === null ? "" : `, ${g.bytes} bytes`}`);
  const refused = Object.entries(c.refused).map(([what, n]) => `refused   ${plain(what)}${n === 1 ? "" : `, ${n} times`}`);
  return [`coverage  ${c.percent}: ${c.covered} of ${c.proxied} bytes are recorded or under a digest, ${c.recorded} byte for byte`, ...gaps, ...refused, channels].join("\n");
};

export const sessions: Register = (program, io) => {
  const group = program.command("sessions").description("connections through the broker, live and past");
  example(group.command("list").description("newest first; with --search those in which the words were said").option("-s, --search <words>", "whole words; \"in quotes\" next to each other (auditors)").option("-l, --live", "only those going on").option("-q, --request <id>", "of one request")
    .option("-p, --person <name>").option("-a, --account <account>", "root@web-1").option("-t, --target <name>").option("--why <word>", "how it ended: expired, revoked, killed …").option("--from <moment>", "2026-11-25T09:00:00Z").option("--to <moment>", "before it")
    .option("--marked", "a command rule marked it").option("--gaps", "its recording ends early").option("-n, --limit <n>").option("--cursor <text>", "`next` of the page before"), "lockstep sessions list --live", "lockstep sessions list --search '\"rm -rf\" srv' --person ada")
    .action(act(io, (run) => (run.text("search") === undefined ? list(run) : search(run))));
  example(group.command("transcript").description("what was said, as text (auditors)").argument("<session>", "ses_…").option("-c, --commands", "only the commands"), "lockstep sessions transcript ses_…", "lockstep sessions transcript ses_… --commands").action(act(io, (run, id) => transcript(run, id!)));
  example(group.command("events").description("channels, commands and their ends, files, refusals").argument("<session>", "ses_…").option("-n, --limit <n>").option("--cursor <text>", "`next` of the page before"), "lockstep sessions events ses_…")
    .action(act(io, (run, id) => inside(run, id!)));
  example(group.command("raw").description("every frame as JSON lines (auditors; an event of its own)").argument("<session>", "ses_…").requiredOption("-r, --reason <text>", "why"), "lockstep sessions raw ses_… --reason \"incident 42\" > raw.jsonl")
    .action(act(io, async (run, id) => void run.io.stdout.write(await run.client.text("POST", withQuery(`/sessions/${seg(id!)}/raw`, { reason: run.text("reason") })))));
  example(group.command("show").description("one session: what passed, and what of it is covered").argument("<session>", "ses_…"), "lockstep sessions show ses_…")
    .action(act(io, (run, id) => run.show<SessionDetail>("GET", `/sessions/${seg(id!)}`, undefined, (s) => `${pairs([["session", s.id], ["state", s.state], ["who", s.person], ["account", s.account], ["from", s.address], ["opened", relative(s.openedAt, run.now)], ["ended", relative(s.endedAt, run.now)], ["why", s.why]])}\n${covered(s)}`)));
  example(group.command("end").description("cut a live session").argument("<session>", "ses_…").requiredOption("-r, --reason <text>", "why"), "lockstep sessions end ses_… --reason \"incident 42\"")
    .action(act(io, (run, id) => run.show<Session>("POST", `/sessions/${seg(id!)}/end`, { reason: run.text("reason") }, (s) => `${s.id}: the cut is ordered.`)));
};
