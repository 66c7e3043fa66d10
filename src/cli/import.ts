/** lockstep import. Rule: --dry-run shows every row and changes nothing; a row that was not imported makes the exit code say so. */
import { readFileSync } from "node:fs";
import { Fault } from "../kernel/fault.ts";
import { formatOf, template } from "../domain/import.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { fromStdin } from "./prompt.ts";
import { table } from "./print.ts";

type Answer = { readonly whole: string | null; readonly rows: readonly { readonly line: number; readonly name: string; readonly outcome: string; readonly did: readonly string[]; readonly why: readonly string[] }[] };

const textOf = async (run: Run, file: string): Promise<string> => {
  try { return file === "-" ? await fromStdin(run.io) : readFileSync(file, "utf8"); } catch (cause) { throw new Fault("invalid", `${file} cannot be read: ${(cause as Error).message}`, { cause }); }
};
const load = async (run: Run, file: string): Promise<void> => {
  const text = await textOf(run, file), dryRun = run.flag("dryRun");
  const a = await run.show<Answer>("POST", "/import", { format: formatOf(text), text, dryRun }, ({ rows }) =>
    table(["line", "what", "result", "why"], rows.map((r) => [r.line, r.name, r.outcome.replace("_", " "), [...r.did, ...r.why].join("; ")]), "There is no row in it."));
  if (a.whole !== null) throw new Fault("invalid", a.whole);
  const bad = a.rows.filter((r) => r.outcome === "failed" || r.outcome === "left_out").length;
  if (bad > 0) throw new Fault("invalid", `${bad} of ${a.rows.length} rows ${dryRun ? "would not be" : "were not"} imported; the reasons stand beside them.`);
};

const blank = (run: Run, format: string): void => {
  if (format !== "csv" && format !== "json") throw new Fault("invalid", "A template is csv or json.");
  const text = template(format);
  if (run.json) run.print({ format, text }, () => text);
  else run.io.stdout.write(text);
};

export const imports: Register = (program, io) => {
  example(program.command("import").description("targets and accounts from a CSV or JSON file").argument("[file]", "or - for stdin").option("-n, --dry-run", "say what every row would do, change nothing").option("--template <format>", "print a file to fill in: csv or json"),
    "lockstep import --template csv > hosts.csv", "lockstep import hosts.csv --dry-run")
    .action(act(io, async (run, file) => {
      const format = run.text("template");
      if (format !== undefined) return blank(run, format);
      if (file === undefined) throw new Fault("invalid", "Name a file, or - for stdin.");
      return load(run, file);
    }));
};
