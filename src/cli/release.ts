/** lockstep release. Rule: the password goes to stdout alone, and nothing of it stays in this process's output, log or files. */
import { act, example, type Register } from "./act.ts";
import { seg } from "./client.ts";
import { line, plainJson } from "./io.ts";
import { relative } from "./print.ts";

type Released = { readonly password: string; readonly account: string; readonly until: string; readonly says: string | null; readonly others: readonly { readonly password: string; readonly no: number; readonly says: string }[] };

export const release: Register = (program, io) => {
  example(program.command("release").description("show the password of an approved request; the first time starts the clock").argument("<request>", "req_…"), "lockstep release req_…")
    .action(act(io, async (run, id) => {
      const text = await run.client.text("POST", `/requests/${seg(id!)}/release`, {}), r = JSON.parse(text) as Released;
      if (run.json) return line(io.stdout, plainJson(text));
      run.say(`${r.account}, yours until ${r.until} (${relative(r.until, run.now)}). Give it back with: lockstep give-back ${id!}`);
      if (r.says !== null) run.say(`Likeliest: ${r.says}.`);
      line(io.stdout, r.password);
      for (const o of r.others) { run.say(`Or version ${o.no}: ${o.says}.`); line(io.stdout, o.password); }
    }));
};
