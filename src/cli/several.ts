/** lockstep several. Rule: --dry-run says who is affected; one that was not done makes the exit code say so. */
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register } from "./act.ts";
import { table } from "./print.ts";

type Line = { readonly account: string; readonly ok: boolean; readonly said: string };
export const several: Register = (program, io) => {
  const group = program.command("several").description("one act on several accounts");
  for (const [word, says] of [["rotate", "change their passwords now"], ["verify", "does the vault's password still open each?"], ["block", "lock them and cut their sessions"], ["unblock", "lift their blocks"]] as const) {
    example(group.command(word).description(says).argument("<accounts...>", "root@web-1 root@web-2").option("-r, --reason <text>", "why", "").option("-n, --dry-run", "only say who would be affected"), `lockstep several ${word} root@web-1 root@web-2 --dry-run`)
      .action(act(io, async (run, names) => {
        const { items } = await run.show<{ items: readonly Line[] }>("POST", "/accounts/several", { act: word, accounts: names, reason: run.text("reason"), dryRun: run.flag("dryRun") }, (a) =>
          table(["account", "done", "what"], a.items.map((o) => [o.account, o.ok ? "yes" : "no", o.said]), "None of them."));
        const bad = items.filter((o) => !o.ok).length;
        if (bad > 0) throw new Fault("conflict", `${bad} of ${items.length} ${run.flag("dryRun") ? "would be" : "were"} left alone; the reasons stand beside them.`);
      }));
  }
};
