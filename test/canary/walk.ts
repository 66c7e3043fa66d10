/** Many accounts of a real host through their whole life, every password of it remembered as a canary. Rule: nothing is faked but the person. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { addAccount, adopt, rotateNow } from "../../src/flow/accounts.ts";
import { ask } from "../../src/flow/ask.ts";
import { giveBack } from "../../src/flow/checkin.ts";
import { putPolicy } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { release } from "../../src/flow/release.ts";
import { openVersion } from "../../src/flow/secrets.ts";
import { addTarget, changeTarget, testTarget } from "../../src/flow/targets.ts";
import { verify } from "../../src/flow/verify.ts";
import { vote } from "../../src/flow/vote.ts";
import { setPassword } from "../../src/identity/passwords.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as people from "../../src/store/people.ts";
import * as versions from "../../src/store/versions.ts";
import { webApp } from "../../src/web/app.tsx";
import type { WebDeps } from "../../src/web/deps.ts";
import { testCore, type TestCore } from "../broker.ts";
import { chaosTimes } from "../chaos/plan.ts";
import { settledState } from "../chaos/rows.ts";
import { CHEAP, PASSWORD } from "../identity/world.ts";
import { linuxHost } from "../lab/host.ts";
import { postgresCluster } from "../lab/postgres.ts";
import { Browser, identityOf, ORIGIN, TOTP_KEY, type World } from "../web/world.ts";
import { Scanner, watchProcesses } from "./scan.ts";

const ADMIN = "Canary-Adm1n!x9Qz", typedBy = (i: number): string => `Canary-${i}-Typ3d!x9Qz`;
export type Walked = { readonly canaries: number; readonly hits: readonly string[]; readonly bytes: number; readonly samples: number; readonly pages: number; readonly places: readonly string[] };

const crowd = async (core: TestCore): Promise<Record<"operator" | "requester" | "approver" | "auditor", Caller>> => {
  const { db, keyring } = core.deps;
  const one = async (name: string, roles: Parameters<TestCore["person"]>[1], totp: boolean): Promise<Caller> => {
    const c = await core.person(name, roles);
    await db.transaction(async (tx) => {
      await setPassword(tx, c.person.id, Secret.of(PASSWORD), CHEAP);
      if (totp) await people.setTotp(tx, c.person.id, keyring.sealFor("sessions", `totp/${c.person.id}`, Secret.of(TOTP_KEY)));
    });
    return { ...c, person: (await people.find(db, c.person.id))! };
  };
  return { operator: await one("operator", ["admin", "user"], true), requester: await one("requester", ["user"], false), approver: await one("approver", ["approver"], true), auditor: await one("auditor", ["auditor"], false) };
};

/** Every page a logged-in person reaches by links from the menus. */
const crawl = async (w: World, name: "operator" | "requester" | "auditor", scan: Scanner): Promise<number> => {
  const browser = await new Browser(w).login(name), todo = ["/", "/accounts", "/requests", "/targets", "/sessions", "/audit", "/people", "/policies", "/me", "/ask", "/groups"], done = new Set<string>();
  for (let at = todo.shift(); at !== undefined && done.size < 120; at = todo.shift()) {
    if (done.has(at)) continue;
    done.add(at);
    const page = await browser.get(at);
    scan.text(`GET ${at} as ${name}`, page.text + JSON.stringify([...page.headers]));
    for (const [, href] of page.text.matchAll(/(?:href|hx-get)="(\/[^"#]*)"/g)) if (href && !/logout|^\/assets|\.(css|js|svg|png)$/.test(href)) todo.push(href.replaceAll("&amp;", "&"));
  }
  return done.size;
};

const settled = async (core: TestCore, ids: readonly AccountId[], ms: number): Promise<void> => {
  for (const end = Date.now() + ms; ; await new Promise((r) => setTimeout(r, 100))) {
    const states = await Promise.all(ids.map((id) => settledState(core.deps.db, id)));
    if (states.every((s) => s === "settled")) return;
    if (Date.now() > end) throw new Error(`not settled: ${[...new Set(states)].join("; ")}`);
  }
};

/** Half of the accounts come with a typed password; one is asked for, shown and given back in each round. */
const live = async (core: TestCore, who: Awaited<ReturnType<typeof crowd>>, host: { host: string; port: number; hostKey: string }, accounts: number, rounds: number): Promise<AccountId[]> => {
  const { deps } = core, { operator, requester, approver } = who;
  const target = await addTarget(deps, operator, { name: "web-1", platform: "linux-ssh", host: host.host, port: host.port, settings: { hostKeys: [host.hostKey], sudo: true } });
  const admin = await addAccount(deps, operator, { target: target.id, name: "admin1", password: Secret.of(ADMIN) });
  await changeTarget(deps, operator, target.id, { administrative: admin.id });
  if (!(await testTarget(deps, operator, target.id)).ok) throw new Error("the administrator is refused");
  await putPolicy(deps, operator, { name: "apps", terms: { preset: "release", maxMinutes: 60 }, binding: { requesters: [requester.person.id], approvers: [approver.person.id], accountNames: ["app*"] } });
  const ids: AccountId[] = [];
  for (let i = 0; i < accounts; i++) ids.push((await addAccount(deps, operator, { target: target.id, name: `app${i}`, ...(i % 2 ? { password: Secret.of(typedBy(i)) } : {}), adopt: true })).id);
  await settled(core, ids, 60_000 + accounts * 20_000);
  for (let round = 0; round < rounds - 2; round++) {
    const id = await ask(deps, requester, { account: `app${round % accounts}@web-1`, minutes: 30, reason: "canary", ticket: "" });
    await vote(deps, approver, id, { decision: "approve" });
    (await release(deps, requester, id)).password.wipe();
    await giveBack(deps, requester, id);
    await settled(core, ids, 60_000);
    for (const [i, account] of ids.entries()) if (i !== round % accounts) await rotateNow(deps, operator, account, "canary");
    await settled(core, ids, 60_000 + accounts * 20_000);
    await verify(deps, operator, ids[round % accounts]!);
  }
  await adopt(deps, operator, admin.id);
  await settled(core, [...ids, admin.id], 60_000);
  return [...ids, admin.id];
};

const allPasswords = async (core: TestCore, ids: readonly AccountId[]): Promise<string[]> =>
  (await Promise.all(ids.map((id) => versions.of(core.deps.db, id)))).flat().map((row) => reveal(openVersion(core.deps, row)));

export const walk = async (o: { accounts: number; rounds: number; engine: "pglite" | "postgresql" }): Promise<Walked> => {
  const watch = await watchProcesses(), log: string[] = [], cluster = o.engine === "postgresql" ? await postgresCluster({ settings: { log_statement: "all", log_parameter_max_length: "-1", log_min_duration_statement: "0" } }) : null;
  const host = await linuxHost({ name: "web-1", sudoAdmin: { name: "admin1", password: ADMIN }, accounts: Object.fromEntries(Array.from({ length: o.accounts }, (_, i) => [`app${i}`, typedBy(i)])) });
  const url = await cluster?.database("canary");
  const core = await testCore({ ...(url ? { databaseUrl: url } : {}), over: { times: chaosTimes({}, 4), log: (level, message, facts) => { log.push(JSON.stringify({ level, message, ...facts })); } } }), jobs = startJobs(core.deps);
  try {
    const who = await crowd(core), ids = await live(core, who, host, o.accounts, o.rounds), passwords = [...await allPasswords(core, ids), ADMIN, ...Array.from({ length: o.accounts }, (_, i) => typedBy(i))];
    const scan = new Scanner([...new Set(passwords)]), deps: WebDeps = { flow: core.deps, identity: identityOf(core), recordings: core.places.recordings, config: { origin: ORIGIN, sshHost: "127.0.0.1", sshPort: 2222, secureCookies: false, trustedProxies: [], root: path.join(import.meta.dirname, "../..") } };
    const w = { core, deps, app: webApp(deps), who, close: () => Promise.resolve() } as unknown as World;
    let pages = 0;
    for (const name of ["operator", "requester", "auditor"] as const) pages += await crawl(w, name, scan);
    const watched = await watch.stop();
    await jobs.close();
    await core.close();
    scan.text("log lines", log.join("\n"));
    for (const [text, where] of watched.seen) scan.text(where, text);
    await scan.tree(core.dir); // journals, keys, and of the embedded database every table, index and log page
    if (cluster && url) {
      const { PGPASSWORD, ...rest } = connection(url);
      scan.text("pg_dump", (await promisify(execFile)("pg_dump", ["--inserts"], { env: { PATH: process.env["PATH"] ?? "", ...rest, PGPASSWORD }, maxBuffer: 1 << 29 })).stdout);
      scan.text("statements PostgreSQL logged", readFileSync(path.join(cluster.dir, "log")));
      await scan.tree(path.join(cluster.dir, "data"));
    }
    return { canaries: new Set(passwords).size, hits: [...new Set(scan.hits)], bytes: scan.bytes, samples: watched.samples, pages, places: ["log", "pages", "/proc", "data directory", ...(cluster ? ["pg_dump", "statement log", "cluster files"] : [])] };
  } finally { await jobs.close(); await core.destroy().catch(() => undefined); await host.destroy(); await cluster?.destroy(); }
};
const connection = (url: string) => { const u = new URL(url); return { PGHOST: u.hostname, PGPORT: u.port, PGUSER: u.username, PGDATABASE: u.pathname.slice(1), PGPASSWORD: decodeURIComponent(u.password) }; };
