/** The main job by itself, as the four people would do it: API, the real ssh client and a page's socket. Rule: every claim is checked by somebody who does not ask the broker. */
import { api, askAndApprove, fail, inVault, loginDirectly, ok, provenRotated, settled, ssh, type Json } from "./acts.ts";
import type { Stage } from "./stage.ts";
import { desktopWalk } from "./walk-desktop.ts";

export type Step = { readonly step: string; readonly ms: number };

const releaseWalk = async (stage: Stage, step: (s: string) => void): Promise<void> => {
  const host = stage.hosts["db-1"], name = "ops@db-1", before = await host.shadow("ops");
  const id = await askAndApprove(stage, name, 30, "look at the slow query");
  step("requester asked for ops@db-1; their own vote was refused; approver approved");
  const password = String((await ok(stage, "requester", "POST", `/requests/${id}/release`, {}))["password"]);
  if (!await loginDirectly(stage.home, host, "ops", password)) fail("the released password does not log in");
  step("the released password opens ops on db-1");
  await ok(stage, "requester", "POST", `/requests/${id}/give-back`, {});
  await settled(stage, name, password);
  await provenRotated(stage, host, "ops", password, before);
  step("given back: rotated through sudo; /etc/shadow and fresh logins say new yes, old no");
};

const sessionWalk = async (stage: Stage, step: (s: string) => void): Promise<string> => {
  const host = stage.hosts["web-1"], name = "root@web-1", login = stage.access.logins.find((l) => l.name === "requester")!;
  const early = await ssh(stage, login, name, "id");
  if (early.code === 0) fail("ssh without an approved request got in");
  const id = await askAndApprove(stage, name, 15, "restart the web server"), old = await inVault(stage, name), before = await host.shadow("root");
  const ran = await ssh(stage, login, name, "id -un; hostname; exit 7");
  if (ran.code !== 7 || ran.out !== "root\nweb-1\n") fail(`ssh through the broker: exit ${ran.code}, said ${JSON.stringify(ran.out)} ${ran.err}`);
  step("ssh requester@root@web-1 ran as root on web-1 with the password injected; refused before the approval");
  await ok(stage, "requester", "POST", `/requests/${id}/give-back`, {});
  await settled(stage, name, old);
  await provenRotated(stage, host, "root", old, before);
  step("session over, given back: root rotated itself; old password refused");
  const late = await ssh(stage, login, name, "id");
  if (late.code !== 255) fail(`ssh after give-back: exit ${late.code}`);
  return id;
};

const auditWalk = async (stage: Stage, request: string, step: (s: string) => void): Promise<void> => {
  const sessions = (await ok(stage, "auditor", "GET", "/sessions"))["items"] as Json[], one = sessions.find((s) => s["request"] === request) ?? fail("the auditor does not see the session");
  const cast = await ok(stage, "auditor", "GET", `/sessions/${String((one as Json)["id"])}/cast`);
  if (!String(cast["text"] ?? JSON.stringify(cast)).includes("web-1")) fail("the recording does not hold what the session printed");
  const nosy = await api(stage, "requester", "GET", `/sessions/${String((one as Json)["id"])}/cast`);
  if (nosy.status !== 403) fail(`the requester got the recording: ${nosy.status}`);
  const events = (await ok(stage, "auditor", "GET", "/audit?limit=100"))["items"] as Json[];
  for (const what of ["session.ended", "rotation.committed", "checkout.closed"]) if (!events.some((e) => e["what"] === what)) fail(`the audit log lacks ${what}`);
  step("auditor: session listed, recording plays, audit log tells ask, votes, use and rotation");
};

export const walk = async (stage: Stage, said: (line: string) => void): Promise<Step[]> => {
  const steps: Step[] = [];
  let last = performance.now();
  const step = (text: string): void => {
    const ms = Math.round(performance.now() - last);
    last = performance.now();
    steps.push({ step: text, ms });
    said(`  ✓ ${text} (${(ms / 1000).toFixed(1)} s)`);
  };
  await releaseWalk(stage, step);
  await auditWalk(stage, await sessionWalk(stage, step), step);
  if (stage.desktop) await desktopWalk(stage, stage.desktop, step);
  return steps;
};
