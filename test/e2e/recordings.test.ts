/** Recordings as their readers and their disk see them. Rule: no recorder, no session; who may read them sees no password of the account. */
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until, world, type World } from "./world.ts";

let w: World;
beforeAll(async () => { w = await world({ accounts: 2 }); }, 180_000);
afterAll(() => w?.close());

/** A login in the browser's way: form, cookie, the page's own token. */
const browser = async (who: string) => {
  const jar = new Map<string, string>(), { name, password } = w.who[who]!;
  const go = async (method: string, at: string, form?: Record<string, string>): Promise<Response> => {
    const r = await fetch(`${w.origin}${at}`, { method, redirect: "manual", headers: { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join("; "), "sec-fetch-site": "same-origin", origin: w.origin, ...(form ? { "content-type": "application/x-www-form-urlencoded" } : {}) }, ...(form ? { body: new URLSearchParams(form).toString() } : {}) });
    for (const line of r.headers.getSetCookie()) { const [pair = ""] = line.split(";"), at2 = pair.indexOf("="); jar.set(pair.slice(0, at2), pair.slice(at2 + 1)); }
    return r;
  };
  const first = await (await go("GET", "/login")).text(), token = (html: string): string => /name="_csrf" value="([^"]+)"/.exec(html)?.[1] ?? "";
  const entered = await go("POST", "/login", { name, password, _csrf: token(first) });
  return { entered: entered.status, get: async (at: string) => go("GET", at), post: (at: string, form: Record<string, string>) => go("POST", at, form), token };
};

