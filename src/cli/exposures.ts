/** lockstep exposures. Rule: changing everything shows what it will do first, and does it only when told so. */
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { seg, withQuery } from "./client.ts";
import { relative, table } from "./print.ts";
import type { ExposureRun, Exposure, List, SeenAccount } from "./shapes.ts";
import { waitFor } from "./wait.ts";

const HOW: Record<string, string> = { released: "saw it", typed: "typed it", session: "used it, unseen" };
const list = (run: Run) => run.show<List<Exposure>>("GET", withQuery("/exposures", { person: run.text("person"), account: run.text("account"), standing: run.flag("open") ? "true" : undefined, limit: run.text("limit"), cursor: run.text("cursor") }), undefined, ({ items }) =>
  table(["who", "account", "how", "version", "when", "now", "changed"], items.map((e) => [e.person, e.account, HOW[e.how], e.versionNo, relative(e.at, run.now), e.now.replaceAll("_", " "), relative(e.rotatedAt, run.now)]), run.flag("open") ? "Everything that was seen was changed since." : "Nobody has seen or used a password."));

type Seen = { readonly items: readonly SeenAccount[] };
const rows = (seen: Seen): string => table(["account", "how", "held by", "what will happen"], seen.items.map((a) => [a.account, a.hows.map((h) => HOW[h]).join(", "), a.heldBy.join(", "), a.cannot !== null ? `cannot: ${a.cannot}` : `${a.liveSessions > 0 ? `cuts ${a.liveSessions} sessions, ` : ""}changes it${a.waits ? ` (waits: ${a.waits})` : ""}`]), "Everything this person has seen was changed since.");
const result = (r: ExposureRun): string => table(["account", "result", "rotation", "why"], r.accounts.map((a) => [a.account, a.result?.replaceAll("_", " "), a.rotationState, a.why]), "No account.");
const over = (r: ExposureRun): boolean => r.done && r.accounts.every((a) => a.result !== "opened" || ["committed", "refused", "dead_letter"].includes(a.rotationState ?? ""));

const rotate = async (run: Run, person: string): Promise<void> => {
  const usedToo = run.flag("usedToo");
  if (!run.flag("yes")) {
    await run.show<Seen>("GET", withQuery("/exposures/seen", { person, usedToo: String(usedToo) }), undefined, rows);
    return run.say("Nothing was changed. Say --yes to change them.");
  }
  let r = await run.client.json<ExposureRun>("POST", "/exposures/rotate", { person, usedToo, reason: run.text("reason") });
  if (run.flag("wait")) r = await waitFor(run.io, () => run.client.json<ExposureRun>("GET", `/exposures/runs/${seg(r.id)}`), over, (x) => `${x.accounts.filter((a) => a.rotationState === "committed").length} of ${x.accounts.length} changed and proven`);
  run.print(r, () => result(r));
  const bad = r.accounts.filter((a) => a.result === "refused" || ["refused", "dead_letter"].includes(a.rotationState ?? ""));
  if (run.flag("wait") && bad.length > 0) throw new Fault("upstream", `${bad.length} account(s) were not changed: ${bad.map((a) => a.account).join(", ")}.`);
};

export const exposures: Register = (program, io) => {
  const group = program.command("exposures").description("who has seen or used which password");
  example(group.command("list").description("newest first").option("-p, --person <name>").option("-a, --account <account>", "root@web-1").option("-o, --open", "only what was not changed since").option("-n, --limit <n>").option("--cursor <text>", "`next` of the page before"), "lockstep exposures list --person ada --open").action(act(io, list));
  example(group.command("rotate").description("change every password a person has seen; without --yes it only says what it would do").argument("<person>", "login name").option("--used-too", "also what they only used through a session").option("-r, --reason <text>", "why", "").option("-y, --yes", "do it").option("-w, --wait", "until all are settled"),
    "lockstep exposures rotate ada", "lockstep exposures rotate ada --reason \"left the company\" --yes --wait").action(act(io, (run, person) => rotate(run, person!)));
};
