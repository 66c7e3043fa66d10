/**
 * The whole road as a start wires it: settings, API and command line, a mail that arrives, a webhook that arrives, and not one secret in either, the
 * outbox or the log.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as people from "../../src/store/people.ts";
import { lockstep } from "../cli/process.ts";
import { call, openWorld, ROOT_PASSWORD, type World } from "../cli/world.ts";
import { until } from "../flow/until.ts";
import { mailServer, readMail, type MailServer } from "../lab/mail.ts";
import { freePort } from "../lab/ports.ts";
import { run } from "../store/rows.ts";
import { receiver, verified, type Receiver } from "./receiver.ts";

let w: World, s: MailServer, r: Receiver, home: string;
const log: string[] = [], SMTP = "Canary-Smtp-9", TYPED = "Canary-Typed-9!xQ", tokens: Record<string, string> = {};
beforeAll(async () => {
  s = await mailServer({ login: { user: "lock", password: SMTP } });
  r = await receiver();
  home = mkdtempSync(join(tmpdir(), "lockstep-notices-"));
  w = await openWorld(await freePort(), {
    env: {
      LOCKSTEP_SMTP_SERVER: `127.0.0.1:${s.port}`, LOCKSTEP_SMTP_CA: s.caFile, LOCKSTEP_SMTP_FROM: "lockstep@lockstep.test",
        LOCKSTEP_SMTP_USER: "lock", LOCKSTEP_SMTP_PASSWORD: SMTP,
      LOCKSTEP_WEBHOOKS_TO_LOOPBACK: "yes", LOCKSTEP_ORIGIN: "https://lockstep.example",
    },
    log: (level, message, facts) => void log.push(JSON.stringify({ level, message, facts })),
  });
  for (const name of ["requester", "approver", "operator", "auditor"] as const) {
    tokens[name] = await w.token(name);
    await w.core.deps.db.transaction((tx) => people.change(tx, w.ids[name], { mail: `${name}@lockstep.test` }));
  }
}, 120_000);
afterAll(async () => { await w?.close(); await s?.destroy(); await r?.[Symbol.asyncDispose](); rmSync(home, { recursive: true, force: true }); });
const api = (who: string, method: string, path: string, body?: unknown) => call(w, tokens[who]!, method, path, body);
const cli = (who: string, args: readonly string[], stdin = "") =>
  lockstep(args, { cwd: home, env: { LOCKSTEP_URL: w.url, LOCKSTEP_TOKEN: tokens[who]! }, stdin });

test("law: notice-holds-no-secret — set up by command line and API, told by mail and webhook, and nothing of it is a secret", { timeout: 120_000 },
  async () => {
  const added = await cli("operator", ["webhooks", "add", "siem", "--url-stdin"], `${r.origin}/hooks/canary-path\n`);
  expect(added).toMatchObject({ code: 0 });
  const key = /whsec_\S+/.exec(added.out)![0];
  expect((await api("auditor", "POST", "/webhooks", { name: "x", url: "https://x.example/" })).body).toMatchObject({ code: "forbidden" });
  const listed = await api("operator", "GET", "/webhooks");
  expect(listed.body["items"]).toMatchObject([{ name: "siem", host: r.origin, active: true }]);
  expect((await api("operator", "POST", "/notice-rules", { addresses: ["team@lockstep.test"], kinds: ["request_waiting"], people: [],
    groups: [] })).status).toBe(201);

  const asked = await api("requester", "POST", "/requests", { account: "root@web-1", minutes: 30, reason: "look at the disk" }),
    id = asked.body["id"] as string;
  const mail = readMail((await s.arrived("approver"))[0]!);
  expect(mail.headers["subject"]).toBe("requester asks for root@web-1");
  expect(mail.text).toContain(`\nhttps://lockstep.example/requests/${id}\n`);
  expect(mail.text).toContain("Reason: look at the disk");
  await s.arrived("team");
  await until(() => r.calls.length >= 1);
  expect(r.calls.every((c) => verified(key, c))).toBe(true);

  await api("approver", "POST", `/requests/${id}/vote`, { decision: "approve" });
  await s.arrived("requester");
  expect((await api("requester", "POST", `/requests/${id}/release`, {})).body["password"]).toBe(ROOT_PASSWORD);
  expect((await api("operator", "POST", "/accounts", { target: "web-1", login: "typed", password: TYPED })).status).toBe(201);
  const typed = readMail((await s.arrived("auditor"))[0]!);
  expect(typed.headers["subject"]).toBe("operator typed a password for typed@web-1");
  await api("requester", "POST", `/requests/${id}/give-back`, {});

  const told = await cli("auditor", ["notices", "list", "--state", "sent"]);
  expect(told.out).toMatch(/sent +approver@lockstep\.test +requester asks for root@web-1/);
  expect((await cli("requester", ["notices", "mine", "--off", "voted"])).out).toMatch(/voted +no /);
  expect((await cli("requester", ["notices", "list"])).code).toBe(3);
  const first = (await api("operator", "GET", "/deliveries?text=approver@")).body["items"][0] as { id: string };
  expect((await cli("operator", ["notices", "redeliver", first.id])).code).toBe(0);
  expect((await s.arrived("approver", 2)).length).toBe(2);

  await until(async () => (await run(w.core.deps.db, "select 1 from deliveries where state = 'waiting'")).length === 0);
  const outbox = JSON.stringify(await Promise.all(["notices", "deliveries", "webhooks", "notice_rules",
    "events"].map((t) => run(w.core.deps.db, `select * from ${t}`))));
  const arrived = ["approver", "requester", "auditor", "operator", "team", "other"].flatMap((p) => s.mails(p).map((m) => m + readMail(m).text)),
    bodies = r.calls.map((c) => c.body + JSON.stringify(c.headers));
  expect(arrived.length).toBeGreaterThanOrEqual(5);
  for (const [where, text] of [["outbox", outbox], ["mail", arrived.join()], ["webhook", bodies.join()], ["log", log.join()]] as const) {
    for (const never of [ROOT_PASSWORD, TYPED, SMTP, key, key.slice(6), Buffer.from(SMTP).toString("base64"),
      w.paper.get("root")!]) expect(text.includes(never), `${where}: ${never.slice(0, 12)}`).toBe(false);
  }
  expect(outbox).not.toContain("canary-path");
});

test("a bulk change: whoever was named reads the result of every account, and whoever may see it sees what became of each mail", { timeout: 60_000 }, async () => {
  const wish = { choice: { accounts: ["root@web-1"] }, reason: "told to a mail server", notify: { people: ["approver"], addresses: ["team@lockstep.test", "nobody@elsewhere.test"] } };
  const before = s.mails("team").length, begun = await api("operator", "POST", "/bulks", wish), id = begun.body["id"] as string;
  expect(begun.status).toBe(202);
  const mail = readMail((await s.arrived("team", before + 1)).find((m) => m.includes("Password change over"))!);
  expect(mail.headers["subject"]).toBe("Password change over: 1 of 1 changed");
  expect(mail.text).toMatch(/Why: told to a mail server[\s\S]*root@web-1[^\n]*changed/);
  const sent = async (): Promise<Record<string, string>> => Object.fromEntries(((await api("operator", "GET", `/bulks/${id}/deliveries`)).body["items"] as { to: string; state: string }[]).map((d) => [d.to, d.state]));
  await until(async () => Object.values(await sent()).every((state) => state !== "waiting"));
  expect(await sent()).toMatchObject({ "team@lockstep.test": "sent", "approver@lockstep.test": "sent", "operator@lockstep.test": "sent", "nobody@elsewhere.test": "refused" });
  expect((await cli("auditor", ["bulk", "told", id])).out).toMatch(/sent +team@lockstep\.test +Password change over: 1 of 1 changed/);
  expect((await api("requester", "GET", `/bulks/${id}/deliveries`)).body).toMatchObject({ code: "not_found" });
});
