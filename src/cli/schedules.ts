/** lockstep schedules. Rule: `edit` keeps what is not named; times are the schedule's own wall clock. */
import type { Command } from "commander";
import { Fault } from "../kernel/fault.ts";
import { act, collect, example, type Register, type Run } from "./act.ts";
import { choiceOf, choiceOptions, isChosen, notifyOf, notifyOptions, termOptions, termsOf, toldOf } from "./bulk-options.ts";
import { seg, withQuery } from "./client.ts";
import { facts, relative, table } from "./print.ts";
import type { Bulk, List, Schedule } from "./shapes.ts";

/** As the API has it. */
type When = { readonly zone: string } & ({ readonly kind: "once" } | { readonly kind: "cron" } | { readonly kind: "every"; readonly n: number; readonly unit: string; readonly from: string; readonly time: string });
const zoneOf = (run: Run, before?: When): string => run.text("zone") ?? before?.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
const moment = (text: string): { date: string; time: string } => {
  const found = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)$/.exec(text.trim());
  if (!found) throw new Fault("invalid", `"${text}" is not a moment such as "2026-12-01 22:00".`);
  return { date: found[1]!, time: found[2]! };
};
const KINDS = ["once", "every", "cron"] as const;
/** Of what is named and, for the rest, of the schedule's own. */
const everyOf = (run: Run, before: When | undefined): When => {
  const old = before?.kind === "every" ? before : undefined, every = run.text("every"), found = /^(\d+)?\s*(day|week|month)s?$/.exec(every?.trim() ?? "");
  if (every !== undefined && !found) throw new Fault("invalid", `"${every}" is not like: day, 2 weeks, 3 months.`);
  const step = found ? { n: Number(found[1] ?? 1), unit: `${found[2]!}s` } : { n: old!.n, unit: old!.unit };
  return { kind: "every", ...step, from: run.text("from") ?? old?.from ?? run.now.toISOString().slice(0, 10), time: run.text("at") ?? old?.time ?? "02:00", zone: zoneOf(run, before) };
};
const refuseIdle = (run: Run): void => {
  const idle = ["at", "from"].filter((o) => run.text(o) !== undefined).map((o) => `--${o}`);
  if (idle.length > 0) throw new Fault("invalid", `${idle.join(" and ")} would change nothing: only --every has a first day and a time of day of its own.`);
};
/** `before`: the schedule's own. Undefined: nothing of it was named. */
const whenOf = (run: Run, before?: When): object | undefined => {
  const named = KINDS.filter((o) => run.text(o) !== undefined), kind = named[0] ?? before?.kind, once = run.text("once"), zone = zoneOf(run, before);
  if (named.length > 1) throw new Fault("invalid", "One of --once, --every and --cron.");
  if (kind === "every") return everyOf(run, before);
  refuseIdle(run);
  if (once !== undefined) return { kind, ...moment(once), zone };
  if (kind === "cron" && named.length > 0) return { kind, text: run.text("cron"), zone };
  return before && { ...before, zone };
};
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const dayOf = (text: string): number => {
  const n = DAYS.indexOf(text.trim().toLowerCase().slice(0, 3)) + 1;
  if (n === 0) throw new Fault("invalid", `"${text}" is no day of the week: mon to sun.`);
  return n;
};
/** "Sat,Sun 22:00-24:00" */
const opening = (text: string) => {
  const found = /^([a-z, -]+?)\s+(\d\d:\d\d)\s*-\s*(\d\d:\d\d)$/i.exec(text.trim());
  if (!found) throw new Fault("invalid", `"${text}" is not like: Sat,Sun 01:00-05:00`);
  const days = found[1]!.split(",").flatMap((part) => { const [a, b] = part.split("-").map(dayOf); return b === undefined ? [a!] : Array.from({ length: (b - a! + 7) % 7 + 1 }, (_, i) => (a! - 1 + i) % 7 + 1); });
  return { days: [...new Set(days)].sort(), from: found[2]!, to: found[3]! };
};
const windowOf = (run: Run, before?: When): object => {
  const window = run.many("window"), any = run.flag("anyTime");
  if (any && window.length > 0) throw new Fault("invalid", "--window and --any-time together: say one of them.");
  return window.length > 0 ? { window: { zone: zoneOf(run, before), open: window.map(opening) } } : any ? { window: null } : {};
};
const given = (run: Run, own?: When) => {
  const when = whenOf(run, own), choice = choiceOf(run, run.many("account")), notify = toldOf(notifyOf(run)), terms = termsOf(run), before = run.text("notifyBefore");
  return {
    ...(when ? { when } : {}), ...(isChosen(choice) ? { choice } : {}), ...(run.text("reason") !== undefined ? { reason: run.text("reason") } : {}), notify, ...(run.text("name") !== undefined ? { name: run.text("name") } : {}),
    ...(before !== undefined ? { notifyBefore: Number(before) } : {}), ...windowOf(run, own), ...(Object.keys(terms).length > 0 ? { terms } : {}),
  };
};
const options = (c: Command): Command => notifyOptions(termOptions(choiceOptions(c.option("-a, --account <name>", "root@web-1; may be given again", collect, [])))).option("--once <moment>", "\"2026-12-01 22:00\"").option("--every <interval>", "day, 2 weeks, 3 months")
  .option("--from <day>", "the first day of --every; today").option("--at <time>", "the time of day of --every; 02:00").option("--cron <line>", "\"30 2 * * sun\"").option("--zone <zone>", "Europe/Berlin; for a new one this machine's").option("-r, --reason <text>", "why; it stands in every event")
  .option("--window <hours>", "\"Sat,Sun 01:00-05:00\": begin and go on only then; may be given again", collect, []).option("--any-time", "no window").option("--notify-before <minutes>", "tell those named so long before each run, too");

