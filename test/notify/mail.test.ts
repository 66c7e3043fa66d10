/** The mail road against Debian's own server, reading what arrived: delivered, greylisted, refused, server away for the whole run, login and TLS. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Notice } from "../../src/domain/notice.ts";
import { claimDelivery, deliver } from "../../src/flow/deliver.ts";
import { tell } from "../../src/flow/tell.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import type { DeliveryId } from "../../src/domain/delivery.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import { directLink } from "../../src/links/direct.ts";
import { mailer, type Mailer, type MailWay } from "../../src/notify/send.ts";
import * as notices from "../../src/store/notices.ts";
import { mailServer, readMail, type MailServer } from "../lab/mail.ts";
import { until } from "../flow/until.ts";
import { outbox, type Outbox } from "./world.ts";

let s: MailServer, core: Outbox;
const way = (o: Partial<MailWay> = {}): MailWay => ({ host: "127.0.0.1", port: s.port, tls: "starttls", ca: s.ca, from: "lockstep@lockstep.test",
  user: null, password: null, ...o });
const posting = (w: MailWay): Mailer => mailer(w, times(0.05), directLink(w));
const openOn = (mail: Mailer | null): Promise<Outbox> => outbox({ mail, times: times(0.05) });
beforeAll(async () => { s = await mailServer(); }, 120_000);
afterAll(() => s?.destroy());

const note = (o: Partial<Notice> = {}): Notice => ({ kind: "test", subject: "Jürgen asks for root@web-1", lines: ["Who: Jürgen", "Reason: nginx"],
  path: "/requests/req_1", about: {}, to: { addresses: ["ada@lockstep.test"] }, ...o });
const told = (o: Partial<Notice> = {}) => core.deps.db.transaction((tx) => tell(core.deps, tx, note(o)));
const rows = async (n: Awaited<ReturnType<typeof told>>) => (await notices.list(core.deps.db, { notice: n! })).map((l) => l.delivery);
const over = async (n: Awaited<ReturnType<typeof told>>) => { await until(async () => (await rows(n)).every((d) => d.state !== "waiting"), 30_000);
  return rows(n); };

describe("with a server that answers", () => {
  let jobs: { close(): Promise<void> };
  beforeAll(async () => { core = await openOn(posting(way())); jobs = startJobs(core.deps); });
  afterAll(async () => { await jobs.close(); await core.destroy(); });

  test("a mail arrives: plain text, one subject, the link, no tracking, and the row says what the server said", async () => {
    const [d] = await over(await told());
    expect(d).toMatchObject({ state: "sent", to: "ada@lockstep.test", tries: 1, said: expect.stringMatching(/^250 OK id=/) });
    const { headers, text } = readMail((await s.arrived("ada"))[0]!);
    expect(headers).toMatchObject({ subject: "Jürgen asks for root@web-1", from: "Lockstep <lockstep@lockstep.test>", to: "ada@lockstep.test",
      "auto-submitted": "auto-generated", "message-id": `<${d!.id}@lockstep.test>` });
    expect(headers["content-type"]).toMatch(/^text\/plain/);
    expect(headers["received"]).toMatch(/TLS1\.[23]/);
    expect(text.replaceAll("\r",
      "")).toBe("Who: Jürgen\nReason: nginx\n\nhttps://lockstep.example/requests/req_1\n\n-- \nLockstep. What you are told is chosen on your own page:\nhttps://lockstep.example/me\n");
  });

  test("greylisted: put off in the server's words, then taken; refused: at once, in its words; the others are not held up", async () => {
    const id = await told({ to: { addresses: ["grey1@lockstep.test", "nobody@lockstep.test", "ben@lockstep.test", "x@elsewhere.example"] } });
    await until(async () => (await rows(id)).some((d) => d.state === "waiting" && d.tries === 1), 30_000);
    expect((await rows(id)).find((d) => d.to.startsWith("grey"))).toMatchObject({ state: "waiting", said: "451 Greylisted, come back later" });
    const by = Object.fromEntries((await over(id)).map((d) => [d.to, d]));
    expect(by["grey1@lockstep.test"]).toMatchObject({ state: "sent" });
    expect(by["grey1@lockstep.test"]!.tries).toBeGreaterThan(1);
    expect(by["nobody@lockstep.test"]).toMatchObject({ state: "refused", tries: 1, said: "550 No such person here" });
    expect(by["x@elsewhere.example"]).toMatchObject({ state: "refused", said: "550 We carry no mail for others" });
    expect(by["ben@lockstep.test"]).toMatchObject({ state: "sent", tries: 1 });
    expect([(await s.arrived("grey1")).length, (await s.arrived("ben")).length, s.mails("nobody").length]).toEqual([1, 1, 0]);
  });

  test("the server is down for the whole run, then up: everything arrives, once, and waited together", async () => {
    await s.stop();
    const ids = await Promise.all(Array.from({ length: 12 }, () => told({ to: { addresses: ["cleo@lockstep.test"] } })));
    await until(async () => (await rows(ids[0]!)).some((d) => d.tries > 0), 30_000);
    const waiting = (await Promise.all(ids.map(rows))).flat();
    expect(waiting.every((d) => d.state === "waiting")).toBe(true);
    expect(waiting.some((d) => /cannot be reached: the connection was refused/.test(d.said))).toBe(true);
    await s.start();
    for (const id of ids) expect((await over(id))[0]).toMatchObject({ state: "sent" });
    expect(await s.arrived("cleo", 12)).toHaveLength(12);
  });

  test("a storm of one kind to one address becomes a few mails, each with everything that piled up, and every row is sent", async () => {
    const ids = await Promise.all(Array.from({ length: 30 },
      (_, i) => told({ kind: "rotation_failed", subject: `app${i}@web-1 could not be changed`, to: { addresses: ["operator@lockstep.test"] } })));
    for (const id of ids) expect((await over(id))[0]).toMatchObject({ state: "sent", tries: 1 });
    await until(() => s.mails("operator").length > 0);
    const mails = s.mails("operator").map(readMail), all = mails.map((m) => `${m.headers["subject"]!}\n${m.text}`).join("\n");
    expect(mails.length).toBeLessThanOrEqual(4);
    for (let i = 0; i < 30; i++) expect(all).toContain(`app${i}@web-1 could not be changed`);
    expect(mails.some((m) => /^\d+ notices: A password could not be changed$/.test(m.headers["subject"]!))).toBe(true);
  });

  test("law: told-with-the-event — told in the transaction: what rolls back tells nobody; `once` is told once", async () => {
    await expect(core.deps.db.transaction(async (tx) => { await tell(core.deps, tx, note({ to: { addresses: ["dan@lockstep.test"] } }));
      throw new Error("no"); })).rejects.toThrow("no");
    const first = await told({ once: "a", to: { addresses: ["team@lockstep.test"] } });
    expect(await told({ once: "a", to: { addresses: ["team@lockstep.test"] } })).toBeNull();
    await over(first);
    expect([(await s.arrived("team")).length, s.mails("dan").length]).toEqual([1, 0]);
  });
});

describe("who claims", () => {
  beforeEach(async () => { core = await openOn(posting(way())); });
  const claimed = async (busy: DeliveryId[] = []) => claimDelivery(core.deps, "mail", busy);

  test("a broker that dies between the send and its note sends again under the same message id; a late note changes nothing", async () => {
    try {
      const id = await told({ to: { addresses: ["dan@lockstep.test"] } }), first = (await claimed())!;
      expect(await claimed()).toBeNull();
      // It sent, and died before it could say so: its lease runs out.
      await core.deps.mail!.send({ id: first.id, to: "dan@lockstep.test", subject: "x", text: "x", at: new Date() });
      await core.deps.db.transaction((tx) => notices.freeLeases(tx));
      const second = (await claimed())!;
      expect(second.items[0]!.delivery.fence).toBe(first.items[0]!.delivery.fence + 1);
      await deliver(core.deps, second);
      expect(await rows(id)).toMatchObject([{ state: "sent", tries: 1, fence: 2 }]);
      await deliver({ ...core.deps, mail: { ...core.deps.mail!, send: () => Promise.resolve({ refused: "550 late" }) } }, first);
      expect(await rows(id)).toMatchObject([{ state: "sent" }]);
      const mails = await s.arrived("dan", 2);
      expect(new Set(mails.map((m) => readMail(m).headers["message-id"])).size).toBe(1);
    } finally { await core.destroy(); }
  });

  test("a passive broker sends nothing, and one without a mail server says so on the row", async () => {
    try {
      const id = await told();
      core.deps.passive.why = "restored";
      expect(await claimed()).toBeNull();
      core.deps.passive.why = null;
      await deliver({ ...core.deps, mail: null }, (await claimed())!);
      expect(await rows(id)).toMatchObject([{ state: "unsent", said: "No mail server is set.", tries: 0 }]);
    } finally { await core.destroy(); }
  });
});

describe("TLS and login", () => {
  let strict: MailServer;
  beforeAll(async () => { strict = await mailServer({ login: { user: "lock", password: "Canary-Smtp-1" } }); }, 60_000);
  afterAll(() => strict?.destroy());
  const one = async (o: Partial<MailWay>) => {
    const m = posting(way({ port: strict.port, ca: strict.ca, ...o }));
    try { return await m.send({ id: "dlv_x", to: "ada@lockstep.test", subject: "s", text: "t", at: new Date() }); } finally { m.close(); }
  };

  test("the right password over the pinned certificate: taken", async () => {
    expect(await one({ user: "lock", password: Secret.of("Canary-Smtp-1") })).toMatchObject({ sent: expect.stringMatching(/^250/) });
  });
  test("a certificate nobody vouches for, or another server's: not a byte of the login", async () => {
    const login = { user: "lock", password: Secret.of("Canary-Smtp-1") }, before = strict.log();
    expect(await one({ ...login, ca: null })).toMatchObject({ later: expect.stringMatching(/self-signed certificate/), wide: true });
    expect(await one({ ...login, ca: s.ca })).toMatchObject({ later: expect.stringMatching(/self-signed certificate|certificate/), wide: true });
    expect(await one({ ...login, host: "localhost" })).toMatchObject({ later: expect.stringMatching(/does not match certificate's altnames/),
      wide: true });
    expect(strict.log().slice(before.length)).not.toMatch(/authenticator|A=plain/);
  });
  test("a wrong password is about us, not about the address: it is tried later, and the password is in no word of it", async () => {
    const got = await one({ user: "lock", password: Secret.of("Canary-Wrong-1") });
    expect(got).toMatchObject({ later: expect.stringMatching(/^535 /), wide: true });
    expect(JSON.stringify(got)).not.toMatch(/Canary|Q2FuYXJ5/);
  });
  test("no login where one is needed is a refusal of that very server", async () => {
    expect(await one({})).toEqual({ refused: "550 Log in first" });
  });
});
