/** lockstep cancel, revoke, give-back. Rule: giving back never waits for the target unless asked to. */
import { act, example, type Register } from "./act.ts";
import { seg } from "./client.ts";
import type { Account, RequestDetail } from "./shapes.ts";
import { waitFor } from "./wait.ts";

const end = (path: string) => `/requests/${path}`;

export const cancel: Register = (program, io) => {
  example(program.command("cancel").description("take your own request back").argument("<request>", "req_…").option("-r, --reason <text>", "why", ""), "lockstep cancel req_…")
    .action(act(io, (run, id) => run.show<RequestDetail>("POST", end(`${seg(id!)}/cancel`), { reason: run.text("reason") }, (r) => `${r.id} ${r.state}`)));
};
export const revoke: Register = (program, io) => {
  example(program.command("revoke").description("end somebody's access now").argument("<request>", "req_…").requiredOption("-r, --reason <text>", "why: the requester reads it"), "lockstep revoke req_… --reason \"incident 42\"")
    .action(act(io, (run, id) => run.show<RequestDetail>("POST", end(`${seg(id!)}/revoke`), { reason: run.text("reason") }, (r) => `${r.id} ${r.state}`)));
};

const BUSY = ["held", "due", "rotating", "unverified"];
export const giveBack: Register = (program, io) => {
  example(program.command("give-back").description("give the account back").argument("<request>", "req_…").option("-w, --wait", "until its password has been changed"), "lockstep give-back req_… --wait")
    .action(act(io, async (run, id) => {
      const r = await run.client.json<RequestDetail>("POST", end(`${seg(id!)}/give-back`), {});
      if (!run.flag("wait")) return run.print(r, () => `${r.account.name} is given back; its password changes now.`);
      const a = await waitFor(io, () => run.client.json<Account>("GET", `/accounts/${seg(r.account.id)}`), (x) => !BUSY.includes(x.standing.word), (x) => `${x.name} is given back; it is ${x.standing.word}`);
      return run.print(r, () => `${a.name} is given back, and is ${a.standing.word}.`);
    }));
};
