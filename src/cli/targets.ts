/** lockstep targets. Rule: a host key is pinned only after a person has compared its fingerprint, or gave it beforehand. */
import { Fault } from "../kernel/fault.ts";
import { act, collect, example, type Register, type Run } from "./act.ts";
import { seg } from "./client.ts";
import { pin } from "./pin.ts";
import { confirm } from "./prompt.ts";
import { facts, table } from "./print.ts";
import type { Account, List, Target } from "./shapes.ts";
import { desktop } from "./target-desktop.ts";
import { edit } from "./target-edit.ts";

const one = (t: Target): string => facts([["target", t.name], ["id", t.id], ["platform", t.platform], ["address", `${t.host}:${t.port}`], ["reached through", t.through.join(", else ") || "this broker, directly"], ["proves itself by", t.fingerprints.join(", ")], ["tags", t.tags.join(", ")], ["administrative account", t.administrative], ["locked", t.locked ? "yes" : "no"]]);

const add = async (run: Run, name: string): Promise<unknown> => {
  const where = { platform: run.text("platform")!, host: run.text("host")!, ...(run.text("port") === undefined ? {} : { port: Number(run.text("port")) }), through: run.many("through") }, settings = await pin(run, where, "added");
  return run.show<Target>("POST", "/targets", { name, ...where, settings, tags: run.many("tag") }, (t) => `${t.name} added. Next: lockstep accounts add ${t.platform.startsWith("linux-") ? "root" : "rotator"}@${t.name} ${t.platform === "linux-keys" ? "--password-stdin --adopt < key" : "--password --adopt"}`);
};
const setAdmin = async (run: Run, name: string, login: string): Promise<unknown> => {
  const account = await run.client.json<Account>("GET", `/accounts/${seg(login.includes("@") ? login : `${login}@${name}`)}`);
  return run.show<Target>("PATCH", `/targets/${seg(name)}`, { [run.flag("reconcile") ? "reconcile" : "administrative"]: account.id }, (t) => `${t.name}: ${account.name} ${run.flag("reconcile") ? "is the last resort" : "may change the others"}.`);
};
/** Shown and asked, or given beforehand; what goes out is the hash of what was shown, so a change in between is refused there. */
const acceptIdentity = async (run: Run, name: string): Promise<unknown> => {
  const t = await run.client.json<Target>("GET", `/targets/${seg(name)}`), expected = run.many("fingerprint"), shown = `${t.name} is ${t.host}:${t.port} and must show ${t.fingerprints.join(" or ") || "no key"}`;
  const same = expected.length === t.fingerprints.length && expected.every((f) => t.fingerprints.includes(f));
  if (expected.length > 0 && !same) throw new Fault("conflict", `${shown}, not ${expected.join(" or ")}. Nothing was accepted: look who changed it, and at the machine itself.`);
  if (expected.length === 0) {
    run.say(`${shown}.\nCompare it with what the machine itself says: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`);
    if (!await confirm(run.io, "Accept this address and key?", "Give what it must show with --fingerprint SHA256:…")) throw new Fault("conflict", "Not accepted.");
  }
  return run.show<Target>("POST", `/targets/${seg(t.id)}/accept-identity`, { identityHash: t.identityHash }, (a) => `${a.name}: ${a.host}:${a.port} with ${a.fingerprints.join(", ")} accepted.`);
};
type Tested = { readonly ok: boolean; readonly why: string | null };

