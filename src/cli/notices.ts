/** lockstep notices, webhooks. Rule: an address that lets whoever has it write into a chat comes from stdin or a prompt, never from the command line. */
import type { Command } from "commander";
import { act, collect, example, type Register, type Run } from "./act.ts";
import { seg, withQuery } from "./client.ts";
import { relative, table } from "./print.ts";
import { fromStdin, newSecret } from "./prompt.ts";
import type { List, When } from "./shapes.ts";

export type Delivery = { readonly id: string; readonly to: string; readonly channel: string; readonly state: string; readonly tries: number; readonly subject: string; readonly said: string; readonly at: When };
type Rule = { readonly id: string; readonly kinds: readonly string[]; readonly collection: string | null; readonly people: readonly string[]; readonly groups: readonly string[]; readonly addresses: readonly string[] };
type Choice = { readonly kind: string; readonly title: string; readonly on: boolean; readonly fixed: boolean };
type Choices = { readonly items: readonly Choice[]; readonly mails: boolean };

export const deliveryTable = (items: readonly Delivery[], now: Date): string =>
  table(["delivery", "state", "to", "what", "when", "tries", "said"],
    items.map((d) => [d.id, d.state.replace("_", " "), d.to, d.subject, relative(d.at, now), d.tries, d.said]), "Nothing was sent.");
const list = (run: Run) => run.show<List<Delivery>>("GET", withQuery("/deliveries", { state: run.text("state"), kind: run.text("kind"), text: run.text("text"), channel: run.text("channel"), limit: run.text("limit"), cursor: run.text("cursor") }), undefined, ({ items }) => deliveryTable(items, run.now));
const chosen = (c: Choices): string => [
  ...(c.mails ? [] : ["Nobody will be mailed: no mail server is set (LOCKSTEP_SMTP_SERVER)."]), table(["kind", "told", "what"], c.items.map((i) => [i.kind, i.fixed ? "always" : i.on ? "yes" : "no", i.title]), ""),
].join("\n");
const choose = async (run: Run): Promise<unknown> => {
  const on = run.many("on"), off = run.many("off"), now = await run.client.json<Choices>("GET", "/me/notices");
  if (on.length + off.length === 0) return run.print(now, () => chosen(now));
  const kinds = now.items.filter((i) => (i.on && !off.includes(i.kind)) || on.includes(i.kind)).map((i) => i.kind);
  return run.show<Choices>("PUT", "/me/notices", { kinds: [...new Set([...kinds, ...on])] }, chosen);
};
const scoped = (c: Command): Command => c.option("--kind <name>", "only these kinds; several times", collect, []).option("--collection <id>", "only about this group of targets and accounts");
const scopeOf = (run: Run) => ({ kinds: run.many("kind"), collection: run.text("collection") ?? null });

const rules = (group: Command, io: Parameters<Register>[1]): void => {
  const rule = group.command("rules").description("who else is told");
  example(rule.command("list").description("all rules"), "lockstep notices rules list").action(act(io, (run) => run.show<List<Rule>>("GET", "/notice-rules?limit=500", undefined, ({ items }) =>
    table(["rule", "people", "groups", "addresses", "kinds", "about"], items.map((r) => [r.id, r.people.join(" "), r.groups.join(" "), r.addresses.join(" "), r.kinds.join(" ") || "all", r.collection ?? "everything"]), "No rules."))));
  example(scoped(rule.command("add").description("tell somebody else").option("--person <name>", "several times", collect, []).option("--group <name>", "of people; several times", collect, []).option("--address <mail>", "several times", collect, [])),
    "lockstep notices rules add --address oncall@example.org --kind rotation_failed")
    .action(act(io, (run) => run.show<Rule>("POST", "/notice-rules", { ...scopeOf(run), people: run.many("person"), groups: run.many("group"), addresses: run.many("address") }, (r) => `Added (${r.id}).`)));
  example(rule.command("remove").argument("<rule>", "nrl_…"), "lockstep notices rules remove nrl_…").action(act(io, (run, id) => run.show("DELETE", `/notice-rules/${seg(id!)}`, undefined, () => "Removed.")));
};

