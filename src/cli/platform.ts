/** lockstep platform: command sets, and what came of trying one. Rule: a text goes as it stands in its file; what a device said is shown scrubbed. */
import { readFileSync } from "node:fs";
import { FRESH_SET, transcriptText, type Transcript } from "../domain/command-set/index.ts";
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { seg } from "./client.ts";
import { plain } from "./io.ts";
import { fromStdin } from "./prompt.ts";
import { relative, table } from "./print.ts";
import { recording } from "./record.ts";
import type { List } from "./shapes.ts";

type Line = { readonly platform: string; readonly called: string; readonly grade: string; readonly over: readonly string[]; readonly state: string; readonly hash: string | null; readonly by: string | null };
type Test = { readonly passed: boolean; readonly changed: boolean; readonly why: string; readonly at: string; readonly transcript: readonly { readonly verb: string; readonly over: string; readonly said: Transcript }[] };
type Mistake = { readonly line: number; readonly key: string; readonly says: string };

const textIn = async (run: Run, file: string): Promise<string> => {
  try { return file === "-" ? await fromStdin(run.io) : readFileSync(file, "utf8"); } catch (cause) { throw new Fault("invalid", `${file} cannot be read: ${(cause as Error).message}`, { cause }); }
};
/** Mistakes as a compiler says them, each on a line of its own. */
const propose = async (run: Run, file: string): Promise<void> => {
  const text = await textIn(run, file), { mistakes } = await run.client.json<{ mistakes: Mistake[] }>("POST", "/command-sets/check", { text });
  if (mistakes.length > 0) throw new Fault("invalid", `${file} is no command set yet:\n${mistakes.map((m) => `${file}:${m.line}: ${m.key === "" ? "" : `${m.key}: `}${m.says}`).join("\n")}`);
  await run.show<Line>("POST", "/command-sets", { text }, (l) => `${l.platform} proposed. It is inert until another admin accepts it: lockstep platform accept ${l.hash ?? ""}`);
};
const tested = (t: Test): string => {
  const head = t.passed ? (t.changed ? "Passed: the password was changed and proven." : "Passed: logged in; nothing was changed.") : `Not passed: ${t.why}`;
  return plain([...t.transcript.map((s) => `--- ${s.verb} over ${s.over}\n${transcriptText(s.said)}`), "", head, ...(t.passed && t.why !== "" ? [t.why] : [])].join("\n"));
};

export const platform: Register = (program, io) => {
  const group = program.command("platform").description("devices with a command line: command sets as data");
  recording(group, io);
  example(group.command("list").description("all of them, with how sure each is"), "lockstep platform list").action(act(io, (run) => run.show<List<Line>>("GET", "/command-sets?limit=500", undefined, ({ items }) =>
    table(["platform", "called", "grade", "over", "state", "hash"], items.map((l) => [l.platform, l.called, l.grade, l.over.join(", "), l.by ? `${l.state} (${l.by})` : l.state, l.hash?.slice(0, 12) ?? ""]), "None."))));
  example(group.command("show").description("one as YAML, to look at or to begin from").argument("<set>", "its name or hash"), "lockstep platform show busybox > mine.yaml")
    .action(act(io, (run, set) => run.show<{ text: string }>("GET", `/command-sets/${seg(set!)}`, undefined, (s) => plain(s.text.trimEnd()))));
  example(group.command("new").description("propose a set; without a file, print one to begin from").argument("[file]", "YAML, or - for stdin"), "lockstep platform new > mine.yaml", "lockstep platform new mine.yaml")
    .action(act(io, async (run, file) => { if (file === undefined) run.print({ text: FRESH_SET }, () => FRESH_SET.trimEnd()); else await propose(run, file); }));
  example(group.command("accept").description("let the text with this hash be a platform; never by its author").argument("<hash>", "as list or the author gave it"), "lockstep platform accept 3f1c…")
    .action(act(io, (run, hash) => run.show<Line>("POST", `/command-sets/${seg(hash!)}/accept`, {}, (l) => `${l.platform} accepted.`)));
  example(group.command("test").description("try it on the device itself: log in, look at the right; with --change, change a password once").argument("<account>", "such as admin@switch-1").option("--change", "by an ordinary rotation; adopts an account that is not managed yet"),
    "lockstep platform test admin@switch-1", "lockstep platform test admin@switch-1 --change").action(act(io, async (run, account) => {
    const t = await run.client.json<Test>("POST", "/platform-tests", { account, change: run.flag("change") });
    run.print(t, () => tested(t));
    if (!t.passed) throw new Fault("upstream", `${account!}: the command set did not pass: ${t.why}`);
  }));
  example(group.command("tests").description("what came of the trials on a target").argument("<target>", "its name"), "lockstep platform tests switch-1").action(act(io, (run, target) => run.show<List<Test>>("GET", `/platform-tests/${seg(target!)}`, undefined, ({ items }) =>
    table(["when", "passed", "changed a password", "why"], items.map((t) => [relative(t.at, run.now), t.passed ? "yes" : "no", t.changed ? "yes" : "no", t.why]), "Nothing was tried on it."))));
};
