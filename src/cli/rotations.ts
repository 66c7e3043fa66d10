/** lockstep rotations. Rule: a move names the rotation; a password is typed without echo, or comes by stdin. */
import { act, example, type Register } from "./act.ts";
import { seg, withQuery } from "./client.ts";
import { fromStdin, secret } from "./prompt.ts";
import { facts, relative, table } from "./print.ts";
import { follow } from "./rotate.ts";
import type { List, Rotation } from "./shapes.ts";

export const rotations: Register = (program, io) => {
  const group = program.command("rotations").description("password changes, past and under way");
  example(group.command("list").description("newest first").option("-a, --account <name>", "of one account").option("-f, --attention", "only what failed or is in doubt, worst first").option("-n, --limit <n>", "at most so many"), "lockstep rotations list --account root@web-1")
    .action(act(io, (run) => run.show<List<Rotation>>("GET", withQuery("/rotations", { account: run.text("account"), attention: run.flag("attention") ? "true" : undefined, limit: run.text("limit") }), undefined, ({ items }) =>
      table(["id", "account", "state", "trigger", "opened", "why"], items.map((r) => [r.id, r.account, r.state, r.trigger, relative(r.openedAt, run.now), r.why ?? r.reason]), "No rotation yet."))));
  example(group.command("show").description("one rotation").argument("<rotation>", "rot_…").option("-w, --wait", "until it has ended"), "lockstep rotations show rot_… --wait")
    .action(act(io, async (run, id) => {
      const path = `/rotations/${seg(id!)}`;
      if (run.flag("wait")) return follow(run, await run.client.json<Rotation>("GET", path));
      return run.show<Rotation>("GET", path, undefined, (r) => facts([["id", r.id], ["account", r.account], ["state", r.state], ["trigger", r.trigger], ["attempt", r.attempt], ["opened", relative(r.openedAt, run.now)], ["ended", relative(r.endedAt, run.now)], ["next", relative(r.nextAt, run.now)], ["why", r.why ?? r.reason]]));
    }));
  for (const [word, says] of [["again", "one that gave up: ask the target again"], ["keep", "one that gave up: keep the old password"], ["stop", "one that waits with nothing sent: stop trying"]] as const) {
    example(group.command(word).description(says).argument("<rotation>", "rot_…"), `lockstep rotations ${word} rot_…`).action(act(io, (run, id) => run.show<Rotation>("POST", `/rotations/${seg(id!)}/${word}`, {}, (r) => `${r.account}: ${r.state}`)));
  }
  example(group.command("tell").description("one that gave up: type the password in force").argument("<rotation>", "rot_…").option("--password-stdin", "read it from stdin"), "lockstep rotations tell rot_…").action(act(io, async (run, id) => {
    const password = run.flag("passwordStdin") ? await fromStdin(run.io) : await secret(run.io, "Password on the target now", "Give it with --password-stdin.");
    return run.show<Rotation>("POST", `/rotations/${seg(id!)}/tell`, { password }, (r) => `${r.account}: ${r.state}; the target is being asked.`);
  }));
};