export const notices: Register = (program, io) => {
  const group = program.command("notices").description("what was sent to whom, and who is told what");
  example(group.command("list").description("newest first").option("-s, --state <name>", "waiting, sent, refused, given_up or unsent").option("-k, --kind <name>").option("-t, --text <text>", "in address or subject").option("--channel <name>", "mail or webhook").option("-n, --limit <n>").option("--cursor <text>", "`next` of the page before"),
    "lockstep notices list --state refused").action(act(io, list));
  example(group.command("redeliver").description("send one again").argument("<delivery>", "dlv_…"), "lockstep notices redeliver dlv_…")
    .action(act(io, (run, id) => run.show<{ id: string }>("POST", `/deliveries/${seg(id!)}/redeliver`, {}, (d) => `On its way as ${d.id}.`)));
  example(group.command("test").description("send a test mail").argument("<address>"), "lockstep notices test ada@example.org")
    .action(act(io, (run, address) => run.show<{ notice: string }>("POST", "/mail/test", { address }, () => "On its way. What came of it: lockstep notices list --kind test")));
  example(group.command("mine").description("what you are told; with --on or --off it changes that").option("--on <kind>", "several times", collect, []).option("--off <kind>", "several times", collect, []), "lockstep notices mine", "lockstep notices mine --off voted").action(act(io, choose));
  rules(group, io);
};

type Webhook = { readonly id: string; readonly name: string; readonly format: string; readonly host: string; readonly kinds: readonly string[]; readonly collection: string | null; readonly active: boolean; readonly failingSince: When; readonly offWhy: string | null };
const stateOf = (h: Webhook, now: Date): string => (!h.active ? `off: ${h.offWhy ?? ""}` : h.failingSince ? `failing since ${relative(h.failingSince, now)}` : "on");
const address = (run: Run): Promise<string> => (run.flag("urlStdin") ? fromStdin(run.io) : newSecret(run.io, "Address", "Give it with --url-stdin."));
const add = async (run: Run, name: string): Promise<unknown> => run.show<{ key: string; webhook: Webhook }>("POST", "/webhooks", { name, format: run.text("format"), url: await address(run), ...scopeOf(run) },
  (m) => `${m.webhook.name} is on (${m.webhook.id}). Its signing key, shown this once: ${m.key}`);
const change = async (run: Run, name: string): Promise<unknown> => {
  const now = (await run.client.json<List<Webhook>>("GET", "/webhooks?limit=500")).items.find((h) => h.id === name || h.name === name), active = run.flag("off") ? false : run.flag("on") ? true : now?.active;
  const kinds = run.many("kind");
  return run.show<Webhook>("PUT", `/webhooks/${seg(name)}`, { name: run.text("name") ?? now?.name ?? name, format: run.text("format") ?? now?.format, kinds: kinds.length > 0 ? kinds : now?.kinds, collection: run.text("collection") ?? now?.collection ?? null, active,
    ...(run.flag("urlStdin") ? { url: await fromStdin(run.io) } : {}) }, (h) => `${h.name}: ${stateOf(h, run.now)}`);
};

export const webhooks: Register = (program, io) => {
  const group = program.command("webhooks").description("tell a chat or a program; signed");
  example(group.command("list").description("all webhooks"), "lockstep webhooks list").action(act(io, (run) => run.show<List<Webhook>>("GET", "/webhooks?limit=500", undefined, ({ items }) =>
    table(["webhook", "name", "format", "host", "state", "kinds"], items.map((h) => [h.id, h.name, h.format, h.host, stateOf(h, run.now), h.kinds.join(" ") || "all"]), "No webhooks."))));
  example(scoped(group.command("add").description("add one; its address is asked for").argument("<name>").option("-f, --format <name>", "generic, slack, teams or mattermost", "generic").option("--url-stdin", "read the address from stdin")), "lockstep webhooks add ops --format slack", "lockstep webhooks add siem --url-stdin < address.txt")
    .action(act(io, (run, name) => add(run, name!)));
  example(scoped(group.command("change").description("by id or name").argument("<webhook>").option("--name <text>").option("-f, --format <name>").option("--url-stdin", "read a new address from stdin").option("--on").option("--off")), "lockstep webhooks change ops --on")
    .action(act(io, (run, name) => change(run, name!)));
  example(group.command("test").description("send it a test").argument("<webhook>"), "lockstep webhooks test ops").action(act(io, (run, name) => run.show("POST", `/webhooks/${seg(name!)}/test`, {}, () => "On its way. What came of it: lockstep notices list --channel webhook")));
  example(group.command("remove").argument("<webhook>"), "lockstep webhooks remove ops").action(act(io, (run, name) => run.show("DELETE", `/webhooks/${seg(name!)}`, undefined, () => "Removed.")));
};
