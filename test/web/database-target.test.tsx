/** A database as a target in the portal: pinned by its certificate, edited, without anything that needs a session. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { addAccount } from "../../src/flow/accounts.ts";
import { ask } from "../../src/flow/ask.ts";
import { putPolicy } from "../../src/flow/people.ts";
import { vote } from "../../src/flow/vote.ts";
import * as targets from "../../src/store/targets.ts";
import { installing } from "../../src/wires/drivers.ts";
import { tdsLacks } from "../../src/wires/tds.ts";
import { Browser, manage, world, type World } from "./world.ts";

const PRINT = "AB:".repeat(32).slice(0, -1), NAME = 'App"Rôle';
let w: World, operator: Browser, requester: Browser;
const db1 = async () => (await targets.named(w.deps.flow.db, "db-1"))!;
const policy = (name: string, preset: "release" | "session", accountNames: string[]) => putPolicy(w.deps.flow, w.who.operator, {
  name, terms: { preset, maxMinutes: 60 }, binding: { targets: ["db-1"], accountNames, requesters: [w.who.requester.person.id], approvers: [w.who.approver.person.id] } });
beforeAll(async () => {
  w = await world();
  operator = await new Browser(w).login("operator");
  requester = await new Browser(w).login("requester");
});
afterAll(() => w.close());

it("is added by the certificate that was compared, at its platform's own port, and shows it", async () => {
  const form = { name: "db-1", platform: "postgres", host: "192.0.2.30", port: "", tags: "", identity: `sha256 Fingerprint=${PRINT.toLowerCase()}` };
  const shown = (await operator.get("/targets/new")).text, lacks = tdsLacks();
  expect(shown).toMatch(lacks === undefined ? /SQL Server \(port 1433\) · draft<\/option>/ : /SQL Server \(port 1433\) · draft · driver to be installed<\/option>/);
  if (lacks !== undefined) expect(shown).toContain(installing("tedious"));
  expect(shown).toMatch(/<option value="linux-ssh" selected="">Linux over SSH \(port 22\)<\/option>.*<option value="postgres">PostgreSQL \(port 5432\)<\/option>/s);
  expect((await operator.post("/targets", form)).status, "nobody said that they compared it").toBe(422);
  expect((await operator.post("/targets", { ...form, same: "yes", identity: "AB:CD" })).text).toContain("no key or certificate that a target of this platform proves itself by");
  expect((await operator.post("/targets", { ...form, same: "yes", identity: "plain" })).text).toContain("loopback address alone");
  const added = await operator.post("/targets", { ...form, same: "yes" });
  expect(added.to).toMatch(/^\/targets\/tgt_\w+\?done=added$/);
  expect(await db1()).toMatchObject({ port: 5432, settings: { tls: "pinned", certificates: [PRINT], database: "postgres" } });
  expect((await operator.get(added.to!)).text).toContain(PRINT);
});

it("its settings are fields, and wrong ones are refused in words", async () => {
  const t = await db1(), at = `/targets/${t.id}/where`, set = { host: t.host, port: String(t.port), set_database: "postgres", set_certificates: PRINT, set_authority: "" };
  expect((await operator.get(`/targets/${t.id}/edit`)).text).toMatch(/name="set_tls".*name="set_certificates".*name="set_authority".*name="set_database"/s);
  expect((await operator.post(at, { ...set, set_tls: "pinned" })).to).toBe(`/targets/${t.id}?done=changed`);
  expect((await operator.post(at, { ...set, set_tls: "off" })).text).toContain("loopback address alone");
  expect((await operator.post(at, { ...set, set_tls: "authority" })).text).toContain("certificates in PEM");
  expect((await operator.post(at, { ...set, set_tls: "pinned", set_certificates: "" })).text).toContain("at least one fingerprint");
  expect((await operator.post(at, { ...set, host: "127.0.0.1", set_tls: "off" })).to).toBe(`/targets/${t.id}?done=where`);
  expect((await operator.get(`/targets/${t.id}`)).text).toContain("nothing: a plain connection");
  expect((await operator.post(at, { ...set, set_tls: "pinned" })).to).toBe(`/targets/${t.id}?done=where`);
});

it("an account of it is asked for, shown and given back; no page offers a session", async () => {
  await policy("database passwords", "release", [NAME]);
  await policy("database sessions", "session", ["only"]);
  const { id } = await addAccount(w.deps.flow, w.who.operator, { target: (await db1()).id, name: NAME });
  await addAccount(w.deps.flow, w.who.operator, { target: (await db1()).id, name: "only" });
  await manage(w.core, id, "Pw-of-the-role-8Q!");
  const page = await requester.get(`/ask/${encodeURIComponent(`${NAME}@db-1`)}`);
  expect(page.text).toMatch(/the password is shown<.*What you do there is not seen/s);
  const only = await requester.get("/ask/only@db-1");
  expect([only.status, only.text.includes("db-1 is a PostgreSQL server: the broker carries no sessions to it")]).toEqual([422, true]);
  const request = await ask(w.deps.flow, w.who.requester, { account: `${NAME}@db-1`, minutes: 30, reason: "a slow query", ticket: "" });
  await vote(w.deps.flow, w.who.approver, request, { decision: "approve" });
  const card = await requester.get(`/requests/${request}`), home = await requester.get("/");
  for (const { text } of [card, home]) {
    expect(text).toContain("Show the password");
    expect(text).not.toMatch(/\/terminal#connect|ssh -p/);
  }
  expect(card.text).toContain("with your own client. The broker carries no sessions there");
  const terminal = await requester.get(`/requests/${request}/terminal`);
  expect([terminal.status, terminal.text.includes("carries no sessions to it")]).toEqual([409, true]);
});
