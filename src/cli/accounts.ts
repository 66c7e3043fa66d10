/** lockstep accounts. Rule: a password is typed twice without echo, or comes by stdin; never in the arguments. */
import { Fault } from "../kernel/fault.ts";
import { act, collect, example, type Register, type Run } from "./act.ts";
import { seg, withQuery } from "./client.ts";
import { fromStdin, newSecret } from "./prompt.ts";
import { facts, relative, table } from "./print.ts";
import { follow } from "./rotate.ts";
import type { Account, List, Rotation } from "./shapes.ts";

const stands = (a: Account, run: Run): string => [a.standing.word, a.standing.by ? `by ${a.standing.by}` : "", a.standing.until ? `until ${relative(a.standing.until, run.now)}` : "", a.standing.why ?? ""].filter(Boolean).join(" ");
const one = (a: Account, run: Run): string => facts([["account", a.name], ["id", a.id], ["platform", a.target.platform], ["stands", stands(a, run)], ["credential", a.credential], ["password policy", a.passwordPolicy],
  ["rotated", relative(a.rotatedAt, run.now)], ["verified", relative(a.verifiedAt, run.now)], ["you may ask by", a.offers.map((o) => `${o.name} (${o.preset}, at most ${o.maxMinutes} min, ${o.approvals} vote${o.approvals === 1 ? "" : "s"})`).join("; ")]]);

/** `root@web-1`: the target is after the last @, because a login may hold one. */
export const split = (text: string): { login: string; target: string } => {
  const at = text.lastIndexOf("@");
  if (at <= 0 || at === text.length - 1) throw new Fault("invalid", `"${text}" is not an account. Write it as root@web-1.`);
  return { login: text.slice(0, at), target: text.slice(at + 1) };
};

const passwordOf = async (run: Run, name: string): Promise<string | undefined> => {
  if (run.flag("passwordStdin")) return fromStdin(run.io);
  return run.flag("password") ? newSecret(run.io, `Present password of ${name}`, "Give it with --password-stdin.") : undefined;
};

export const accounts: Register = (program, io) => {
  const group = program.command("accounts").description("accounts you may see");
  example(group.command("list").description("all of them").option("-o, --offered", "only what you may ask for"), "lockstep accounts list --offered")
    .action(act(io, (run) => run.show<List<Account>>("GET", withQuery("/accounts", { limit: 500, offered: run.flag("offered") ? "true" : undefined }), undefined, ({ items }) =>
      table(["account", "stands", "rotated", "verified", "policies"], items.map((a) => [a.name, stands(a, run), relative(a.rotatedAt, run.now), relative(a.verifiedAt, run.now), a.offers.map((o) => o.name).join(", ")]), "No policy lets you ask for anything yet. Talk to an admin."))));
  example(group.command("show").description("one account").argument("<account>", "root@web-1"), "lockstep accounts show root@web-1").action(act(io, (run, name) => run.show<Account>("GET", `/accounts/${seg(name!)}`, undefined, (a) => one(a, run))));
  example(group.command("add").description("add an account of a target").argument("<account>", "root@web-1").option("--policy <name>", "password policy: low, medium, strong", "medium").option("--password", "type its present password").option("--password-stdin", "read it from stdin; also a private key").option("--adopt", "manage it at once"),
    "lockstep accounts add root@web-1 --password --adopt")
    .action(act(io, async (run, name) => {
      const { login, target } = split(name!), password = await passwordOf(run, name!);
      return run.show<Account>("POST", "/accounts", { login, target, passwordPolicy: run.text("policy"), adopt: run.flag("adopt"), ...(password === undefined ? {} : { password }) }, (a) => `${a.name} added: ${stands(a, run)}`);
    }));
  example(group.command("change").description("its password policy, its tags").argument("<account>", "root@web-1").option("--policy <name>", "low, medium, strong").option("--tag <text>", "the tags from now on; several times", collect, []), "lockstep accounts change root@web-1 --policy strong --tag tier0")
    .action(act(io, (run, name) => { const tags = run.many("tag"); return run.show<Account>("PATCH", `/accounts/${seg(name!)}`, { passwordPolicy: run.text("policy"), ...(tags.length > 0 ? { tags } : {}) }, (a) => one(a, run)); }));
  example(group.command("declare").description("give the vault the password of an account nobody manages yet").argument("<account>", "root@web-1").option("--password-stdin", "read it from stdin"), "lockstep accounts declare root@web-1")
    .action(act(io, async (run, name) => {
      const password = run.flag("passwordStdin") ? await fromStdin(run.io) : await newSecret(run.io, `Present password of ${name!}`, "Give it with --password-stdin.");
      return run.show<Account>("POST", `/accounts/${seg(name!)}/declare`, { password }, (a) => `${a.name}: declared. You know it now; adopt it soon: lockstep accounts adopt ${a.name}`);
    }));
  example(group.command("adopt").description("take an account under management: two changes in a row must succeed").argument("<account>", "root@web-1").option("-w, --wait", "until the first has ended"), "lockstep accounts adopt root@web-1 --wait")
    .action(act(io, async (run, name) => {
      const r = await run.client.json<Rotation>("POST", `/accounts/${seg(name!)}/adopt`, {});
      return run.flag("wait") ? follow(run, r) : run.print(r, () => `${r.id} ${r.state}`);
    }));
  for (const [word, block, says] of [["disable", "disabled", "nobody gets it until it is freed"], ["lock", "locked", "as disable, for an incident"], ["free", "none", "lift a block"]] as const) {
    example(group.command(word).description(says).argument("<account>", "root@web-1").option("-r, --reason <text>", "why", ""), `lockstep accounts ${word} root@web-1 --reason "being rebuilt"`)
      .action(act(io, (run, name) => run.show<Account>("POST", `/accounts/${seg(name!)}/block`, { block, reason: run.text("reason") }, (a) => `${a.name}: ${stands(a, run)}`)));
  }
  example(group.command("history").description("versions, changes and exposures, as JSON").argument("<account>", "root@web-1"), "lockstep accounts history root@web-1")
    .action(act(io, (run, name) => run.show<unknown>("GET", `/accounts/${seg(name!)}/history`, undefined, (h) => JSON.stringify(h, null, 2))));
};
