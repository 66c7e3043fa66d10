/** lockstep approve, deny. Rule: what is voted on is shown before the vote unless --yes or a pipe says otherwise; a denial carries its reason. */
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { seg } from "./client.ts";
import { confirm } from "./prompt.ts";
import { facts } from "./print.ts";
import type { RequestDetail } from "./shapes.ts";
import { weighedRows } from "./weigh.ts";

const summary = (r: RequestDetail, now: Date): string => facts([["who", r.requester], ["account", r.account.name], ["minutes", r.asked], ["reason", r.reason], ["ticket", r.ticket], ["votes", `${r.approvals.have} of ${r.approvals.need}`], ...weighedRows(r, now)]);

const look = async (run: Run, id: string, what: string): Promise<void> => {
  if (run.flag("yes") || run.json || !run.io.stdin.isTTY) return;
  run.say(summary(await run.client.json<RequestDetail>("GET", `/requests/${seg(id)}`), run.now));
  if (!await confirm(run.io, `${what} this?`, "Say --yes.")) throw new Fault("invalid", "Not done.");
};
const cast = (run: Run, id: string, body: object) => run.show<RequestDetail>("POST", `/requests/${seg(id)}/vote`, body, (r) => `${r.id} ${r.state} (${r.approvals.have} of ${r.approvals.need} votes)`);

export const approve: Register = (program, io) => {
  example(program.command("approve").description("approve a request").argument("<request>", "req_…").option("-m, --minutes <n>", "for no longer than this").option("-r, --reason <text>", "a note").option("-y, --yes", "without asking back"), "lockstep approve req_… --minutes 15")
    .action(act(io, async (run, id) => {
      const minutes = run.text("minutes"), reason = run.text("reason");
      await look(run, id!, "Approve");
      return cast(run, id!, { decision: "approve", ...(minutes === undefined ? {} : { minutes: Number(minutes) }), ...(reason === undefined ? {} : { reason }) });
    }));
};
export const review: Register = (program, io) => {
  example(program.command("review").description("say what you found about somebody's past use").argument("<request>", "req_…").requiredOption("-v, --verdict <text>", "what you found"), "lockstep review req_… --verdict \"did what the ticket says\"")
    .action(act(io, (run, id) => run.show<RequestDetail>("POST", `/requests/${seg(id!)}/review`, { verdict: run.text("verdict") }, (r) => `${r.id} ${r.state}`)));
};
export const deny: Register = (program, io) => {
  example(program.command("deny").description("deny a request; later, this revokes it").argument("<request>", "req_…").requiredOption("-r, --reason <text>", "why: the requester reads it").option("-y, --yes", "without asking back"), "lockstep deny req_… --reason \"use the staging host\"")
    .action(act(io, async (run, id) => { await look(run, id!, "Deny"); return cast(run, id!, { decision: "deny", reason: run.text("reason") }); }));
};
