/** The world of world.ts with a day's work in it: what screens are looked at with. */
import { putRule } from "../../src/flow/notices.ts";
import { putWebhook } from "../../src/flow/webhooks.ts";
import * as people from "../../src/store/people.ts";
import { ask } from "../../src/flow/ask.ts";
import { giveBack } from "../../src/flow/checkin.ts";
import { addSshKey, putGroup } from "../../src/flow/people.ts";
import { release } from "../../src/flow/release.ts";
import { sequence } from "../../src/flow/sequence.ts";
import { admit, sessionLive } from "../../src/flow/session.ts";
import { vote } from "../../src/flow/vote.ts";
import { makeToken } from "../../src/identity/tokens.ts";
import type { RequestId, SessionId } from "../../src/kernel/ids.ts";
import { recorded } from "./recorded.ts";
import { addManaged, world, type World } from "./world.ts";

export type Rich = World & { readonly ids: { pending: RequestId; approved: RequestId; held: RequestId; shown: RequestId; closed: RequestId; denied: RequestId; live: SessionId; past: SessionId } };

/** A short terminal session, with colours. */
const record = (w: World, account: string): Promise<SessionId> => recorded(w.core, w.who.requester, account, "web-1", [
  "\x1b[1;32mroot@web-1\x1b[0m:\x1b[1;34m~\x1b[0m# ", "systemctl status nginx\r\n", "\x1b[1;32m●\x1b[0m nginx.service - A high performance web server\r\n     Active: \x1b[1;32mactive (running)\x1b[0m since Mon 2026-11-23; 3 days ago\r\n",
  `   password was Pw-${account}-of-web-1-8Q!\r\n`, "\x1b[1;32mroot@web-1\x1b[0m:\x1b[1;34m~\x1b[0m# exit\r\n",
].map((text, i) => [i * 120, text] as const));

export const rich = async (origin?: string): Promise<Rich> => {
  const w = await world(origin), { core, who } = w, flow = core.deps;
  for (const n of ["approver", "requester", "auditor"] as const) await flow.db.transaction((tx) => people.change(tx, who[n].person.id, { mail: `${n}@example.org` }));
  await addManaged(core, who.operator, "db-1", ["root", "app-reporting"], ["production", "database"]);
  await addManaged(core, who.operator, "a-target-with-a-rather-long-name.eu-central-1.internal.example", ["app_deploy_pipeline_for_the_customer_portal_backend"], ["staging"]);
  const asked = (account: string, minutes: number, reason: string, ticket = "") => ask(flow, who.requester, { account, minutes, reason, ticket });
  const approved = async (id: RequestId) => { await vote(flow, who.approver, id, { decision: "approve", reason: "fine" }); return id; };
  const closed = await approved(await asked("root@web-1", 30, "restart nginx after the certificate change", "CHG-1041"));
  const past = await record(w, "root");
  await giveBack(flow, who.requester, closed);
  const denied = await asked("app1@web-1", 120, "have a look around");
  await vote(flow, who.approver, denied, { decision: "deny", reason: "Say which host and which log you need; looking around is not a reason." });
  const held = await approved(await asked("root@db-1", 240, "analyse the slow queries of last night with the vendor on the phone", "INC-20931"));
  const { session: live } = await admit(flow, who.requester, "root", "db-1", "shell");
  await sessionLive(flow, live);
  const shown = await approved(await asked("app-reporting@db-1", 60, "compare the report user's grants"));
  await release(flow, who.requester, shown);
  const approvedId = await approved(await asked("app1@web-1", 45, "deploy the fix for the log-out bug"));
  const pending = await asked("app_deploy_pipeline_for_the_customer_portal_backend@a-target-with-a-rather-long-name.eu-central-1.internal.example", 90, "the pipeline is stuck: clear its lock file, then run it again and watch whether the migration of the customer portal goes through this time", "CHG-1042");
  await asked("root@web-1", 60, "kernel update and reboot", "CHG-1043");
  await putGroup(flow, who.operator, "Web operations", [who.requester.person.id, who.operator.person.id]);
  const from = { address: "127.0.0.1", means: "portal" } as const;
  await makeToken(w.deps.identity, who.requester.person, { label: "deploy pipeline", days: 30, readOnly: false, networks: ["10.20.0.0/16"] }, from);
  await addSshKey(flow, who.requester, who.requester.person.id, { fingerprint: "SHA256:8vX0mQwq2lN4w3k1dZ7bT5yRc9aPfHjKsLmNoPqRsTu", line: "ssh-ed25519 AAAA", label: "laptop" });
  const hook = (name: string, format: "slack" | "generic") => putWebhook(flow, who.operator, { name, format, url: `https://${name}.example.org/hooks/x`, kinds: [], collection: null, active: false });
  await hook("operations", "slack");
  await hook("siem", "generic");
  const rule = { kinds: ["rotation_failed", "account_in_doubt"] as const, collection: null, people: ["requester"], groups: ["Web operations"], addresses: ["oncall@example.org"] };
  await putRule(flow, who.operator, rule);
  await sequence(flow);
  return { ...w, ids: { pending, approved: approvedId, held, shown, closed, denied, live, past } };
};
