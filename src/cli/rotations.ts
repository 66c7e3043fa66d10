/** lockstep rotations. Rule: looks only. */
import { act, example, type Register } from "./act.ts";
import { seg, withQuery } from "./client.ts";
import { facts, relative, table } from "./print.ts";
import { follow } from "./rotate.ts";
import type { List, Rotation } from "./shapes.ts";

export const rotations: Register = (program, io) => {
  const group = program.command("rotations").description("password changes, past and under way");
  example(group.command("list").description("newest first").option("-a, --account <name>", "of one account").option("-n, --limit <n>", "at most so many"), "lockstep rotations list --account root@web-1")
    .action(act(io, (run) => run.show<List<Rotation>>("GET", withQuery("/rotations", { account: run.text("account"), limit: run.text("limit") }), undefined, ({ items }) =>
      table(["id", "account", "state", "trigger", "opened", "why"], items.map((r) => [r.id, r.account, r.state, r.trigger, relative(r.openedAt, run.now), r.why ?? r.reason]), "No rotation yet."))));
  example(group.command("show").description("one rotation").argument("<rotation>", "rot_…").option("-w, --wait", "until it has ended"), "lockstep rotations show rot_… --wait")
    .action(act(io, async (run, id) => {
      const path = `/rotations/${seg(id!)}`;
      if (run.flag("wait")) return follow(run, await run.client.json<Rotation>("GET", path));
      return run.show<Rotation>("GET", path, undefined, (r) => facts([["id", r.id], ["account", r.account], ["state", r.state], ["trigger", r.trigger], ["attempt", r.attempt], ["opened", relative(r.openedAt, run.now)], ["ended", relative(r.endedAt, run.now)], ["next", relative(r.nextAt, run.now)], ["why", r.why ?? r.reason]]));
    }));
};
