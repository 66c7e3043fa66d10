/** lockstep sessions. Rule: ending one says why; the person at its other end reads it. */
import { act, example, type Register } from "./act.ts";
import { seg, withQuery } from "./client.ts";
import { relative, table } from "./print.ts";
import type { List, Session } from "./shapes.ts";

export const sessions: Register = (program, io) => {
  const group = program.command("sessions").description("connections through the broker, live and past");
  example(group.command("list").description("newest first").option("-l, --live", "only those going on").option("-q, --request <id>", "of one request").option("-n, --limit <n>"), "lockstep sessions list --live")
    .action(act(io, (run) => run.show<List<Session>>("GET", withQuery("/sessions", { live: run.flag("live") ? "true" : undefined, request: run.text("request"), limit: run.text("limit") }), undefined, ({ items }) =>
      table(["session", "state", "who", "account", "from", "opened", "ended", "why", "bytes"], items.map((s) => [s.id, s.state, s.person, s.account, s.address, relative(s.openedAt, run.now), relative(s.endedAt, run.now), s.why, s.bytes]), run.flag("live") ? "Nobody is connected." : "No sessions yet."))));
  example(group.command("end").description("cut a live session").argument("<session>", "ses_…").requiredOption("-r, --reason <text>", "why"), "lockstep sessions end ses_… --reason \"incident 42\"")
    .action(act(io, (run, id) => run.show<Session>("POST", `/sessions/${seg(id!)}/end`, { reason: run.text("reason") }, (s) => `${s.id}: the cut is ordered.`)));
};
