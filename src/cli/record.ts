/** lockstep platform record: one password change by hand, line by line. Rule: no password is on this screen; `{{new}}` and `{{present}}` stand for them. */
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import type { Said } from "../domain/command-set/index.ts";
import { Fault, toFault } from "../kernel/fault.ts";
import { act, example, type Run } from "./act.ts";
import { seg } from "./client.ts";
import { plain, type Io } from "./io.ts";
import { facts, relative, table } from "./print.ts";
import type { List } from "./shapes.ts";
import { waitFor } from "./wait.ts";

type Line = { readonly id: string; readonly state: string; readonly account: string; readonly login: string; readonly by: string; readonly at: string; readonly allowedBy: string | null; readonly reason: string; readonly why: string | null };
type Whole = Line & { readonly said: readonly Said[]; readonly transcript: string; readonly password: { readonly state: string; readonly why: string | null } | null; readonly draft: string | null; readonly noDraft: string | null; readonly unsure: readonly string[] };
const at = (id: string, verb = ""): string => `/demonstrations/${seg(id)}${verb === "" ? "" : `/${verb}`}`;

/** What the device said since our last line. */
const answer = (d: Whole): string => d.said.slice(d.said.findLastIndex((s) => s.by === "broker") + 1).map((s) => s.text).join("");
const HELP = "Type a line; {{new}} and {{present}} stand for the passwords, {{account}} and {{user}} for the names. :listen hears what comes late, :key X sends X without Enter, :done ends it.";
const wishOf = (text: string): { line: string | null; enter: boolean } => {
  if (text === ":listen") return { line: null, enter: true };
  return text.startsWith(":key ") ? { line: text.slice(5), enter: false } : { line: text, enter: true };
};
/** Until :done, the end of the input, or the end of the line to the device. */
const hands = async (run: Run, id: string): Promise<Whole> => {
  let d = await run.client.json<Whole>("POST", at(id, "begin"), {}), before = answer(d);
  run.say(HELP);
  run.io.stderr.write(plain(before));
  const lines = createInterface({ input: run.io.stdin, terminal: false });
  try {
    for await (const text of lines) {
      if (text === ":done") break;
      const wish = wishOf(text);
      try { d = await run.client.json<Whole>("POST", at(id, "lines"), wish); } catch (e) {
        const fault = toFault(e);
        if (fault.code !== "invalid") throw e;
        run.say(`\n${plain(fault.message)} Nothing was sent.`);
        continue;
      }
      const now = answer(d);
      run.io.stderr.write(plain(wish.line === null && now.startsWith(before) ? now.slice(before.length) : now));
      before = now;
    }
  } finally { lines.close(); }
  return run.client.json<Whole>("POST", at(id, "finish"), {});
};
const ENDS = ["committed", "refused"];
const word = (d: Whole): string => d.password === null ? "nothing was begun" : d.password.state === "committed" ? "changed: a login proved it, and the vault has it" : d.password.state === "refused" ? `unchanged: ${d.password.why ?? ""}` : "being settled";
const told = (run: Run, d: Whole): string => {
  const out = run.text("out"), head = [`Password: ${word(d)}`, ...(d.noDraft === null ? [] : [`No draft: ${d.noDraft}`]), ...d.unsure.map((u) => `- ${u}`)];
  if (d.draft === null) return plain(head.join("\n"));
  if (out === undefined) return plain(d.draft.trimEnd());
  writeFileSync(out, d.draft);
  writeFileSync(`${out}.transcript`, `${d.transcript}\n`);
  return plain([...head, `Draft: ${out}, and what was said: ${out}.transcript. Look at every line, then: lockstep platform new ${out}`].join("\n"));
};
const record = async (run: Run, account: string): Promise<void> => {
  const made = account.startsWith("dem_") ? await run.client.json<Whole>("GET", at(account))
    : await run.client.json<Whole>("POST", "/demonstrations", { account, administrative: run.flag("asAdmin"), reason: run.text("reason") ?? "" });
  if (made.state === "asked") run.say(`Asked. Another admin lets you: lockstep platform allow ${made.id}`);
  const let_ = await waitFor(run.io, () => run.client.json<Whole>("GET", at(made.id)), (d) => d.state !== "asked", () => `${made.id} waits for another admin; leaving changes nothing, come back with: lockstep platform record ${made.id}`);
  if (let_.state !== "approved") throw new Fault("conflict", `${made.id} is ${let_.state}${let_.why === null ? "" : `: ${let_.why}`}.`);
  await hands(run, made.id);
  const done = await waitFor(run.io, () => run.client.json<Whole>("GET", at(made.id)), (d) => d.password !== null && ENDS.includes(d.password.state), () => "The device is asked which password is in force");
  run.say(`Password: ${word(done)}`);
  run.print(done, () => told(run, done));
};
const shown = (run: Run, d: Whole): string => run.flag("draft") ? plain(d.draft?.trimEnd() ?? `No draft: ${d.noDraft ?? "it is not over yet"}`)
  : `${facts([["state", d.state], ["account", d.account], ["logs in", d.login], ["asked by", d.by], ["let by", d.allowedBy], ["why", d.reason], ["password", word(d)]])}\n\n${plain(d.transcript)}`;

export const recording = (group: Command, io: Io): void => {
  example(group.command("record").description("show one password change by hand; a draft of a command set is made of it").argument("<account>", "one that is not managed yet, or the id of what was asked for before")
    .option("--as-admin", "the target's administrative account logs in, not the account itself").option("--reason <why>", "whoever lets you reads it").option("--out <file>", "the draft goes there, and the transcript beside it"),
    "lockstep platform record app@box-1 --as-admin --reason 'a new kind of device' --out box.yaml").action(act(io, (run, account) => record(run, account!)));
  example(group.command("records").description("changes recorded by hand"), "lockstep platform records").action(act(io, (run) => run.show<List<Line>>("GET", "/demonstrations?limit=500", undefined, ({ items }) =>
    table(["id", "account", "logs in", "state", "asked by", "when", "why"], items.map((d) => [d.id, d.account, d.login, d.state, d.by, relative(d.at, run.now), d.reason]), "None."))));
  example(group.command("recorded").description("one with its transcript, or its draft").argument("<id>", "as records lists it").option("--draft", "the YAML alone"), "lockstep platform recorded dem_… --draft > box.yaml")
    .action(act(io, (run, id) => run.show<Whole>("GET", at(id!), undefined, (d) => shown(run, d))));
  example(group.command("allow").description("let somebody record a change; never oneself").argument("<id>", "as records lists it"), "lockstep platform allow dem_…")
    .action(act(io, (run, id) => run.show<Whole>("POST", at(id!, "allow"), {}, (d) => `${d.by} may show a change of ${d.account}, logged in as ${d.login}.`)));
  example(group.command("drop").description("take it back, or deny it").argument("<id>", "as records lists it").option("--reason <why>", "they read it"), "lockstep platform drop dem_…")
    .action(act(io, (run, id) => run.show<Whole>("POST", at(id!, "drop"), { reason: run.text("reason") ?? "" }, (d) => `${d.id} is dropped.`)));
};