const counted = (b: Bulk): readonly (string | number)[] => [b.id, b.state, `${b.counts.done}/${b.total}`, b.counts.failed, b.counts.skipped];
const says = (s: Schedule, run: Run): string => [
  facts([["schedule", s.name], ["id", s.id], ["state", s.state], ["when", s.says], ["next run", s.nextAt === null ? "-" : `${relative(s.nextAt, run.now)} (${s.nextAt})`], ["last run", relative(s.lastRun, run.now)], ["accounts now", s.accounts ?? "-"], ["why", s.reason], ["by", s.by], ...(s.moves.length > 0 ? [["you may", s.moves.join(", ")] as const] : [])]),
  ...(s.runs.length > 0 ? ["", table(["run", "state", "changed", "failed", "left out", "begun"], s.runs.map((b) => [...counted(b), relative(b.at, run.now)]), "")] : []),
].join("\n");
const edit = async (run: Run, id: string): Promise<void> => {
  const { name, when, choice, reason, window, terms, notify, notifyBefore } = await run.client.json<Schedule>("GET", `/schedules/${seg(id)}`), wanted = given(run, when as When), before = terms as Record<string, unknown>;
  await run.show<Schedule>("PUT", `/schedules/${seg(id)}`, { name, when, choice, reason, window, notifyBefore, ...wanted, notify: { ...notify as object, ...wanted.notify }, terms: { ...before, ...wanted.terms } }, (s) => says(s, run));
};

export const schedules: Register = (program, io) => {
  const group = program.command("schedules").description("password changes by the calendar");
  example(group.command("list").description("the next run first"), "lockstep schedules list").action(act(io, (run) => run.show<List<Schedule>>("GET", "/schedules", undefined, ({ items }) =>
    table(["name", "state", "next run", "when", "last run", "by"], items.map((s) => [s.name, s.state, relative(s.nextAt, run.now), s.says, relative(s.lastRun, run.now), s.by]), "No schedule yet. Make one with: lockstep schedules add"))));
  example(group.command("calendar").description("the runs to come, in order").option("-d, --days <n>", "how far", "31"), "lockstep schedules calendar --days 7").action(act(io, (run) => run.show<List<{ at: string; schedule: string }>>("GET", withQuery("/schedules/calendar", { days: run.text("days") }), undefined, ({ items }) =>
    table(["when", "at", "schedule"], items.map((i) => [relative(i.at, run.now), i.at, i.schedule]), "Nothing is due in these days."))));
  example(group.command("show").description("one, and its runs").argument("<schedule>", "name or sch_…"), "lockstep schedules show nightly").action(act(io, (run, id) => run.show<Schedule>("GET", `/schedules/${seg(id!)}`, undefined, (s) => says(s, run))));
  example(options(group.command("add").description("make one").argument("<name>", "what to call it")), "lockstep schedules add nightly --search tag:web --every day --at 02:30 --zone Europe/Berlin --reason \"changed each night\"", "lockstep schedules add monthly --group servers --cron \"0 3 1 * *\" --window \"Mon-Sun 01:00-05:00\" --tell ada --notify-before 1440 --reason policy")
    .action(act(io, (run, name) => run.show<Schedule>("POST", "/schedules", { ...given(run), name }, (s) => says(s, run))));
  example(options(group.command("edit").description("change what is named, keep the rest; you answer for its runs from then on").argument("<schedule>", "name or sch_…").option("--name <name>")), "lockstep schedules edit nightly --at 03:00").action(act(io, (run, id) => edit(run, id!)));
  for (const [word, what] of [["pause", "no more runs until it is resumed"], ["resume", "go on with the next run after now"], ["end", "over for good; its runs stay to be seen"]] as const) {
    example(group.command(word).description(what).argument("<schedule>", "name or sch_…"), `lockstep schedules ${word} nightly`).action(act(io, (run, id) => run.show<Schedule>("POST", `/schedules/${seg(id!)}/${word}`, {}, (s) => says(s, run))));
  }
};
