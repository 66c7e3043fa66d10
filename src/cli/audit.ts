/**
 * lockstep audit. Rule: verify needs no broker: it trusts the file's own hashes and nothing else; they cannot say what came after its last line, so a
 * file gets its name only when the broker has sent all of it.
 */
import type { Command } from "commander";
import { existsSync, readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Fault } from "../kernel/fault.ts";
import { sayIfAlone } from "./alone.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { checkChain } from "./chain.ts";
import { seg, withQuery } from "./client.ts";
import { relative, table } from "./print.ts";
import type { AuditCheck, Event, List } from "./shapes.ts";
import { waitFor } from "./wait.ts";
import { notNew, writeWhole } from "./whole-file.ts";

const read = (file: string): string[] => {
  try { return readFileSync(file, "utf8").split("\n").filter((l) => l !== ""); } catch (cause) { throw new Fault("not_found", `${file} cannot be read.`, { cause }); }
};
const about = (e: Event): string => Object.entries(e.about).map(([k, v]) => `${k}=${v}`).join(" ");

/** The filter, as list and export have it. */
const filtered = (command: Command): Command => command.option("-t, --text <text>", "holds this").option("--what <name>", "such as password.released").option("--who <name>", "an id, or a part of a name or address").option("--about <id>", "of one thing")
  .option("--outcome <word>", "ok, refused, failed or intent").option("--from <moment>", "2026-11-25 or 2026-11-25T09:00:00Z").option("--to <moment>", "before it; a day counts whole");
const DAY = 24 * 60 * 60 * 1_000;
/** A day as its start, or its end; anything else as it is, for the API to judge. */
const moment = (text: string | undefined, end: boolean): string | undefined => (text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(Date.parse(text) + (end ? DAY : 0)).toISOString() : text);
const filterOf = (run: Run) => ({ text: run.text("text"), what: run.text("what"), who: run.text("who"), about: run.text("about"), outcome: run.text("outcome"), from: moment(run.text("from"), false), to: moment(run.text("to"), true) });

const AGAIN = "Ask for it again; if it breaks off again, the broker's own log says why";
const short = (what: string) => (e: unknown): never => { throw new Fault("unavailable", `${what}: ${(e as Error).message}. ${AGAIN}.`); };
const toStdout = async (run: Run, body: Readable): Promise<void> => {
  try { for await (const chunk of body) run.io.stdout.write(chunk as Buffer); } catch (e) { short("What came is not all of it")(e); }
};
const toFile = async (run: Run): Promise<void> => {
  const filter = filterOf(run), format = run.text("format"), file = run.text("output");
  if (run.json && file === undefined && format !== "jsonl") throw new Fault("invalid", "--json and a table together: leave one of them out, or write the table to a file with --output.");
  if (file !== undefined && existsSync(file)) notNew(file, { code: "EEXIST" });
  const { body } = await run.client.stream(withQuery("/audit/export", { ...filter, format, after: run.text("after") }));
  if (file === undefined) return toStdout(run, body);
  await writeWhole(file, (to) => pipeline(body, to).catch(short(`${file} was not written, as not all of it came`)));
  const whole = format === "jsonl" && Object.values(filter).every((v) => v === undefined);
  if (run.json) run.print({ file, whole }, () => "");
  run.say(whole ? `Written to ${file}. Check it with: lockstep audit verify ${file}` : `Written to ${file}. It is a selection or a table: only a whole export as JSON lines can be verified.`);
};

/** The broker's own check; 0 only when the log is whole. */
const check = async (run: Run): Promise<void> => {
  const begun = await run.client.json<AuditCheck>("POST", "/audit/checks", {});
  const end = await waitFor(run.io, () => run.client.json<AuditCheck>("GET", `/audit/checks/${seg(begun.id)}`), (c) => c.state !== "running", (c) => `${c.says} ${c.percent} %`);
  run.print(end, () => [end.says, ...end.findings.map((f) => `  number ${f.at}: ${f.why}`)].join("\n"));
  if (end.state === "broken") throw new Fault("conflict", "The audit log is not whole.");
};

export const audit: Register = (program, io) => {
  const group = program.command("audit").description("what happened");
  example(filtered(group.command("list").description("newest first")).option("-n, --limit <n>").option("--cursor <text>", "`next` of the page before"), "lockstep audit list --what password.released", "lockstep audit list --who ada --from 2026-11-01 --outcome refused")
    .action(act(io, async (run) => { await sayIfAlone(run); return run.show<List<Event>>("GET", withQuery("/audit", { ...filterOf(run), limit: run.text("limit"), cursor: run.text("cursor") }), undefined, ({ items }) =>
      table(["index", "when", "what", "who", "outcome", "about", "why"], items.map((e) => [e.index, relative(e.at, run.now), e.what, e.who.name ?? e.who.part, e.outcome, about(e), e.why]), "Nothing matches.")); }));
  example(filtered(group.command("export").description("as JSON lines or CSV, in index order")).option("-o, --output <file>", "a new file").option("--after <index>", "only later ones").option("-f, --format <name>", "jsonl or csv", "jsonl"), "lockstep audit export -o audit.jsonl", "lockstep audit export -f csv --who ada -o ada.csv").action(act(io, toFile));
  example(group.command("check").description("the broker checks its whole log for gaps and changes"), "lockstep audit check").action(act(io, check));
  example(group.command("verify").description("check an exported file's hash chain, without the broker").argument("<file>"), "lockstep audit verify audit.jsonl")
    .action(act(io, (run, file) => {
      const result = checkChain(read(file!));
      if (run.json || result.ok) run.print(result, () => (result.ok ? `${result.events} events, ${result.first ?? "-"} to ${result.last ?? "-"}: the chain holds that far; a later event would not be missed. Its head is ${result.head ?? "none"}.` : ""));
      if (!result.ok) throw new Fault("conflict", `${file!}, line ${result.at}: ${result.why}.`);
      return Promise.resolve();
    }));
};
