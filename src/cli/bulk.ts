/** lockstep bulk. Rule: without --yes it only says what it would do; the exit code says whether every account was changed. */
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { deliveryTable, type Delivery } from "./notices.ts";
import { choiceOf, choiceOptions, notifyOf, notifyOptions, termOptions, termsOf } from "./bulk-options.ts";
import { seg, withQuery } from "./client.ts";
import { line } from "./io.ts";
import { facts, relative, table } from "./print.ts";
import { fromStdin, newSecret } from "./prompt.ts";
import type { Bulk, BulkAccount, BulkPreview, List } from "./shapes.ts";
import { waitFor } from "./wait.ts";

const bar = (b: Bulk): string => {
  const decided = b.total - b.left, full = b.total === 0 ? 0 : Math.floor((decided / b.total) * 20);
  return `[${"#".repeat(full)}${".".repeat(20 - full)}] ${b.counts.done} of ${b.total} changed${b.counts.failed ? `, ${b.counts.failed} failed` : ""}${b.counts.skipped ? `, ${b.counts.skipped} left out` : ""}${b.counts.held ? `, ${b.counts.held} held` : ""}; ${b.state}`;
};
const says = (b: Bulk, run: Run): string => facts([["bulk change", b.id], ["state", b.why ? `${b.state}: ${b.why}` : b.state], ["progress", bar(b)], ["begun", `${relative(b.at, run.now)} by ${b.by}`], ["why", b.reason], ["time given", `until ${b.until ?? "-"}`], ...(b.moves.length > 0 ? [["you may", b.moves.join(", ")] as const] : [])]);
const accounts = (list: readonly BulkAccount[]): string => table(["account", "state", "rotation", "what"], list.map((a) => [a.account, a.state, a.rotationState, a.why]), "None like that.");
const STOPS = ["done", "stopped", "halted", "paused"];

const preview = (p: BulkPreview): string => table(["account", "state", "held by", "sessions", "what will happen"], p.items.map((a) => [
  a.account, a.standing, a.holders.join(", "), a.liveSessions, a.stops !== null ? `left alone: ${a.stops}` : a.broken.length > 0 ? `refused: needs ${a.broken.join("; ")}` : a.waits !== null ? `waits for ${a.waits}` : `changes it${a.administers ? `; the others of ${a.administers} wait meanwhile` : ""}`]), "No account.");
/** Read without echo, twice; or from stdin. */
const passwordOf = async (run: Run): Promise<string | undefined> => {
  if (run.flag("passwordStdin")) return fromStdin(run.io);
  return run.flag("given") ? newSecret(run.io, "Password for all of them", "Give it with --password-stdin.") : undefined;
};

const follow = async (run: Run, id: string): Promise<void> => {
  const end = await waitFor(run.io, () => run.client.json<Bulk>("GET", `/bulks/${seg(id)}`), (b) => STOPS.includes(b.state), bar);
  const list = (await run.client.json<List<BulkAccount>>("GET", withQuery(`/bulks/${seg(id)}/accounts`, { limit: "500" }))).items, bad = list.filter((a) => a.state !== "done");
  run.print(end, () => `${says(end, run)}${bad.length > 0 ? `\n\n${accounts(bad)}` : ""}`);
  if (end.state === "halted" || end.state === "paused") throw new Fault("conflict", `It ${end.state === "halted" ? "has halted" : "is paused"}${end.why ? `: ${end.why}` : ""}. Go on with: lockstep bulk resume ${end.id}`);
  if (end.counts.done < end.total) throw new Fault("upstream", `${end.total - end.counts.done} of ${end.total} accounts were not changed.`);
};
const begun = async (run: Run, b: Bulk): Promise<void> => {
  if (run.flag("wait")) return follow(run, b.id);
  run.print(b, () => `${says(b, run)}\nFollow it with: lockstep bulk show ${b.id} --wait`);
};

