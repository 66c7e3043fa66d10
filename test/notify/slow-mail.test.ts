/** Mail servers that take their time: late greeting, viruses looked for after the final dot, no answer at all; and what that costs others. */
import { afterEach, expect, test } from "vitest";
import { mailerOf } from "../../src/core.ts";
import type { Notice, NoticeId } from "../../src/domain/notice.ts";
import { tell } from "../../src/flow/tell.ts";
import { putWebhook } from "../../src/flow/webhooks.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import { times } from "../../src/kernel/times.ts";
import { refusedAddress } from "../../src/domain/webhook.ts";
import { poster } from "../../src/notify/hook.ts";
import * as notices from "../../src/store/notices.ts";
import { until } from "../flow/until.ts";
import { receiver } from "./receiver.ts";
import { slowServer, type Late, type SlowServer } from "./smtp.ts";
import { outbox, type Outbox } from "./world.ts";

/** What gave up on a server before: a quarter of a webhook's limit. */
const OLD = times(0.02).deliveryLimit / 4, LATE = OLD + 1_000;
let s: SlowServer, core: Outbox, jobs: { close(): Promise<void> } | undefined;
const begin = async (late: Late, over: Partial<ReturnType<typeof times>> = {}) => {
  s = await slowServer(late);
  const limits = { ...times(0.02), deliveryRetryFirst: 50, deliveryRetryMax: 1_000, deliveryGather: 1, ...over };
  const mail = { host: "127.0.0.1", port: s.port, tls: "none", caFile: null, from: "lockstep@lockstep.test", user: null } as const;
  core = await outbox({ mail: mailerOf({ mail }, { smtpPassword: null }, limits), times: limits,
    hooks: { ...poster(limits.deliveryLimit, (a) => refusedAddress(a, true)), loopback: true } });
};
const start = (): void => { jobs = startJobs(core.deps); };
afterEach(async () => { await jobs?.close(); jobs = undefined; core.deps.mail?.close(); await core.destroy(); await s[Symbol.asyncDispose](); });

const told = (o: Partial<Notice> = {}) => core.deps.db.transaction((tx) => tell(core.deps, tx, { kind: "drift_found", subject: "drift", lines: ["x"], path: "/x", about: {},
  to: { addresses: ["ada@lockstep.test"] }, ...o })) as Promise<NoticeId>;
const mails = async () => (await notices.list(core.deps.db, { channel: "mail" })).map((l) => l.delivery);
const settled = () => until(async () => (await mails()).every((d) => d.state !== "waiting"));

test("an answer that comes late, also past the lease: taken once, with all that was gathered, and each row is sent at its first try", async () => {
  await begin({ answers: 5_000 }, { deliveryLease: 2_500, deliveryRenew: 250 });
  for (let i = 0; i < 3; i++) await told({ subject: `drift ${String(i)}` });
  start();
  await settled();
  expect(await mails()).toMatchObject(Array.from({ length: 3 }, () => ({ state: "sent", tries: 1, fence: 1, said: "250 queued" })));
  expect(s.taken).toHaveLength(1);
});

test("a greeting that comes late is waited for", async () => {
  await begin({ greets: LATE });
  await told();
  start();
  await settled();
  expect(await mails()).toMatchObject([{ state: "sent", tries: 1 }]);
  expect(s.taken).toHaveLength(1);
});

test("no answer after the final dot: two copies at most in the first hour, the row says that it may have arrived, and other mail is not put off", async () => {
  const hour = 4_000;
  await begin({ answers: "never" }, { deliveryLimit: 2_000, mailAnswer: 500, deliveryUnsureFirst: hour, deliveryUnsureMax: 24 * hour, deliveryGiveUp: 72 * hour });
  await told();
  start();
  await until(async () => (await mails())[0]!.tries > 0);
  expect((await mails())[0]).toMatchObject({ state: "waiting", tries: 1, said: expect.stringMatching(/^It was sent whole, .*may have arrived\.$/) });
  await told({ kind: "voted", to: { addresses: ["ben@lockstep.test"] } });
  await until(() => s.taken.some((m) => m.includes("ben@lockstep.test")));
  const from = Date.now();
  await until(() => Date.now() - from > hour - 500);
  expect(s.taken.filter((m) => m.includes("ada@lockstep.test")).length).toBeLessThanOrEqual(2);
});

test("while a mail server is silent webhooks go out, and a broker that stops does not wait for it", async () => {
  await using r = await receiver();
  await begin({ answers: "never" });
  await putWebhook(core.deps, core.operator, { name: "ops", format: "generic", url: `${r.origin}/x`, kinds: [], collection: null, active: true });
  start();
  for (let i = 0; i < 4; i++) await told({ to: { addresses: [`p${String(i)}@lockstep.test`] } });
  await until(() => r.calls.length === 4 && s.taken.length > 0);
  const from = Date.now();
  await jobs!.close();
  expect(Date.now() - from).toBeLessThan(3_000);
  const said = (await mails()).map((d) => d.said), count = (is: (w: string) => boolean): number => said.filter(is).length;
  const perhaps = count((w) => w.endsWith("it may have arrived.")), unsent = count((w) => w === "The broker stopped before it was sent.");
  // What was on its way in full at that moment may be more than the server had read of it, and never less.
  expect([perhaps + unsent, perhaps >= s.taken.length], said.join(" | ")).toEqual([4, true]);
});
