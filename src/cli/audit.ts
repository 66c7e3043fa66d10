/** lockstep audit. Rule: verify needs no broker: it trusts the file's own hashes and nothing else. */
import { createWriteStream, readFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { checkChain } from "./chain.ts";
import { withQuery } from "./client.ts";
import { relative, table } from "./print.ts";
import type { Event, List } from "./shapes.ts";

const read = (file: string): string[] => {
  try { return readFileSync(file, "utf8").split("\n").filter((l) => l !== ""); } catch (cause) { throw new Fault("not_found", `${file} cannot be read.`, { cause }); }
};
const about = (e: Event): string => Object.entries(e.about).map(([k, v]) => `${k}=${v}`).join(" ");

const toFile = async (run: Run): Promise<void> => {
  const { body } = await run.client.stream(withQuery("/audit/export", { after: run.text("after") })), file = run.text("output");
  if (file === undefined) { for await (const chunk of body) run.io.stdout.write(chunk as Buffer); return; }
  await pipeline(body, createWriteStream(file, { mode: 0o600, flags: "wx" })).catch((cause: unknown) => { throw new Fault("conflict", `${file} was not written: ${(cause as Error).message}.`, { cause }); });
  run.say(`Written to ${file}. Check it with: lockstep audit verify ${file}`);
};

export const audit: Register = (program, io) => {
  const group = program.command("audit").description("what happened");
  example(group.command("list").description("newest first").option("-t, --text <text>", "holds this").option("--what <name>", "such as password.released").option("--about <id>", "of one thing").option("-n, --limit <n>").option("--cursor <text>", "`next` of the page before"), "lockstep audit list --what password.released")
    .action(act(io, (run) => run.show<List<Event>>("GET", withQuery("/audit", { text: run.text("text"), what: run.text("what"), about: run.text("about"), limit: run.text("limit"), cursor: run.text("cursor") }), undefined, ({ items }) =>
      table(["index", "when", "what", "who", "outcome", "about", "why"], items.map((e) => [e.index, relative(e.at, run.now), e.what, e.who.name ?? e.who.part, e.outcome, about(e), e.why]), "Nothing matches."))));
  example(group.command("export").description("as JSON lines, in index order").option("-o, --output <file>", "a new file").option("--after <index>", "only later ones"), "lockstep audit export -o audit.jsonl").action(act(io, toFile));
  example(group.command("verify").description("check an exported file's hash chain, without the broker").argument("<file>"), "lockstep audit verify audit.jsonl")
    .action(act(io, (run, file) => {
      const result = checkChain(read(file!));
      if (run.json || result.ok) run.print(result, () => (result.ok ? `${result.events} events, ${result.first ?? "-"} to ${result.last ?? "-"}: the chain holds. Its head is ${result.head ?? "none"}.` : ""));
      if (!result.ok) throw new Fault("conflict", `${file!}, line ${result.at}: ${result.why}.`);
      return Promise.resolve();
    }));
};
