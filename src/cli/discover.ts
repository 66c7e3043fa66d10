/** lockstep discover. Rule: it waits for the list and shows what changed; nothing is adopted or put aside unless it is named. */
import { Fault } from "../kernel/fault.ts";
import { act, collect, example, type Register, type Run } from "./act.ts";
import { seg } from "./client.ts";
import { pause } from "./io.ts";
import { relative, table } from "./print.ts";
import { confirm } from "./prompt.ts";
import type { List, When } from "./shapes.ts";

type Listing = { readonly id: string; readonly target: string; readonly state: string; readonly done: boolean; readonly why: When; readonly first: boolean };
type Found = { readonly name: string; readonly stage: string; readonly enabled: boolean | null; readonly privileged: boolean | null; readonly lastLogin: When; readonly says: readonly string[]; readonly changes: readonly string[]; readonly hindered: When; readonly warns: readonly string[]; readonly ignored: When };
type FoundList = List<Found> & { readonly target: string; readonly at: When; readonly first: boolean; readonly daily: boolean; readonly last: Listing | null };
type Rule = { readonly id: string; readonly pattern: string; readonly does: string; readonly only: string; readonly target: When; readonly group: When; readonly reason: string; readonly by: string };

const yes = (b: boolean | null): string => (b === null ? "?" : b ? "yes" : "no");
const words = (changes: readonly string[]): string => changes.map((c) => c.replaceAll("_", " ")).join(", ");
const rows = (items: readonly Found[], now: Date): string => table(["account", "here", "enabled", "privileged", "last login", "since last time", "what it is"],
  items.map((f) => [f.name, f.stage, yes(f.enabled), yes(f.privileged), f.lastLogin === null ? "-" : relative(f.lastLogin, now), words(f.changes), f.says.join(", ")]), "No account was found.");
const shown = (v: FoundList, all: boolean, now: Date): string => {
  const items = all ? v.items : v.items.filter((f) => f.stage !== "ignored" && (f.stage !== "gone" || f.changes.length > 0) && (f.enabled !== false || f.changes.length > 0 || f.stage !== "unmanaged")), left = v.items.length - items.length;
  return [v.at === null ? `${v.target} was never listed.` : `${v.target}, as of ${relative(v.at, now)}${v.first ? "; there is no list before to compare with" : ""}${v.daily ? "; listed every day" : ""}`,
    rows(items, now), ...(left > 0 ? [`${left} more that cannot log in, are put aside or are long gone: --all`] : [])].join("\n");
};
const whole = async (run: Run, target: string): Promise<FoundList> => {
  const items: Found[] = [];
  for (let next: string | null = null; ;) {
    const page: FoundList = await run.client.json<FoundList>("GET", `/targets/${seg(target)}/found?limit=500${next === null ? "" : `&cursor=${next}`}`);
    items.push(...page.items);
    next = page.next;
    if (next === null) return { ...page, items, next: null };
  }
};

const TICK = 300;
const settle = async (run: Run, id: string): Promise<Listing> => {
  for (;;) {
    const d = await run.client.json<Listing>("GET", `/discoveries/${seg(id)}`);
    if (d.done) return d;
    await pause(TICK);
  }
};
const list = async (run: Run, target: string): Promise<void> => {
  if (!run.flag("last")) {
    const d = await settle(run, (await run.client.json<Listing>("POST", `/targets/${seg(target)}/discoveries`, {})).id);
    if (d.state === "failed") throw new Fault("upstream", `${d.target} was not listed: ${d.why ?? "it did not say why"}. What is known of it stands as it was; see it with --last.`);
  }
  const v = await whole(run, target);
  run.print(v, () => shown(v, run.flag("all"), run.io.clock.now()));
};
const group = async (run: Run, name: string): Promise<void> => {
  const { items } = await run.client.json<{ items: readonly { target: string; id: string | null; why: string | null }[] }>("POST", "/discoveries", { group: name });
  const done: { target: string; state: string; why: When }[] = [];
  for (const i of items) done.push(i.id === null ? { target: i.target, state: "failed", why: i.why } : await settle(run, i.id));
  run.print({ items: done }, () => table(["target", "result", "why"], done.map((d) => [d.target, d.state, d.why]), "No target in it."));
};
const adopt = async (run: Run, target: string, names: readonly string[]): Promise<void> => {
  const { items } = await run.client.json<{ items: readonly Found[] }>("POST", `/targets/${seg(target)}/found/preview`, { names });
  if (!run.flag("yes")) {
    run.say(table(["account", "what to know"], items.map((f) => [f.name, f.hindered === null ? f.warns.join("; ") : `left alone: ${f.hindered}`]), ""));
    if (!await confirm(run.io, "Change the passwords of these twice, and manage them?", "Say so with --yes")) throw new Fault("conflict", "Nothing was adopted.");
  }
  await run.show<{ items: readonly { name: string; ok: boolean; said: string }[] }>("POST", `/targets/${seg(target)}/found/adopt`, { names }, (r) => table(["account", "result"], r.items.map((i) => [i.name, i.said]), ""));
};
const work = async (run: Run, target: string | undefined): Promise<unknown> => {
  const named = run.text("group"), taken = run.many("adopt"), aside = run.many("ignore"), back = run.many("unignore"), daily = run.options["daily"];
  if (named !== undefined) return group(run, named);
  if (target === undefined) throw new Fault("invalid", "Name a target, or a group with --group.");
  const at = `/targets/${seg(target)}`;
  if (taken.length > 0) return adopt(run, target, taken);
  if (aside.length > 0) return run.show("POST", `${at}/found/ignore`, { names: aside, reason: run.text("reason") ?? "" }, () => `${aside.join(", ")} put aside.`);
  if (back.length > 0) return run.show("POST", `${at}/found/unignore`, { names: back }, () => `${back.join(", ")} back on the list.`);
  if (typeof daily === "boolean") return run.show("PUT", `${at}/daily-discovery`, { on: daily }, () => (daily ? `${target} is listed again every day.` : `${target} is listed when somebody asks for it.`));
  return list(run, target);
};

