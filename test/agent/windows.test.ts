/**
 * An agent on Windows, against a stand-in for powershell.exe and icacls.exe: what they are given, and what is made of their answers. Nothing here is
 * Windows: docs/agents.md says what was never run.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { confText } from "../../agent/conf.ts";
import { examine } from "../../agent/doctor.ts";
import { enroll } from "../../agent/install.ts";
import type { Platform } from "../../agent/platform.ts";
import { platformFor } from "../../agent/platforms.ts";
import { openState } from "../../agent/state.ts";
import { toolsOf } from "../../agent/tools.ts";
import { adminIn, changedIn, foundIn, listIn, loginIn, othersIn, readyIn } from "../../agent/windows/answers.ts";
import { windows } from "../../agent/windows/platform.ts";
import { SCRIPTS } from "../../agent/windows/scripts.ts";
import { taskText } from "../../agent/windows/service.ts";
import { systemClock, systemRandom } from "../../src/kernel/clock.ts";
import { windowsPrograms, type User } from "../lab/agent-machines.ts";
import { AGENT, agentOn, machineContract, soon } from "./machine-contract.ts";

const dirs: string[] = [];
afterAll(() => dirs.forEach((d) => rmSync(d, { recursive: true, force: true })));
const fresh = (...users: User[]) => {
  const dir = mkdtempSync(join(tmpdir(), "lockstep-windows-"));
  dirs.push(dir);
  const lab = windowsPrograms(dir, users);
  return { lab, platform: windows(lab.programs) };
};
const NAME = "Jörg O'Neil",
  OTHER = "svc$backup";
const two = () => ({ ...fresh({ name: NAME, password: `first of ${NAME}` }, { name: OTHER, password: `first of ${OTHER}` }), name: NAME, other: OTHER, asks: "powershell set" });

describe("on Windows", () => machineContract(two));

describe("a login proves", () => {
  const said = async (state: object, user: Partial<User> = {}, password = "right") => {
    const { lab, platform } = fresh({ name: NAME, password: "right", ...user }),
      a = agentOn(platform);
    lab.put(state);
    const r = await a.verify(NAME, password);
    a.end();
    return r;
  };
  it("a password or its wrongness, and nothing where Windows refuses for another reason, lets in a guest, or has no right for it", async () => {
    expect([await said({}), await said({}, {}, "wrong")]).toEqual([{ match: 0 }, "none"]);
    expect(await said({}, { locked: true })).toEqual({ unknown: expect.stringContaining("locked out") });
    expect(await said({}, { enabled: false })).toEqual({ unknown: expect.stringContaining("disabled") });
    expect(await said({ guestOnly: true }, {}, "wrong")).toEqual({ unknown: expect.stringContaining("a guest") });
    expect(await said({ noLogon: true })).toEqual({ unknown: expect.stringContaining("no right to log on") });
    expect(await said({ controller: true })).toEqual({ unknown: expect.stringContaining("domain controller") });
  });
});
describe("a change is refused", () => {
  it("in the machine's words, where it shows that nothing was set; a domain controller is left alone", async () => {
    const refused = async (state: object) => {
      const { lab, platform } = fresh({ name: NAME, password: "before" }),
        a = agentOn(platform);
      lab.put(state);
      const r = await a.change(a.order(NAME, "Short-1"));
      a.end();
      expect(lab.user(NAME).password).toBe("before");
      return r;
    };
    expect(await refused({ minLength: 20 })).toEqual({ refused: "the password does not meet the machine's rules (length, complexity or history)" });
    expect(await refused({ denied: true })).toEqual({ refused: "the right to do it is missing" });
    expect(await refused({ goes: "error and not set" })).toEqual({ refused: "System.Whatever (0x80131500)" });
    expect(await refused({ controller: true })).toEqual({ not_sent: "unreachable", why: expect.stringContaining("domain controller") });
  });
});
describe("accounts", () => {
  const day = (d: string): number => Date.parse(`${d}T10:00:00Z`);
  it("are listed with odd names, disabled, expired and never logged in; one alone, and without the group, too", async () => {
    const { lab, platform } = fresh(
      { name: "Administrator", password: "x", sid: "S-1-5-21-1-2-3-500", enabled: false },
      { name: "Jörg O'Neil & Söhne", password: "x", lastLogin: day("2026-01-02"), admin: true },
      { name: "svc$x", password: "x", expires: day("2020-05-06") },
      { name: "日本", password: "x", lastLogin: null },
    );
    const list = await platform.list(soon());
    expect(list.map((a) => [a.name, a.enabled, a.privileged, a.lastLogin, a.says, "keys" in a])).toEqual([
      ["Administrator", false, true, null, ["the built-in Administrator", "disabled"], false],
      ["Jörg O'Neil & Söhne", true, true, "2026-01-02T10:00:00.000Z", ["member of Administrators"], false],
      ["svc$x", false, false, null, ["expired on 2020-05-06"], false],
      ["日本", true, false, null, [], false],
    ]);
    lab.put({ noGroup: true });
    expect((await platform.list(soon())).map((a) => a.privileged)).toEqual([true, null, null, null]);
    expect((await fresh({ name: "one", password: "x" }).platform.list(soon())).map((a) => a.name)).toEqual(["one"]);
    lab.put({ goes: "half a list" });
    await expect(platform.list(soon())).rejects.toThrow("did not come whole");
    lab.put({ goes: "silent" });
    await expect(platform.list(soon())).rejects.toThrow("did not come whole");
  });
  it("logins and rules are refused by a sentence", async () => {
    const { platform } = two();
    expect([await platform.endLogins(NAME, soon()), await platform.rules(NAME, soon())]).toEqual([
      { unknown: "logins are not ended on a Windows machine: who is logged on stays so" },
      { unknown: "the rules of a Windows machine are not read by its agent" },
    ]);
  });
});
describe("the machine itself", () => {
  it("its rights, its accounts and its folder are looked at, each with what to do", async () => {
    const { lab, platform } = two(),
      dir = join(lab.dir, "state");
    expect([await platform.rights(-1, soon()), await platform.writable(soon()), await platform.closed!(dir, soon())]).toEqual([
      { says: "runs with an administrator's rights" },
      { says: expect.stringContaining("no password was set to try it") },
      { says: "its folder is not there yet" },
    ]);
    lab.put({ denied: true });
    expect(await platform.rights(0, soon())).toEqual({ wrong: expect.stringContaining("without an administrator's rights"), hint: expect.stringContaining("Run as administrator") });
    lab.put({ goes: "silent" });
    expect([await platform.rights(0, soon()), await platform.writable(soon())]).toEqual([
      { wrong: expect.stringContaining("PowerShell did not answer"), hint: expect.stringContaining("PowerShell 5.1") },
      { wrong: expect.stringContaining("PowerShell did not answer"), hint: expect.stringContaining("SamSs") },
    ]);
  });
  it("its folder is closed before the first key, and not used where it stays open", async () => {
    const { lab, platform } = two(),
      dir = join(lab.dir, "state");
    await platform.close!(dir, soon());
    expect(lab.runs()).toEqual([
      `icacls ${dir} /setowner *S-1-5-32-544 /T /Q`,
      `icacls ${dir} /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F /Q`,
      "powershell access",
    ]);
    lab.put({ aclSids: ["S-1-5-18", "S-1-5-32-545"] });
    await expect(platform.close!(dir, soon())).rejects.toThrow(/is open to S-1-5-32-545\. What to do: .*icacls/);
    expect(await platform.closed!(dir, soon())).toEqual({ wrong: expect.stringContaining("is open to S-1-5-32-545"), hint: expect.stringContaining("/inheritance:r") });
    lab.put({ aclSids: ["S-1-5-18"], icaclsFails: true });
    await expect(platform.close!(dir, soon())).rejects.toThrow(/could not be closed to others \(icacls ended with 5\)/);
    mkdirSync(dir, { recursive: true });
    expect(await platform.closed!(dir, soon())).toEqual({ says: "its folder is closed to others" });
  });
  it("the doctor names the first thing that is broken, and no token is written into a folder that is open", async () => {
    const { lab, platform } = two(),
      places = { conf: join(lab.dir, "agent.conf"), state: join(lab.dir, "state") },
      t = toolsOf({ places, platform, clock: systemClock, random: systemRandom, say: () => undefined, log: () => undefined, self: "" }),
      conf = { ServerName: "broker", UserName: "operator", BrokerKey: [`SHA256:${"a".repeat(43)}`] },
      now = systemClock.now().getTime();
    const first = async (state: object): Promise<string> => {
      lab.put({ denied: false, ...state });
      const standing = () => Promise.resolve({ state: "active" as const, owner: "operator", now, heardAt: now }),
        checks = await examine(t, { uid: -1, reach: () => Promise.resolve({ proven: "ssh-ed25519 AAAA" }), standing }, soon()),
        wrong = checks.find((c) => !c.ok);
      return wrong ? `${wrong.check}: ${wrong.says}` : `${checks.length} are well`;
    };
    lab.put({ icaclsFails: true });
    await expect(enroll(t, { conf, token: "lsa_secret" }, soon())).rejects.toThrow(/could not be closed to others/);
    expect([readdirSync(places.state), lab.log().includes("lsa_secret")]).toEqual([[], false]);
    writeFileSync(places.conf, confText(conf));
    openState(places.state).keepAgent(AGENT);
    expect(await first({})).toBe("11 are well");
    expect(await first({ denied: true })).toMatch(/^rights: it runs without an administrator's rights/);
    expect(await first({ aclSids: ["S-1-5-18", "S-1-1-0"] })).toMatch(/^rights: .*state, where its keys are, is open to S-1-1-0/);
    expect(await first({ aclSids: ["S-1-5-32-544"], controller: true })).toMatch(/^accounts: local accounts cannot be reached: this machine is a domain controller/);
  });
  it("its task starts as SYSTEM with the machine and has no end, whatever the paths hold", () => {
    const text = taskText("C:\\Program Files\\node & js\\node.exe", "C:\\a<b>\\x.mjs");
    for (const part of ["<UserId>S-1-5-18</UserId>", "<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>", "<BootTrigger>", "node &#38; js", '"C:\\a&#60;b&#62;\\x.mjs" run', "IgnoreNew"]) expect(text).toContain(part);
  });
  it("is chosen by what Node calls the system, and a strange one is refused", () => {
    const chosen: Platform["name"][] = (["linux", "darwin", "win32"] as const).map((s) => platformFor(s).name);
    expect(chosen).toEqual(["linux", "macos", "windows"]);
    for (const strange of ["freebsd", "constructor", ""]) expect(() => platformFor(strange)).toThrow(/knows Linux, Windows and macOS/);
  });
});
describe("scripts and answers", () => {
  const NOW = new Date("2026-06-01T00:00:00Z"),
    line = (o: unknown) => `lockstep json ${Buffer.from(JSON.stringify(o)).toString("base64")}\r\n`;
  /** As far as a date of .NET goes. */
  const date = fc.option(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }).map((ms) => `/Date(${ms})/`)),
    user = fc.record({ Name: fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), Enabled: fc.boolean(), Sid: fc.integer({ min: 1_000 }).map((n) => `S-1-5-21-1-2-3-${n}`), LastLogon: date, AccountExpires: date, PasswordExpires: date, PasswordRequired: fc.boolean() });
  it("whatever list PowerShell writes is read whole, and no beginning of it", () => {
    fc.assert(
      fc.property(fc.array(user, { minLength: 1, maxLength: 8 }), fc.constantFrom("list", "object", "one"), fc.double({ min: 0, max: 0.99, noNaN: true }), (users, how, part) => {
        const many = how === "object" ? { value: users, Count: users.length } : how === "one" && users.length === 1 ? users[0] : users,
          text = line({ users: many, admins: users[0]!.Sid, count: users.length }),
          read = listIn(text, NOW);
        expect(read).toMatchObject(users.map((u) => ({ name: u.Name, enabled: u.Enabled && (u.AccountExpires === null || Number(/-?\d+/.exec(u.AccountExpires)![0]) > NOW.getTime()) })));
        expect(listIn(text.slice(0, Math.floor((text.length - 2) * part)), NOW)).toHaveProperty("unknown");
        expect(listIn(line({ users: many, admins: [], count: users.length + 1 }), NOW)).toHaveProperty("unknown");
      }),
    );
  });
  it("a date that is none, or a user without a number, makes the list none", () => {
    const good = { Name: "a", Enabled: true, Sid: "S-1-5-21-1", LastLogon: null, AccountExpires: null, PasswordExpires: null, PasswordRequired: true };
    expect(listIn(line({ users: [good], admins: null, count: 1 }), NOW)).toMatchObject([{ name: "a" }]);
    for (const bad of [{ LastLogon: "2026-01-01" }, { LastLogon: "/Date(x)/" }, { AccountExpires: `/Date(${"9".repeat(16)})/` }, { Sid: "a" }, { Sid: undefined }, { Enabled: "True" }, { Name: "" }])
      expect([bad, listIn(line({ users: [{ ...good, ...bad }], admins: null, count: 1 }), NOW)]).toEqual([bad, { unknown: "the list of accounts did not come whole; nothing of it counts" }]);
  });
  it("no text that is not the very answer says yes, no or done", () => {
    const words = fc.constantFrom("lockstep ", "found", "set", "error 80070005 X", "before 1", "after 2", "after 1", "logon no 1326", "logon yes", "logon as S-1", "\r\n", "\n", "admin 1", "ready", "json ", "missing", "cut", " ");
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 80 }), fc.array(words, { maxLength: 14 }).map((w) => w.join(""))), (text) => {
        const lines = text.split(/\r?\n/).filter((l) => l.startsWith("lockstep ")).map((l) => l.slice(9).trim());
        const change = changedIn(text),
          login = loginIn(text);
        if (change === "done") expect([lines.includes("set"), lines.includes("before 1"), lines.includes("after 2")]).toEqual([true, true, true]);
        else if ("refused" in change) expect(lines.includes("missing") || (lines.includes("after 1") && lines.includes("before 1") && !lines.includes("set"))).toBe(true);
        if (login === "none") expect(lines.at(-1)).toBe("logon no 1326");
        if (typeof login === "object" && "match" in login) expect(lines.at(-1)).toBe("logon yes");
        if (adminIn(text) === true) expect(lines).toContain("admin 1");
        if (foundIn(text) === true) expect(lines).toContain("found");
        expect(readyIn(text)).toHaveProperty("unknown");
        if (!lines.includes("missing")) expect(othersIn(text)).toHaveProperty("unknown");
      }),
    );
  });
  it("no script holds a value or a line break, and each fits into a command line", () => {
    for (const [name, text] of Object.entries(SCRIPTS)) expect([name, /[\r\n]/.test(text), Buffer.from(text, "utf16le").toString("base64").length < 16_000]).toEqual([name, false, true]);
  });
});