describe("law: no-recorder-no-session — the broker says so and nothing is dialled", () => {
  const refusedSession = async (sentence: string): Promise<void> => {
    const from = w.host.log().length, before = await w.host.shadow(w.names[0]!), request = await w.access(w.account(0)), ran = await w.run(w.account(0), ["echo never"]);
    expect([ran.code, ran.out, ran.err]).toEqual([255, "", `lockstep: ${sentence}\n`]);
    expect(await w.ended(request)).toMatchObject({ why: "recording_failed" });
    expect((await w.events("session.ended"))[0]).toMatchObject({ outcome: "failed", facts: { ended: "recording_failed" } });
    await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
    // The password had left the vault for the session process: the use counts, so it is changed. Only the broker's administrator logs in.
    await w.rotated(0, before);
    expect(w.host.log().slice(from)).not.toContain(`Accepted password for ${w.names[0]!} `);
    expect(await w.lost()).toEqual([]);
  };
  test("the directory is gone", async () => {
    const dir = w.core.places.recordings;
    renameSync(dir, `${dir}.away`);
    try { await refusedSession("no recording can be made here; no session is opened"); } finally { renameSync(`${dir}.away`, dir); }
  }, 120_000);
  test("its disk is nearly full", async () => {
    const dir = w.core.places.recordings;
    mkdirSync(dir, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", dir]);
    try {
      const { bavail, bsize } = statfsSync(dir), filler = path.join(dir, "filler");
      writeFileSync(filler, Buffer.alloc(Math.floor(bavail * bsize * 0.95)));
      await refusedSession("the disk for recordings is nearly full; no new session is opened");
      rmSync(filler);
    } finally { execFileSync("umount", [dir]); }
  }, 120_000);
});

test("played back by an auditor the account's own passwords are dots, in the API and on the page; nobody else gets it", async () => {
  const i = 1, name = w.names[i]!, password = await w.vault(name), before = await w.host.shadow(name);
  await w.host.write(`/tmp/note-${name}`, `the password is ${password}, keep it\n`);
  const request = await w.access(w.account(i)), ran = await w.run(w.account(i), [`cat /tmp/note-${name}; echo end of note`]);
  expect(ran.out).toBe(`the password is ${password}, keep it\nend of note\n`);
  const session = String((await w.ended(request))["id"]), dots = "•".repeat(password.length), at = `/sessions/${session}/cast`;
  const cast = await w.api("auditor", "GET", at);
  expect([cast.status, cast.text.includes(password)]).toEqual([200, false]);
  expect(cast.text).toContain(`the password is ${dots}, keep it`);
  for (const who of ["requester", "approver", "operator"]) {
    const r = await w.api(who, "GET", at);
    expect([who, r.status, r.body["detail"]]).toEqual([who, 403, "Recordings are for auditors."]);
  }
  expect((await w.api("outsider", "GET", at)).status).toBe(403);

  const b = await browser("auditor"), page = await (await b.get(`/sessions/${session}/play`)).text();
  expect(b.entered).toBe(303);
  expect(page.includes(password)).toBe(false);
  const shown = await b.post(`/sessions/${session}/cast`, { _csrf: b.token(page) }), text = await shown.text();
  expect([shown.status, text.includes(password)]).toEqual([200, false]);
  expect(text).toContain(`the password is ${dots}, keep it`);

  await w.rotated(i, before);
  // Rotated meanwhile: what was shown then is masked still.
  expect((await w.api("auditor", "GET", at)).text).toContain(`the password is ${dots}, keep it`);
  expect((await w.events("session.played")).length).toBe(3);
  expect(await w.lost()).toEqual([]);
}, 120_000);

test("what was said is found, read, certified and changed: on a real host, from the command to the closure", async () => {
  const i = 0, name = w.names[i]!, password = await w.vault(name), before = await w.host.shadow(name);
  await w.settled(w.account(i));
  const request = await w.access(w.account(i)), ran = await w.run(w.account(i), [`echo unmistakable-${name} ${password}; echo oops >&2; exit 3`]);
  expect([ran.code, ran.out.includes(password)]).toEqual([3, true]);
  const session = String((await w.ended(request))["id"]), dots = "•".repeat(password.length);

  type Hits = { items: { session: { id: string }; kind: string; text: string; hits: string[] }[]; notIndexed: number };
  const search = async (text: string) => (await w.ok("auditor", "GET", `/sessions/search?text=${encodeURIComponent(text)}`)) as unknown as Hits;
  await until("the recording is indexed", async () => (await search(`unmistakable ${name}`)).items.length === 2);
  const found = await search(`"unmistakable ${name}"`);
  expect(found.items.map((h) => [h.session.id, h.kind, h.hits])).toEqual([[session, "printed", ["unmistakable", name]], [session, "command", ["unmistakable", name]]]);
  expect(JSON.stringify(found)).not.toContain(password);
  expect((await search(password.replace(/[^a-zA-Z0-9]+/g, " "))).items).toEqual([]);
  expect((await w.api("operator", "GET", "/sessions/search?text=oops")).status).toBe(403);

  const t = await w.api("auditor", "GET", `/sessions/${session}/transcript`);
  expect(t.text).not.toContain(password);
  expect((t.body["rows"] as unknown as { kind: string; text: string }[]).map((r) => [r.kind, r.text])).toEqual([["command", `echo unmistakable-${name} ${dots}; echo oops >&2; exit 3`], ["printed", `unmistakable-${name} ${dots}\noops`]]);
  // The command is in the log too: without the password.
  const inside = (await w.ok("auditor", "GET", `/sessions/${session}/events`))["items"] as unknown as { facts: Record<string, unknown> }[];
  expect(inside.map((e) => [e.facts["kind"], e.facts["command"] ?? e.facts["exit"]])).toEqual([["channel_opened", `echo unmistakable-${name} ${dots}; echo oops >&2; exit 3`], ["channel_closed", 3]]);

  await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
  await w.rotated(i, before);
  const certificate = () => w.ok("auditor", "GET", `/requests/${request}/certificate`) as unknown as Promise<{ state: string; lines: { what: string; tone: string; says: string }[] }>;
  expect((await certificate()).lines.find((l) => l.what === "new")).toMatchObject({ tone: "ok" });
  await until("the old password is known to be refused", async () => (await certificate()).lines.find((l) => l.what === "old")?.tone === "ok", 90_000);
  expect((await certificate()).lines.find((l) => l.what === "old")!.says).toMatch(/The old password is refused/);

  // Used unseen, and changed since: nothing of it stands open.
  const ledger = (await w.ok("auditor", "GET", `/exposures?person=requester&account=${w.account(i)}`))["items"] as unknown as { how: string; now: string }[];
  expect(ledger[0]).toMatchObject({ how: "session", now: "rotated" });
  expect((await w.api("operator", "POST", "/exposures/rotate", { person: "requester", usedToo: true })).body["detail"]).toMatch(/There is nothing to do/);
  const check = await w.ok("auditor", "POST", "/audit/checks", {});
  const done = await until("the log is checked", async () => { const c = await w.ok("auditor", "GET", `/audit/checks/${String(check["id"])}`); return c["state"] === "running" ? null : c; });
  expect([done["state"], done["faults"]]).toEqual(["whole", 0]);
}, 240_000);
