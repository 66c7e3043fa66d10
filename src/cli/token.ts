/** lockstep token. Rule: a new token is printed once, to stdout alone. */
import { act, collect, example, type Register } from "./act.ts";
import { seg } from "./client.ts";
import { relative, table } from "./print.ts";
import type { List } from "./shapes.ts";

type Token = { readonly id: string; readonly label: string; readonly readOnly: boolean; readonly networks: readonly string[]; readonly expiresAt: string; readonly usedAt: string | null; readonly revokedAt: string | null };

export const token: Register = (program, io) => {
  const group = program.command("token").description("your API tokens");
  example(group.command("list").description("without their secrets"), "lockstep token list").action(act(io, (run) => run.show<List<Token>>("GET", "/me/tokens?limit=500", undefined, ({ items }) =>
    table(["token", "label", "reads only", "from", "ends", "used", "revoked"], items.map((t) => [t.id, t.label, t.readOnly ? "yes" : "no", t.networks.join(", ") || "anywhere", relative(t.expiresAt, run.now), relative(t.usedAt, run.now), relative(t.revokedAt, run.now)]), "No tokens."))));
  example(group.command("make").description("make one; it ends no later than the one you use now").argument("<label>").option("--days <n>", "", "30").option("--read-only").option("--network <net>", "only from here; several times", collect, []), "lockstep token make backup-job --days 7 --read-only > token.txt")
    .action(act(io, (run, label) => run.show<{ secret: string; token: Token }>("POST", "/me/tokens", { label, days: Number(run.text("days")), readOnly: run.flag("readOnly"), networks: run.many("network") }, (m) => { run.say(`${m.token.id} ends ${relative(m.token.expiresAt, run.now)}. It is not shown again:`); return m.secret; })));
  example(group.command("revoke").description("end one now").argument("<token>", "tok_…"), "lockstep token revoke tok_…").action(act(io, (run, id) => run.show("DELETE", `/me/tokens/${seg(id!)}`, undefined, () => "Revoked.")));
};
