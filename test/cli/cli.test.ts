/** The command line as real processes against a real API: what it prints, where, and its exit code. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ended, lockstep, ROOT, type Done } from "./process.ts";
import { call, openWorld, type Name, type World } from "./world.ts";

const PORT = 22_820;
let w: World, home: string;
const tokens: Partial<Record<Name, string>> = {};
beforeAll(async () => {
  w = await openWorld(PORT);
  home = mkdtempSync(join(tmpdir(), "lockstep-cli-"));
  for (const name of ["requester", "approver", "operator", "auditor", "outsider"] as const) tokens[name] = await w.token(name);
}, 120_000);
afterAll(async () => { await w?.close(); rmSync(home, { recursive: true, force: true }); });

const cli = (as: Name | null, args: readonly string[], o: { env?: Record<string, string>; stdin?: string } = {}): Promise<Done> =>
  lockstep(args, { cwd: home, env: { ...(as ? { LOCKSTEP_URL: w.url, LOCKSTEP_TOKEN: tokens[as]! } : {}), ...o.env }, ...(o.stdin === undefined ? {} : { stdin: o.stdin }) });

describe("a life at the command line", () => {
  test("ask --wait, approve, release, give-back --wait", { timeout: 120_000 }, async () => {
    const asking = cli("requester", ["ask", "root@web-1", "--minutes", "20", "--reason", "disk \u001b[31mfull", "--wait"]);
    let id = "";
    await expect.poll(async () => {
      const listed = await cli("approver", ["requests", "list", "--waiting", "--json"]);
      id = (JSON.parse(listed.out) as { items: { id: string }[] }).items[0]?.id ?? "";
      return id;
    }, { timeout: 30_000 }).toMatch(/^req_/);
    const table = await cli("approver", ["requests", "list", "--waiting"]);
    expect(table.out).toMatch(/^REQUEST +STATE +ACCOUNT +WHO +MINUTES +TIME +REASON\n/);
    expect(table.out).toMatch(new RegExp(`${id}  pending  root@web-1  requester  20`));
    // A reason is somebody else's text: it must not colour an approver's terminal.
    expect(table.out).not.toContain("\u001b");
    expect(table.out).toContain("disk \ufffd[31mfull");
    expect(await cli("approver", ["approve", id, "--minutes", "15"])).toMatchObject({ code: 0, out: `${id} approved (1 of 1 votes)\n` });
    const asked = await asking;
    expect(asked.code).toBe(0);
    expect(asked.out).toContain(`${id} approved: 15 minutes of root@web-1`);
    expect(asked.err).toMatch(/0 of 1 votes; asked: approver/);
    const shown = await cli("requester", ["release", id]);
    expect(shown).toMatchObject({ code: 0, out: `${w.paper.get("root")!}\n` });
    expect(shown.err).toMatch(/root@web-1, yours until .*give-back/);
    const back = await cli("requester", ["give-back", id, "--wait"]);
    expect([back.code, back.out]).toEqual([0, "root@web-1 is given back, and is available.\n"]);
    expect(w.paper.get("root")).not.toBe(shown.out.trim());
  });

  test("passwd --wait, password-policies, violations; a password never in an argument or an answer", { timeout: 120_000 }, async () => {
    const good = "Vq7#mK2!vT9?bR4%nX6~", bad = await cli("operator", ["passwd", "root@web-1", "--password-stdin", "--wait"], { stdin: "Shorty-1\n" });
    expect([bad.code, bad.out]).toEqual([2, ""]);
    expect(bad.err).toMatch(/^lockstep: Unchanged: the password needs at least 20 characters/);
    expect(bad.err).not.toContain("Shorty-1");
    const done = await cli("operator", ["passwd", "root@web-1", "--password-stdin", "--wait"], { stdin: `${good}\n` });
    expect(done).toMatchObject({ code: 0, out: "root@web-1: the new password is in force and proven.\n" });
    expect([w.paper.get("root"), (done.out + done.err).includes(good)]).toEqual([good, false]);
    const file = join(home, "own.json"), shown = await cli("operator", ["password-policies", "show", "strong"]);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(shown.out) as object, length: 60 }));
    expect(await cli("operator", ["password-policies", "put", "own", file])).toMatchObject({ code: 0, out: "own saved. The next change of each account goes by it.\n" });
    expect((await cli("operator", ["password-policies", "bind", "root@web-1", "own"])).out).toBe("root@web-1 goes by own from its next change on.\n");
    expect((await cli("auditor", ["violations"])).out).toMatch(/root@web-1 +own \(account\) +at least 60 characters/);
    expect((await cli("operator", ["password-policies", "remove", "own"])).err).toContain("own is in use by 1 account.");
    expect((await cli("operator", ["password-policies", "bind", "root@web-1"])).code).toBe(0);
    expect((await cli("operator", ["rotations", "list", "--attention"])).out).toBe("No rotation yet.\n");
  });

  test("rotate --wait, verify, accounts, rotations, doctor", { timeout: 120_000 }, async () => {
    expect(await cli("operator", ["rotate", "root@web-1", "--reason", "by hand", "--wait"])).toMatchObject({ code: 0, out: "root@web-1: the new password is in force and proven.\n" });
    const [verified, accounts, show, doctor] = await Promise.all([
      cli("operator", ["verify", "root@web-1"]), cli("requester", ["accounts", "list"]), cli("requester", ["accounts", "show", "root@web-1", "--json"]), cli("auditor", ["doctor", "--remote"]),
    ]);
    expect(verified).toMatchObject({ code: 0, out: expect.stringMatching(/^in force \(by login\)/) });
    expect(accounts.out).toMatch(/root@web-1 +available .*root on web/);
    expect([show.code, show.err]).toEqual([0, ""]);
    expect((JSON.parse(show.out) as { name: string }).name).toBe("root@web-1");
    expect(doctor).toMatchObject({ code: 0, out: expect.stringMatching(/ok {3}Login.*auditor at[\s\S]*ok {3}Broker.*pglite/) });
  });

  test("targets add compares the fingerprint; accounts add takes a password by stdin", { timeout: 120_000 }, async () => {
    const at = ["--host", "127.0.0.1", "--platform", "paper", "--port", "22"];
    const wrong = await cli("operator", ["targets", "add", "web-9", ...at, "--fingerprint", "SHA256:wrong"]);
    expect([wrong.code, wrong.err]).toEqual([5, expect.stringMatching(/shows SHA256:.*, not SHA256:wrong. Nothing was added/)]);
    const blind = await cli("operator", ["targets", "add", "web-9", ...at]);
    expect([blind.code, blind.err]).toEqual([2, expect.stringMatching(/shows SHA256:[\s\S]*no terminal.*--fingerprint/)]);
    const right = /shows (SHA256:\S+),/.exec(wrong.err)![1]!;
    expect(await cli("operator", ["targets", "add", "web-9", ...at, "--fingerprint", right, "--tag", "a", "--tag", "b"])).toMatchObject({ code: 0, out: expect.stringMatching(/^web-9 added/) });
    const added = await cli("operator", ["accounts", "add", "deploy@web-9", "--password-stdin"], { stdin: "typed-by-hand-1\n" });
    expect([added.code, added.out]).toEqual([0, "deploy@web-9 added: unmanaged\n"]);
    expect(await cli("operator", ["targets", "set-admin", "web-9", "deploy"])).toMatchObject({ code: 0, out: "web-9: deploy@web-9 may change the others.\n" });
    expect(await cli("operator", ["targets", "test", "web-9"])).toMatchObject({ code: expect.any(Number) });
  });

  test("targets edit changes only what is named; another address is compared first and blocks; collections and groups by name", { timeout: 120_000 }, async () => {
    const target = async (): Promise<Record<string, unknown>> => (await call(w, tokens.operator!, "GET", "/targets/web-7")).body, edit = (...more: string[]) => cli("operator", ["targets", "edit", "web-7", ...more]);
    await call(w, tokens.operator!, "POST", "/targets", { name: "web-7", platform: "paper", host: "127.0.0.1", port: 22, tags: ["old"], settings: { hostKeys: [] } });
    await call(w, tokens.operator!, "POST", "/accounts", { target: "web-7", login: "app" });
    const before = await target();
    expect(await edit("--tag", "web", "--tag", "eu")).toMatchObject({ code: 0, out: "web-7: 127.0.0.1:22, tags web, eu.\n" });
    expect(await edit("--owner", "operator", "--no-tags", "--json")).toMatchObject({ code: 0, out: expect.stringContaining('"tags":[]') });
    expect((await target())["identityHash"], "neither moved it").toBe(before["identityHash"]);
    const [nothing, both, wrong] = await Promise.all([edit(), edit("--tag", "a", "--no-tags"), edit("--port", "23", "--fingerprint", "SHA256:wrong")]);
    expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining("Nothing to change: say --tag,")]);
    expect([both.code, both.err]).toEqual([2, expect.stringContaining("--tag and --no-tags together")]);
    expect([wrong.code, wrong.err]).toEqual([5, expect.stringMatching(/127\.0\.0\.1:23 shows SHA256:.*, not SHA256:wrong. Nothing was changed/)]);
    expect(await target()).toMatchObject({ port: 22, identityHash: before["identityHash"] });
    const right = /shows (SHA256:\S+),/.exec(wrong.err)![1]!;
    expect(await edit("--port", "23", "--fingerprint", right)).toMatchObject({ code: 0, out: expect.stringMatching(/^web-7: 127\.0\.0\.1:23, .*\nIt is another machine now: .*lockstep targets accept-identity web-7\n$/) });
    expect(await target()).toMatchObject({ port: 23, fingerprints: [right] });
    expect((await call(w, tokens.operator!, "GET", "/accounts/app@web-7")).body["block"]).toBe("identity_changed");
    expect(await cli("operator", ["collections", "add", "eu", "web-7", "app@web-7"])).toMatchObject({ code: 0, out: expect.stringMatching(/^eu: 2 members \(\w+_\w+\)\n$/) });
    expect(await cli("operator", ["collections", "show", "eu"])).toMatchObject({ code: 0, out: expect.stringMatching(/^EU\n(web-7\napp@web-7|app@web-7\nweb-7)\n$/) });
    expect(await cli("operator", ["collections", "set", "eu", "web-7", "--rename", "europe"])).toMatchObject({ code: 0, out: "europe: 1 members\n" });
    expect(await cli("operator", ["collections", "set", "europe", "--rename", "europa"]), "a rename alone").toMatchObject({ code: 0, out: "europa: 1 members\n" });
    expect((await cli("operator", ["collections", "show", "europa"])).out).toBe("EUROPA\nweb-7\n");
    for (const more of [[], ["--rename", "europe", "--none", "web-7"]]) expect(await cli("operator", ["collections", "set", "europa", ...more])).toMatchObject({ code: 2, err: expect.stringContaining("--none") });
    expect(await cli("operator", ["collections", "set", "europa", "--rename", "europe", "--none"])).toMatchObject({ code: 0, out: "europe: 0 members\n" });
    const gone = await cli("operator", ["collections", "remove", "eu"]), unknown = await cli("operator", ["collections", "set", "europe", "nobody-9"]);
    expect([gone.code, gone.err]).toEqual([4, expect.stringContaining('There is no group "eu".')]);
    expect([unknown.code, unknown.err]).toEqual([4, expect.stringContaining("No such target")]);
    expect(await cli("operator", ["collections", "remove", "europe"])).toMatchObject({ code: 0, out: "europe removed; its members stay.\n" });
    await cli("operator", ["groups", "add", "web-team", "requester", "approver"]);
    expect(await cli("operator", ["groups", "set", "web-team"]), "nothing named").toMatchObject({ code: 2, err: expect.stringContaining("say --none to empty it") });
    expect(await cli("operator", ["groups", "show", "web-team"])).toMatchObject({ code: 0, out: expect.stringMatching(/^WEB-TEAM +FULL NAME\n(requester|approver) +Seed/) });
  });

  test("targets accept-identity shows what it must show, or takes it as an argument, and names what was seen", { timeout: 120_000 }, async () => {
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9aXyQyYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi", hostKeys = [key];
    const made = await call(w, tokens.operator!, "POST", "/targets", { name: "web-8", platform: "paper", host: "127.0.0.1", port: 22, settings: { hostKeys: [] } }), account = await call(w, tokens.operator!, "POST", "/accounts", { target: "web-8", login: "app" });
    const edited = await call(w, tokens.operator!, "PATCH", "/targets/web-8", { settings: { hostKeys } }), accept = (...more: string[]) => cli("operator", ["targets", "accept-identity", "web-8", ...more]);
    expect([made.status, account.status, edited.status, edited.body["identityHash"] === made.body["identityHash"]]).toEqual([201, 201, 200, false]);
    const blind = await accept(), wrong = await accept("--fingerprint", "SHA256:wrong"), fingerprint = (edited.body["fingerprints"] as string[])[0]!;
    expect([blind.code, blind.err]).toEqual([2, expect.stringContaining(`web-8 is 127.0.0.1:22 and must show ${fingerprint}.\nCompare it`)]);
    expect(blind.err).toMatch(/no terminal.*--fingerprint/);
    expect([wrong.code, wrong.err]).toEqual([5, expect.stringMatching(/must show SHA256:\S+, not SHA256:wrong\. Nothing was accepted/)]);
    expect((await call(w, tokens.operator!, "GET", "/accounts/app@web-8")).body["block"]).toBe("identity_changed");
    const stale = await call(w, tokens.operator!, "POST", "/targets/web-8/accept-identity", { identityHash: made.body["identityHash"] as string });
    expect([stale.status, stale.body["detail"]]).toEqual([409, expect.stringMatching(/^This target's identity is not the one you looked at/)]);
    expect(await accept("--fingerprint", fingerprint)).toMatchObject({ code: 0, out: `web-8: 127.0.0.1:22 with ${fingerprint} accepted.\n` });
    expect((await call(w, tokens.operator!, "GET", "/accounts/app@web-8")).body["block"]).toBe("none");
  });

  test("audit: list, export, and the chain checked offline", { timeout: 120_000 }, async () => {
    const file = join(home, "audit.jsonl");
    expect(await cli("auditor", ["audit", "export", "-o", file])).toMatchObject({ code: 0, err: expect.stringMatching(/audit verify/) });
    expect(statSync(file).mode & 0o077).toBe(0);
    const good = await cli(null, ["audit", "verify", file]);
    expect(good).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+ events, 0 to \d+: the chain holds/) });
    const lines = readFileSync(file, "utf8").trim().split("\n"), edited = join(home, "edited.jsonl"), short = join(home, "short.jsonl");
    writeFileSync(edited, lines.map((l, i) => (i === 3 ? l.replace('"outcome":"ok"', '"outcome":"no"') : l)).join("\n"));
    writeFileSync(short, lines.filter((_, i) => i !== 2).join("\n"));
    const [changed, gap, again] = await Promise.all([cli(null, ["audit", "verify", edited]), cli(null, ["audit", "verify", short]), cli("auditor", ["audit", "export", "-o", file])]);
    expect([changed!.code, changed!.err]).toEqual([5, expect.stringMatching(/line 4: its content does not match its hash/)]);
    expect([gap!.code, gap!.err]).toEqual([5, expect.stringMatching(/line 3: the events 2 to 2 are missing/)]);
    expect([again!.code, again!.err]).toEqual([5, expect.stringMatching(/not written/)]);
    expect((await cli("auditor", ["audit", "list", "--what", "password.released"])).out).toMatch(/password\.released +requester +ok/);
  });
});

describe("exit codes and sentences", () => {
  const cases: readonly (readonly [what: string, as: Name | null, args: readonly string[], code: number, says: RegExp])[] = [
    ["invalid: not a number", "requester", ["ask", "root@web-1", "--minutes", "many"], 2, /--minutes is a whole number/],
    ["invalid: a term of the policy", "requester", ["ask", "root@web-1", "--minutes", "600", "--reason", "long"], 2, /at most 60 minutes/],
    ["invalid: an unknown option", "requester", ["ask", "root@web-1", "--minutes", "5", "--hours", "2"], 2, /unknown option[\s\S]*see --help/],
    ["forbidden: another role's", "requester", ["audit", "list"], 3, /^lockstep: The audit log is for auditors and admins\.\n$/],
    ["not found: unknown or not allowed", "outsider", ["ask", "root@web-1", "--minutes", "5", "--reason", "try"], 4, /no such account, or no policy/],
    ["conflict: nobody may approve", "approver", ["ask", "root@web-1", "--minutes", "5", "--reason", "mine"], 5, /Nobody who may approve/],
    ["unauthenticated: no login", null, ["me", "--url", `http://127.0.0.1:${PORT}`], 7, /not logged in at[\s\S]*lockstep login/],
    ["unavailable: nothing answers", "requester", ["me", "--url", "http://127.0.0.1:22821"], 9, /nothing answers there[\s\S]*LOCKSTEP_URL/],
    ["invalid: a token in the clear", "requester", ["me", "--url", "http://broker.example"], 2, /plain HTTP on another machine/],
    ["invalid: settings, all mistakes at once", null, ["config", "check"], 2, /LOCKSTEP_WORKER is not a setting.*did you mean LOCKSTEP_WORKERS[\s\S]*LOCKSTEP_LISTEN/],
  ];
  test.concurrent.each(cases)("%s", { timeout: 120_000 }, async (_, as, args, code, says) => {
    const done = await cli(as, args, args[0] === "config" ? { env: { LOCKSTEP_LISTEN: "here", LOCKSTEP_WORKER: "2" } } : {});
    expect([done.code, done.out, done.err]).toEqual([code, "", expect.stringMatching(says)]);
  });
  test("a denial ends the waiting with 3", { timeout: 120_000 }, async () => {
    const asking = cli("requester", ["ask", "root@web-1", "--minutes", "5", "--reason", "to be denied", "--wait"]);
    let id = "";
    await expect.poll(async () => { id = (JSON.parse((await cli("approver", ["requests", "list", "--waiting", "--json"])).out) as { items: { id: string }[] }).items[0]?.id ?? ""; return id; }, { timeout: 30_000 }).toMatch(/^req_/);
    expect(await cli("approver", ["deny", id, "--reason", "not today"])).toMatchObject({ code: 0, out: expect.stringMatching(/denied/) });
    expect(await asking).toMatchObject({ code: 3, err: expect.stringMatching(/Denied by approver: not today/) });
  });
});

describe("logins", () => {
  test("kept in a file of mode 600, for its own address alone, and forgotten", { timeout: 120_000 }, async () => {
    const env = { XDG_CONFIG_HOME: join(home, "config") }, file = join(home, "config/lockstep/logins.json");
    const bad = await cli(null, ["login", "--url", w.url, "--token-stdin"], { env, stdin: "lst_not-a-token-at-all\n" });
    expect([bad.code, existsSync(file)]).toEqual([7, false]);
    const kept = await cli(null, ["login", "--url", w.url, "--token-stdin"], { env, stdin: `${tokens.requester!}\n` });
    expect([kept.code, kept.out]).toEqual([0, expect.stringMatching(/as requester \(user\)/)]);
    expect(kept.out + kept.err).not.toContain(tokens.requester);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await cli(null, ["me"], { env })).toMatchObject({ code: 0, out: expect.stringMatching(/^requester/) });
    expect(await cli(null, ["me", "--url", "http://127.0.0.1:22821"], { env })).toMatchObject({ code: 7, err: expect.stringMatching(/not logged in at http:\/\/127.0.0.1:22821/) });
    chmodSync(file, 0o644);
    expect(await cli(null, ["me"], { env })).toMatchObject({ code: 2, err: expect.stringMatching(/may be read by others. Run: chmod 600/) });
    chmodSync(file, 0o600);
    expect(await cli(null, ["logout", "--url", w.url], { env })).toMatchObject({ code: 0 });
    expect(await cli(null, ["me", "--url", w.url], { env })).toMatchObject({ code: 7 });
  });
  test("a token made here works, and a read-only one does not ask", { timeout: 120_000 }, async () => {
    const made = await cli("requester", ["token", "make", "reader", "--days", "2", "--read-only"]);
    expect([made.code, made.out]).toEqual([0, expect.stringMatching(/^lst_\S+\n$/)]);
    const env = { LOCKSTEP_URL: w.url, LOCKSTEP_TOKEN: made.out.trim() };
    expect(await cli(null, ["ask", "root@web-1", "--minutes", "5", "--reason", "try"], { env })).toMatchObject({ code: 3, err: expect.stringMatching(/may only read/) });
  });
});

describe("the launcher", () => {
  test("bin/lockstep starts the program", { timeout: 120_000 }, async () => {
    const help = await ended(join(ROOT, "bin/lockstep"), ["--help"], { cwd: home, env: { PATH: `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"]!}` } });
    expect([help.code, help.out]).toEqual([0, expect.stringMatching(/Usage: lockstep \[options\] \[command\]/)]);
  });
});
