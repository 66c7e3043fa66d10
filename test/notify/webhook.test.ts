/**
 * Signed webhooks against a real receiver: delivered, tried again, never led astray, turned off after failing for long; and what each format says.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as fc from "fast-check";
import type { NoticeKind } from "../../src/domain/notice.ts";
import { FORMATS, refusedAddress, webhookBody, wrongUrl, type Format } from "../../src/domain/webhook.ts";
import { redeliver } from "../../src/flow/notices.ts";
import type { Caller } from "../../src/flow/record.ts";
import { tell } from "../../src/flow/tell.ts";
import { putWebhook, testWebhook } from "../../src/flow/webhooks.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import { poster } from "../../src/notify/hook.ts";
import * as notices from "../../src/store/notices.ts";
import * as told from "../../src/store/told.ts";
import { until } from "../flow/until.ts";
import { run } from "../store/rows.ts";
import { outbox, type Outbox } from "./world.ts";
import { receiver, verified, type Receiver } from "./receiver.ts";

let core: Outbox | undefined, admin: Caller, jobs: { close(): Promise<void> } | undefined, r: Receiver, other: Receiver;
const fast = { ...times(0.02), deliveryLimit: 1_000, deliveryRetryFirst: 50, deliveryRetryMax: 200, deliveryGather: 1, sweep: 500 };
const begin = async (over: Partial<typeof fast> = {}, loopback = true, working = true) => {
  const limits = { ...fast, ...over };
  core = await outbox({ times: limits, hooks: { ...poster(limits.deliveryLimit, (a) => refusedAddress(a, loopback)), loopback } });
  admin = core.operator;
  if (working) jobs = startJobs(core!.deps);
};
beforeEach(async () => { r = await receiver(); other = await receiver(); });
afterEach(async () => {
  await jobs?.close();
  await core?.destroy();
  jobs = core = undefined;
  for (const x of [r, other]) await x[Symbol.asyncDispose]();
});

const hook = async (path = "/hooks/canary-path", o: { format?: Format; kinds?: NoticeKind[]; name?: string; to?: Receiver } = {}) => {
  const made = await putWebhook(core!.deps, admin, { name: o.name ?? "ops", format: o.format ?? "generic", url: `${(o.to ?? r).origin}${path}`,
    kinds: o.kinds ?? [], collection: null, active: true });
  return { id: made.id, key: reveal(made.key!) };
};
const say = (kind: NoticeKind = "drift_found", subject = "root@web-1: drift") =>
  core!.deps.db.transaction((tx) => tell(core!.deps, tx, { kind, subject, lines: ["one", "two"], path: "/accounts/acc_1", about: { account: "acc_1" },
    to: {} }));
const row = async () => (await notices.list(core!.deps.db, { channel: "webhook" })).map((l) => l.delivery);
const settled = () => until(async () => (await row()).every((d) => d.state !== "waiting"));

test("it arrives signed, with what a program needs; a kind it did not choose does not", async () => {
  await begin();
  const { key } = await hook("/x", { kinds: ["drift_found"] });
  const id = await say();
  expect(await say("voted")).toBeNull();
  await settled();
  expect(r.calls).toHaveLength(1);
  const call = r.calls[0]!;
  expect(verified(key, call)).toBe(true);
  expect([verified(key, { ...call, body: call.body.replace("drift", "drifT") }),
    verified(key.replace(/^whsec_(.)/, (_all, first) => `whsec_${first === "Z" ? "Y" : "Z"}`), call)]).toEqual([false, false]);
  expect(JSON.parse(call.body)).toEqual({ type: "drift_found", timestamp: expect.any(String),
    data: { id, subject: "root@web-1: drift", lines: ["one", "two"], url: "https://lockstep.example/accounts/acc_1", about: { account: "acc_1" } } });
  expect(call.headers).toMatchObject({ "content-type": "application/json; charset=utf-8", "webhook-id": id });
  expect(await row()).toMatchObject([{ state: "sent", said: "200 OK", tries: 1 }]);
});

test("a receiver that fails is tried again with the same id and a new signature; redelivery is another row and says the same", async () => {
  await begin();
  const { key, id } = await hook();
  r.answer = 503;
  await say();
  await until(() => r.calls.length >= 2);
  expect((await row())[0]).toMatchObject({ state: "waiting", said: "503 Service Unavailable" });
  r.answer = 204;
  await settled();
  expect(await told.hook(core!.deps.db, id)).toMatchObject({ failingSince: null, active: true });
  const again = await redeliver(core!.deps, admin, (await row())[0]!.id), seen = r.calls.length;
  await settled();
  expect(r.calls.length).toBe(seen + 1);
  expect(new Set(r.calls.map((c) => c.headers["webhook-id"])).size).toBe(1);
  expect(r.calls.every((c) => verified(key, c))).toBe(true);
  expect((await row()).find((d) => d.id === again)).toMatchObject({ state: "sent", againOf: expect.stringMatching(/^dlv_/) });
});

const subjects = () => r.calls.map((c) => (JSON.parse(c.body) as { data: { subject: string } }).data.subject);
test("one message that is refused holds up no other: the three behind it arrive after one try of it, and it waits by itself", async () => {
  await begin({ deliveryRetryFirst: 2_000, deliveryRetryMax: 60_000 }, true, false);
  await hook();
  r.judge = (body) => (body.includes("first") ? 400 : undefined);
  for (const subject of ["first", "second", "third", "fourth"]) await say("drift_found", subject);
  jobs = startJobs(core!.deps);
  await until(() => r.calls.length === 4);
  expect(subjects()).toEqual(["first", "second", "third", "fourth"]);
  await until(async () => (await row()).filter((d) => d.state === "sent").length === 3);
  expect((await row()).find((d) => d.state === "waiting")).toMatchObject({ tries: 1, said: "400 Bad Request", wayClosed: false });
});

test("a way that opens again: the older go first, also what failed itself, and a new one does not wait for their time", async () => {
  await begin({ deliveryRetryFirst: 60_000, deliveryRetryMax: 60_000 });
  await hook();
  r.answer = 503;
  await say("drift_found", "first");
  await until(async () => (await row()).some((d) => d.tries === 1));
  await say("drift_found", "second");
  await until(async () => (await row()).some((d) => d.tries === 2) && (await row()).every((d) => d.wayClosed));
  r.answer = 200;
  r.calls.length = 0;
  await say("break_glass", "third");
  await settled();
  expect(subjects()).toEqual(["first", "second", "third"]);
});

test.each([[400, false], [413, false], [415, false], [422, false], [401, true], [403, true], [404, true], [408, true], [429, true], [500, true], [502, true],
  [307, true]])("%i speaks of the way: %s", async (status, wide) => {
  r.answer = status;
  const post = poster(5_000, (a) => refusedAddress(a, true));
  expect(await post.post({ url: Secret.of(r.origin), key: Secret.of("whsec_AAAA"), id: "x", at: new Date(), body: "{}" }))
    .toMatchObject({ later: expect.stringContaining(String(status)), wide });
});

test("a redirect is not followed, and the row says what to do", async () => {
  await begin();
  await hook();
  r.answer = 307; r.location = `${other.origin}/inner`;
  await say();
  await until(() => r.calls.length >= 2);
  expect((await row())[0]!.said).toBe("307 Temporary Redirect: redirects are not followed; name the final address");
  expect(other.calls).toHaveLength(0);
});

test("one that hangs holds up nobody else, and is told as a time-out", async () => {
  await begin();
  await hook("/slow", { name: "slow" });
  await hook("/quick", { name: "quick", to: other });
  r.answer = "hang";
  for (let i = 0; i < 12; i++) await say();
  await until(() => other.calls.length === 12);
  await until(async () => (await row()).some((d) => d.to === "slow" && d.tries > 0));
  expect((await row()).find((d) => d.to === "slow" && d.tries > 0)!.said).toMatch(/TimeoutError|ABORT_ERR/);
  expect(r.calls.length).toBeLessThan(12);
});

test("failing for long turns it off once: an event, a notice to the admins, and what still waits is not tried", async () => {
  await begin({ webhookOffAfter: 300, deliveryGiveUp: 60_000 });
  const { id } = await hook();
  r.answer = 500;
  await say();
  await until(async () => !(await told.hook(core!.deps.db, id))!.active);
  expect((await told.hook(core!.deps.db, id))!.offWhy).toMatch(/^it has failed since .*: 500 Internal Server Error$/);
  await settled();
  expect((await row())[0]).toMatchObject({ state: "unsent", said: "The webhook is turned off." });
  const calls = r.calls.length;
  await say();
  expect(await run(core!.deps.db, "select what, outcome from events where what = 'webhook.off'")).toEqual([{ what: "webhook.off",
    outcome: "failed" }]);
  const mails = await notices.list(core!.deps.db, { channel: "mail" });
  expect(mails.filter((m) => m.delivery.to.includes("@")).map((m) => [m.notice.kind, m.notice.subject, m.delivery.to])).toEqual([["webhook_off", "The webhook ops was turned off",
    "operator@lockstep.test"]]);
  expect(r.calls.length).toBe(calls);
});

test("one that says it is gone for good is off at once", async () => {
  await begin();
  const { id } = await hook();
  r.answer = 410;
  await say();
  await settled();
  expect((await row())[0]).toMatchObject({ state: "refused", said: "410 Gone: the receiver says it is gone for good" });
  expect((await told.hook(core!.deps.db, id))!.active).toBe(false);
});

test("only admins set one; address and key are in no row, event or answer", async () => {
  await begin();
  const user = await core!.person("ada", ["user", "owner", "auditor"]);
  await expect(putWebhook(core!.deps, user, { name: "x", format: "slack", url: `${r.origin}/x`, kinds: [], collection: null,
    active: true })).rejects.toMatchObject({ code: "forbidden" });
  const { id, key } = await hook();
  await expect(testWebhook(core!.deps, user, id)).rejects.toMatchObject({ code: "forbidden" });
  await testWebhook(core!.deps, admin, id);
  await settled();
  expect(JSON.parse(r.calls[0]!.body)).toMatchObject({ type: "test" });
  const text = JSON.stringify(await Promise.all(["webhooks", "notices", "deliveries", "events"].map((t) => run(core!.deps.db, `select * from ${t}`)))),
    plain = Buffer.from(key.slice(6), "base64").toString("latin1");
  for (const never of ["canary-path", key, key.slice(6), plain]) expect(text).not.toContain(never);
});

describe("where it may not lead", () => {
  test.each([
    "169.254.169.254", "169.254.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.0", "224.0.0.1", "255.255.255.255", "fe80::1",
      "fe80::1%eth0", "fd00:ec2::254", "ff02::1", "::",
    "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
  ])("%s is refused, whatever is allowed", (address) => {
    expect(refusedAddress(address, true)).toMatch(/link-local, metadata or otherwise special/);
  });
  test("loopback is refused unless the machine's operator allows it; private networks and the world are not", () => {
    for (const a of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) expect(refusedAddress(a, false), a).toMatch(/this machine|special/);
    expect(refusedAddress("127.0.0.1", true)).toBeNull();
    for (const a of ["10.1.2.3", "192.168.1.1", "172.16.0.9", "203.0.113.7", "fd12::1", "2001:db8::1"]) expect(refusedAddress(a, false),
      a).toBeNull();
  });
  test("however it is written in an address", () => {
    for (const url of ["http://169.254.169.254/", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/",
      "http://[::ffff:169.254.169.254]/", "http://[fe80::1]/"]) expect(wrongUrl(url, true), url).toMatch(/special/);
    for (const url of ["ftp://x.example/", "file:///etc/shadow", "gopher://x", "javascript:1", "x", ""]) expect(wrongUrl(url, true),
      url).not.toBeNull();
    expect(wrongUrl("https://u:p@x.example/", true)).toMatch(/no login/);
    expect(wrongUrl("https://chat.example.org/hooks/abc?x=1", false)).toBeNull();
  });
  test("a name is looked at when it is dialled: one that leads to this machine gets nothing", async () => {
    await begin({}, false);
    const port = new URL(r.origin).port;
    await putWebhook(core!.deps, admin, { name: "ops", format: "generic", url: `http://localhost:${port}/x`, kinds: [], collection: null,
      active: true });
    await expect(putWebhook(core!.deps, admin, { name: "ops2", format: "generic", url: `http://127.0.0.1:${port}/x`, kinds: [], collection: null,
      active: true })).rejects.toThrow(/this machine/);
    await say();
    await until(async () => (await row())[0]!.tries > 0);
    expect((await row())[0]!.said).toMatch(/^Not sent: (127\.0\.0\.1|::1) is this machine/);
    expect(r.calls).toHaveLength(0);
    const direct = await core!.deps.hooks.post({ url: Secret.of(r.origin), key: Secret.of("whsec_AAAA"), id: "x", at: new Date(), body: "{}" });
    expect(direct).toMatchObject({ later: expect.stringMatching(/^Not sent: 127\.0\.0\.1 is this machine/) });
  });
});

describe("formats", () => {
  const note = (subject: string, lines: string[]) => ({ id: "ntc_1" as never, kind: "request_waiting" as const, subject, lines,
    path: "/requests/req_1", about: {}, at: new Date(0) });
  const nasty = "<!channel> @all <https://evil.example|Approve> [Approve](https://evil.example) ``` *x* & \\";
  const say2 = (f: Format) => JSON.parse(webhookBody(f, note(nasty, [nasty]), "https://l.example")) as Record<string, never>;
  test("slack: text is escaped, so it pings nobody and makes no link; ours is the one link", () => {
    const { text } = say2("slack") as unknown as { text: string };
    expect(text.match(/<[^>]*>/g)).toEqual(["<https://l.example/requests/req_1|Open in Lockstep>"]);
    expect(text).toContain("&lt;!channel&gt;");
  });
  test("mattermost: people's words stand in a block of code nothing ends early", () => {
    const { text } = say2("mattermost") as unknown as { text: string };
    expect(text.split("```")).toHaveLength(3);
    expect(text.slice(text.lastIndexOf("```") + 3).trim()).toBe("[Open in Lockstep](https://l.example/requests/req_1)");
  });
  test("teams: an adaptive card whose words are no markdown", () => {
    const card = (say2("teams") as unknown as { attachments: { content: { body: { text: string }[];
      actions: unknown[] } }[] }).attachments[0]!.content;
    expect(card.body[0]!.text).not.toMatch(/(^|[^\\])[[\]()*`<>]/);
    expect(card.actions).toEqual([{ type: "Action.OpenUrl", title: "Open in Lockstep", url: "https://l.example/requests/req_1" }]);
  });
  test("every format is JSON for any text", () => {
    fc.assert(fc.property(fc.constantFrom(...FORMATS), fc.string({ unit: "binary" }), fc.array(fc.string({ unit: "binary" })),
      (f, s, l) => { JSON.parse(webhookBody(f, note(s, l), "https://l.example")); }));
  });
});