const start = async (run: Run, names: readonly string[]): Promise<void> => {
  const password = run.flag("generate") ? undefined : await passwordOf(run), wish = { choice: choiceOf(run, names), cut: run.flag("cut"), apply: !run.flag("local"), ...(password === undefined ? {} : { password }) };
  const seen = await run.client.json<BulkPreview>("POST", "/bulks/preview", wish);
  if (!run.flag("yes")) {
    run.print(seen, () => preview(seen));
    return run.say("Nothing was changed. Say --yes to change them.");
  }
  const body = { ...wish, seen: seen.digest, reason: run.text("reason") ?? "", terms: termsOf(run), notify: notifyOf(run) };
  if (!run.flag("generate")) return begun(run, await run.client.json<Bulk>("POST", "/bulks", body));
  const { apply: _apply, ...shown } = body, made = await run.client.json<{ password: string; bulk: Bulk }>("POST", "/bulks/shown", shown);
  if (run.json) return run.print(made, () => "");
  run.say("The password, shown once; it is changed again within hours:");
  line(run.io.stdout, made.password);
  return begun(run, made.bulk);
};
const show = async (run: Run, id: string): Promise<void> => {
  if (run.flag("wait")) return follow(run, id);
  const b = await run.client.json<Bulk>("GET", `/bulks/${seg(id)}`), list = await run.client.json<List<BulkAccount>>("GET", withQuery(`/bulks/${seg(id)}/accounts`, { limit: "500", state: run.text("state") }));
  run.print({ ...b, accounts: list.items }, () => `${says(b, run)}\n\n${accounts(list.items)}`);
};

export const bulk: Register = (program, io) => {
  const group = program.command("bulk").description("change the passwords of many accounts");
  const begin = notifyOptions(termOptions(choiceOptions(group.command("start").description("change them; without --yes it only says who is affected").argument("[accounts...]", "root@web-1 root@web-2"))));
  example(begin.option("-r, --reason <text>", "why; it stands in every event").option("--given", "one password for all, typed twice").option("--password-stdin", "one password for all, from stdin").option("--generate", "one password for all, made by the broker and shown once")
    .option("--local", "it is in force on the targets already: ask them, change nothing").option("--cut", "cut whoever uses them, instead of waiting").option("-y, --yes", "do it").option("-w, --wait", "until it is over"),
    "lockstep bulk start --target web-1 --target web-2", "lockstep bulk start --search tag:web --reason \"quarterly change\" --tell ada --mail ops@example.org --yes --wait").action(act(io, (run, names) => start(run, names as unknown as readonly string[])));
  example(group.command("list").description("newest first").option("-n, --limit <n>").option("--cursor <text>", "`next` of the page before"), "lockstep bulk list").action(act(io, (run) => run.show<List<Bulk>>("GET", withQuery("/bulks", { limit: run.text("limit"), cursor: run.text("cursor") }), undefined, ({ items }) =>
    table(["id", "state", "changed", "failed", "left", "begun", "by", "why"], items.map((b) => [b.id, b.state, `${b.counts.done}/${b.total}`, b.counts.failed, b.left, relative(b.at, run.now), b.by, b.reason]), "No bulk change yet. Begin one with: lockstep bulk start"))));
  example(group.command("show").description("one, account by account").argument("<bulk>", "blk_…").option("--state <state>", "waiting, held, changing, done, failed or skipped").option("-w, --wait", "until it is over"), "lockstep bulk show blk_… --state failed").action(act(io, (run, id) => show(run, id!)));
  example(group.command("told").description("whom it was told to, and what became of each mail and webhook").argument("<bulk>", "blk_…"), "lockstep bulk told blk_…")
    .action(act(io, (run, id) => run.show<List<Delivery>>("GET", `/bulks/${seg(id!)}/deliveries`, undefined, ({ items }) => deliveryTable(items, run.now))));
  for (const [word, what] of [["pause", "begin nothing more until resumed"], ["resume", "go on after a pause, or after it halted"], ["stop", "begin nothing more; what has begun ends first"], ["retry", "once more for those that failed or were left out"]] as const) {
    example(group.command(word).description(what).argument("<bulk>", "blk_…"), `lockstep bulk ${word} blk_…`).action(act(io, (run, id) => run.show<Bulk>("POST", `/bulks/${seg(id!)}/${word}`, {}, (b) => says(b, run))));
  }
};