const ruleBody = (run: Run, pattern: string) => ({
  pattern, does: run.flag("ignore") ? "ignore" : "adopt", only: run.flag("privileged") ? "privileged" : run.flag("unprivileged") ? "unprivileged" : "all", target: run.text("target") ?? null, group: run.text("group") ?? null, reason: run.text("reason") ?? "",
});
const addRule = async (run: Run, pattern: string): Promise<void> => {
  const body = ruleBody(run, pattern), { items } = await run.client.json<{ items: readonly (Found & { target: string })[] }>("POST", "/adoption-rules/preview", body);
  if (!run.flag("yes")) {
    run.say(table(["account", "what to know"], items.map((f) => [`${f.name}@${f.target}`, f.hindered === null ? f.warns.join("; ") : `left alone: ${f.hindered}`]), "It matches nothing that is known today."));
    if (!await confirm(run.io, `Accept this rule? It ${body.does}s these at once, and whatever is found later.`, "Say so with --yes")) throw new Fault("conflict", "No rule was made.");
  }
  await run.show<Rule>("POST", "/adoption-rules", body, (r) => `Rule ${r.id}: ${r.does} ${r.pattern}.`);
};

export const discover: Register = (program, io) => {
  example(program.command("discover").description("list the accounts a target has, and what changed since last time").argument("[target]", "its name").option("--group <name>", "every target of this group")
    .option("--last", "the last list, without asking the target").option("--all", "also those that cannot log in, are put aside or are gone").option("--adopt <account>", "take it under management; may be given again", collect, [])
    .option("--ignore <account>", "put it aside; may be given again", collect, []).option("--unignore <account>", "back on the list; may be given again", collect, []).option("-r, --reason <text>", "why it is put aside").option("--daily", "list it again every day").option("--no-daily", "no longer").option("-y, --yes", "without asking"),
  "lockstep discover web-1", "lockstep discover web-1 --json", "lockstep discover web-1 --adopt app1 --adopt svc-backup", "lockstep discover web-1 --ignore games --reason \"of the distribution\"", "lockstep discover --group servers")
    .action(act(io, (run, target) => work(run, target)));
  const rules = program.command("adoption-rules").description("what is done with accounts that are found");
  example(rules.command("list").description("those in force"), "lockstep adoption-rules list").action(act(io, (run) => run.show<List<Rule>>("GET", "/adoption-rules?limit=500", undefined, ({ items }) =>
    table(["id", "does", "pattern", "of those", "where", "why", "by"], items.map((r) => [r.id, r.does, r.pattern, r.only, r.target ?? r.group ?? "everywhere", r.reason, r.by]), "No rule yet. Accept one with: lockstep adoption-rules add"))));
  example(rules.command("add").description("accept one; it acts with your rights, as they are then").argument("<pattern>", "svc-*").option("--ignore", "put them aside instead of adopting them").option("--privileged", "only the privileged").option("--unprivileged", "only the others")
    .option("--target <name>", "on this one alone").option("--group <name>", "on the targets of this group").option("-r, --reason <text>", "why").option("-y, --yes", "without asking"), "lockstep adoption-rules add 'svc-*' --group servers --reason \"services are managed\"").action(act(io, (run, pattern) => addRule(run, pattern!)));
  example(rules.command("end").description("no more from now on; what it did stays done").argument("<rule>", "rul_…"), "lockstep adoption-rules end rul_…").action(act(io, (run, id) => run.show("DELETE", `/adoption-rules/${seg(id!)}`, undefined, () => "Ended.")));
};
