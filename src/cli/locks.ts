/** lockstep lock, unlock, locks. Rule: stopping needs a reason, and says what it ended. */
import { act, example, type Register } from "./act.ts";
import { seg, withQuery } from "./client.ts";
import { relative, table } from "./print.ts";
import type { List, When } from "./shapes.ts";

type Lock = { readonly id: string; readonly kind: string; readonly name: string; readonly reason: string; readonly setBy: string; readonly setAt: When; readonly liftedBy: string | null; readonly liftedAt: When };

export const lock: Register = (program, io) => {
  example(program.command("lock").description("stop a person, an account, a target or everything: sessions are cut, nothing new begins").argument("<kind>", "person, account, target, broker").argument("[name]", "requester, root@web-1, web-1; none for the broker").requiredOption("-r, --reason <text>", "why: whoever it stops reads it"),
    "lockstep lock person mallory --reason \"incident 7\"", "lockstep lock broker --reason \"incident 7\"")
    .action(act(io, (run, kind, name) => run.show<Lock>("POST", "/locks", { kind, subject: name ?? "", reason: run.text("reason") }, (l) => `${l.name} is locked (${l.id}). Lift it with: lockstep unlock ${l.id}`)));
};
export const unlock: Register = (program, io) => {
  example(program.command("unlock").description("lift a lock").argument("<lock>", "lck_…").option("-r, --reason <text>", "why it may be lifted", ""), "lockstep unlock lck_…")
    .action(act(io, (run, id) => run.show<Lock>("POST", `/locks/${seg(id!)}/lift`, { reason: run.text("reason") }, (l) => `${l.name} is free again.`)));
};
export const locks: Register = (program, io) => {
  example(program.command("locks").description("what is stopped").option("--all", "lifted ones, too"), "lockstep locks --all")
    .action(act(io, (run) => run.show<List<Lock>>("GET", withQuery("/locks", { standing: run.flag("all") ? undefined : "true", limit: 500 }), undefined, ({ items }) =>
      table(["lock", "kind", "name", "by", "set", "lifted", "reason"], items.map((l) => [l.id, l.kind, l.name, l.setBy, relative(l.setAt, run.now), l.liftedAt ? `${relative(l.liftedAt, run.now)} by ${l.liftedBy ?? "?"}` : "", l.reason]), "Nothing is locked."))));
};
