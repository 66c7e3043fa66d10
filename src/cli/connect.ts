/** lockstep connect: asks, waits, and runs the stock ssh client. Rule: the broker's host key comes by the API, and ssh's exit status is ours. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Fault } from "../kernel/fault.ts";
import { parseMinutes, sayMinutes } from "../kernel/minutes.ts";
import { split } from "./accounts.ts";
import { act, collect, example, type Register, type Run } from "./act.ts";
import { fateOf, waiting } from "./ask.ts";
import { seg, withQuery } from "./client.ts";
import { Exit } from "./io.ts";
import { question } from "./prompt.ts";
import type { Account, List, Request, RequestDetail } from "./shapes.ts";
import { waitFor } from "./wait.ts";

type Door = { readonly host: string; readonly port: number; readonly person: string; readonly hostKeys: readonly string[] };
type Offer = Account["offers"][number] & { readonly id: string; readonly reasonMin: number; readonly ticketPattern: string };

const USUAL = 60, INSTEAD = "Give --minutes and --reason.";
const NEAREST = ["checked_out", "approved", "pending"];

/** The request under way that is nearest to a session. */
const openRequest = async (run: Run, name: string): Promise<Request | undefined> => {
  const found: Request[] = [];
  for (const state of NEAREST) found.push(...(await run.client.json<List<Request>>("GET",
    withQuery("/requests", { mine: "true", state, limit: 200 }))).items);
  return found.find((r) => r.account.name === name);
};

const offerOf = async (run: Run, name: string): Promise<Offer> => {
  const { offers, target } = await run.client.json<Account>("GET", `/accounts/${seg(name)}`), wanted = run.text("policy");
  if (!target.sessions) throw new Fault("invalid", `The broker carries no sessions to ${target.name}. Ask for its password: lockstep ask ${name}, then lockstep release req_…`);
  const offer = wanted === undefined ? offers[0] : offers.find((o) => o.name === wanted || (o as Offer).id === wanted);
  if (offer === undefined) throw new Fault("not_found", wanted === undefined
    ? "No policy lets you ask for this account." : `No policy named "${wanted}" lets you ask for it.`);
  return offer as Offer;
};

const minutesOf = async (run: Run, offer: Offer): Promise<number> => {
  const usual = Math.min(USUAL, offer.maxMinutes), said = run.text("minutes") ?? await question(run.io,
    `For how long? [${sayMinutes(usual)}, at most ${sayMinutes(offer.maxMinutes)}]`, INSTEAD);
  const minutes = said.trim() === "" ? usual : parseMinutes(said);
  if (minutes === null) throw new Fault("invalid", `"${said}" is no length of time. Write 45, 45m, 2h or 1h30.`);
  return minutes;
};

/** What the flags do not say is asked for. */
const submit = async (run: Run, account: string): Promise<RequestDetail> => {
  const offer = await offerOf(run, account), minutes = await minutesOf(run, offer);
  const reason = run.text("reason") ?? (offer.reasonMin === 0 ? "" : await question(run.io, "Why?", INSTEAD));
  const ticket = run.text("ticket") ?? (offer.ticketPattern === "" ? "" : await question(run.io,
    `Ticket (like ${offer.ticketPattern})`, "Give --ticket."));
  return run.client.json<RequestDetail>("POST", "/requests", { account, policy: offer.id, minutes, reason, ticket });
};

/** Approved by now, or the reason why not is thrown. */
const approved = async (run: Run, account: string): Promise<RequestDetail> => {
  const id = (await openRequest(run, account))?.id ?? (await submit(run, account)).id,
    look = () => run.client.json<RequestDetail>("GET", `/requests/${seg(id)}`);
  const end = await waitFor(run.io, look, (r) => r.state !== "pending", waiting), fate = fateOf(end);
  if (fate) throw fate;
  return end;
};

/** `known`: the file with the broker's key, where it told one. */
export const sshArgs = (door: Door, account: string, known: string | null,
  more: { identity?: string | undefined; options: readonly string[]; command: readonly string[] }): string[] => [
  "-p", String(door.port), ...(known === null
    ? [] : ["-o", `UserKnownHostsFile=${known}`, "-o", "StrictHostKeyChecking=yes", "-o", "HostKeyAlias=lockstep"]),
  ...(more.identity === undefined ? [] : ["-i", more.identity]), ...more.options.flatMap((o) => ["-o", o]), "-l",
    `${door.person}@${account}`, "--", door.host, ...more.command,
];

/** The terminal is the client's; keys and signals are not ours meanwhile. */
const runSsh = (argv: readonly string[]): Promise<number> => new Promise((resolve, reject) => {
  const ignore = (): void => undefined, child = spawn("ssh", [...argv], { stdio: "inherit" });
  process.on("SIGINT", ignore);
  child.once("error", (cause) => reject(new Fault("unavailable", "No ssh client was found here. Install OpenSSH's client.", { cause })));
  child.once("exit", (code) => { process.off("SIGINT", ignore); resolve(code ?? 255); });
});

const go = async (run: Run, account: string, command: readonly string[]): Promise<void> => {
  split(account);
  const door = await run.client.json<Door>("GET", "/ssh"), request = await approved(run, account),
    more = { identity: run.text("identity"), options: run.many("sshOption"), command };
  if (run.flag("print")) {
    const argv = sshArgs(door, account, null, more);
    return run.print({ request: request.id, command: ["ssh", ...argv], hostKeys: door.hostKeys }, () => `ssh ${argv.join(" ")}`);
  }
  const dir = mkdtempSync(path.join(tmpdir(), "lockstep-")), known = door.hostKeys.length === 0 ? null : path.join(dir, "known_hosts");
  try {
    if (known !== null) writeFileSync(known, door.hostKeys.map((key) => `lockstep ${key}\n`).join(""), { mode: 0o600 });
    const status = await runSsh(sshArgs(door, account, known, more));
    if (status !== 0) throw new Exit(status);
  } finally { rmSync(dir, { recursive: true, force: true }); }
};

export const connect: Register = (program, io) => {
  example(program.command("connect").description("ask, wait for the votes, and open an ssh session").argument("<account>",
    "such as root@web-1").argument("[command...]", "run this instead of a shell")
    .option("-m, --minutes <time>", "for how long: 45, 2h, 1h30").option("-r, --reason <text>", "why").option("-t, --ticket <text>",
      "ticket number").option("-p, --policy <name>", "by which policy, where several let you ask")
    .option("-i, --identity <file>", "your SSH key").option("-o, --ssh-option <option>", "an option for ssh, again and again", collect,
      []).option("--print", "print the ssh command instead of running it"),
  "lockstep connect root@web-1", "lockstep connect root@web-1 -m 30 -r \"disk full\" -- df -h")
    .action(async (account: string, command: string[], ...rest: unknown[]) => act(io, (run) => go(run, account, command))(...rest));
};