export const targets: Register = (program, io) => {
  const group = program.command("targets").description("machines whose accounts are kept here");
  example(group.command("list").description("those you manage"), "lockstep targets list").action(act(io, (run) => run.show<List<Target>>("GET", "/targets?limit=500", undefined, ({ items }) =>
    table(["target", "platform", "address", "proves itself by", "tags", "locked"], items.map((t) => [t.name, t.platform, `${t.host}:${t.port}`, t.fingerprints.join(", "), t.tags.join(", "), t.locked ? "yes" : "no"]), "No targets yet. Add one: lockstep targets add web-1 --host 192.0.2.7"))));
  example(group.command("show").description("one target").argument("<target>"), "lockstep targets show web-1").action(act(io, (run, name) => run.show<Target>("GET", `/targets/${seg(name!)}`, undefined, one)));
  example(group.command("add").description("add a target and pin its host key or certificate").argument("<target>", "its name here").requiredOption("--host <address>").option("--port <n>", "the platform's own if not given").option("--platform <name>", "what kind of target: linux-ssh, postgres, mysql, redis, openldap, influxdb, etcd, rabbitmq, …", "linux-ssh")
    .option("--fingerprint <SHA256:…>", "the key or certificate it must show").option("--tag <text>", "may be given several times", collect, []).option("--through <agent>", "an agent or gateway that carries there; several: tried in this order", collect, []), "lockstep targets add web-1 --host 192.0.2.7", "lockstep targets add web-1 --host 192.0.2.7 --fingerprint SHA256:…",
    "lockstep targets add db-1 --platform postgres --host 192.0.2.9", "lockstep targets add plc-1 --host 10.99.30.5 --through island-gw-1 --through island-gw-2")
    .action(act(io, (run, name) => add(run, name!)));
  example(group.command("edit").alias("change").description("tags, owner, address, key").argument("<target>").option("--tag <text>", "the tags from now on; several times", collect, []).option("--no-tags", "none from now on").option("--owner <name>", "who manages it")
    .option("--host <address>").option("--port <n>").option("--through <agent>", "an agent or gateway that carries there; several: tried in this order", collect, []).option("--direct", "through none from now on").option("--key", "read its key again").option("--platform <cli:set>", "a device goes by another command set").option("--fingerprint <SHA256:…>", "the key it must show").option("--sudo", "passwords are changed through sudo").option("--no-sudo", "not through sudo"),
  "lockstep targets edit web-1 --tag production --tag web", "lockstep targets edit web-1 --host 192.0.2.8 --fingerprint SHA256:…").action(act(io, (run, name) => edit(run, name!)));
  example(group.command("desktop").description("its RDP server, read, compared and pinned; or its VNC server").argument("<target>").option("--port <n>", "3389 if not given").option("--domain <name>", "of the login; none: the machine's own accounts")
    .option("--fingerprint <SHA256:…>", "the certificate it must show").option("--vnc", "a VNC server on the host's own loopback address, through SSH; port 5901 if not given").option("--none", "it has no desktop any more"), "lockstep targets desktop web-1", "lockstep targets desktop win-1 --domain LAB --fingerprint AA:BB:…").action(act(io, (run, name) => desktop(run, name!)));
  example(group.command("test").description("try the administrative credential; changes nothing").argument("<target>"), "lockstep targets test web-1").action(act(io, async (run, name) => {
    const r = await run.show<Tested>("POST", `/targets/${seg(name!)}/test`, {}, (t) => (t.ok ? "It works." : "It does not work."));
    if (!r.ok) throw new Fault("upstream", r.why ?? "The target did not say why.");
  }));
  example(group.command("set-admin").description("the account that may change the others").argument("<target>").argument("<account>", "root, or root@web-1").option("--reconcile", "the account of last resort instead"), "lockstep targets set-admin web-1 root")
    .action(act(io, (run, name, login) => setAdmin(run, name!, login!)));
  example(group.command("accept-identity").description("accept a changed host key or address (not by who changed it)").argument("<target>").option("--fingerprint <SHA256:…>", "the key it must show; several times where it has several", collect, []), "lockstep targets accept-identity web-1", "lockstep targets accept-identity web-1 --fingerprint SHA256:…")
    .action(act(io, (run, name) => acceptIdentity(run, name!)));
  for (const locked of [true, false]) {
    const word = locked ? "lock" : "unlock";
    example(group.command(word).description(locked ? "hand nothing of it out" : "lift the lock").argument("<target>"), `lockstep targets ${word} web-1`).action(act(io, (run, name) => run.show<Target>("PATCH", `/targets/${seg(name!)}`, { locked }, (t) => `${t.name} ${word}ed.`)));
  }
};
