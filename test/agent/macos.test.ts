/**
 * An agent on a Mac, against stand-ins for dscl and passwd that read a password as Apple's published sources do. Nothing here is macOS:
 * docs/agents.md says what was never run.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { osName } from "../../agent/macos/accounts.ts";
import { columnIn, namesIn, valuesIn } from "../../agent/macos/directory.ts";
import { macos } from "../../agent/macos/platform.ts";
import { openOnTheWay, plistText } from "../../agent/macos/service.ts";
import { macPrograms, type User } from "../lab/agent-machines.ts";
import { agentOn, machineContract, soon } from "./machine-contract.ts";

const dirs: string[] = [];
afterAll(() => dirs.forEach((d) => rmSync(d, { recursive: true, force: true })));
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), "lockstep-mac-"));
  dirs.push(dir);
  return dir;
};
const fresh = (...users: User[]) => {
  const lab = macPrograms(folder(), users);
  return { lab, platform: macos(lab.programs) };
};
const NAME = "anna.b",
  OTHER = "svc-backup";
const two = () => ({ ...fresh({ name: NAME, password: `first of ${NAME}` }, { name: OTHER, password: `first of ${OTHER}` }), name: NAME, other: OTHER, asks: "passwd" });

describe("on a Mac", () => machineContract(two));

const said = async (what: "verify" | "change", state: object, user: Partial<User> = {}, password = "Right-1") => {
  const { lab, platform } = fresh({ name: NAME, password: "Right-1", ...user }),
    a = agentOn(platform);
  lab.put(state);
  const r = what === "verify" ? await a.verify(NAME, password) : await a.change(a.order(NAME, password));
  a.end();
  return [r, lab.user(NAME).password] as const;
};
describe("a login proves", () => {
  it("a password or its wrongness, and nothing where the directory says something else or ends with an error that looks like none", async () => {
    expect([await said("verify", {}), await said("verify", {}, {}, "wrong")]).toEqual([[{ match: 0 }, "Right-1"], ["none", "Right-1"]]);
    expect((await said("verify", {}, { locked: true }))[0]).toEqual({ unknown: expect.stringContaining("eDSAuthAccountTemporarilyLocked") });
    expect((await said("verify", {}, { enabled: false }))[0]).toEqual({ unknown: "the account is disabled, so a login proves nothing" });
    expect((await said("verify", { goes: "error that ends with 0" }))[0]).toEqual({ unknown: "the machine's directory did not answer" });
    expect((await said("verify", {}, {}, "x".repeat(129)))[0]).toEqual({ unknown: "a password has at most 128 bytes here" });
  });
});
describe("a change is refused", () => {
  it("for an account with a secure token, by passwd's own no without the password in it, and for what getpass would cut", async () => {
    expect(await said("change", {}, { token: true }, "New-1")).toEqual([{ refused: expect.stringMatching(/^the account has a secure token/) }, "Right-1"]);
    expect(await said("change", { minLength: 20 }, {}, "New-1")).toEqual([{ refused: expect.stringContaining("does not meet policy: [secret]") }, "Right-1"]);
    expect(await said("change", {}, {}, "ö".repeat(65))).toEqual([{ refused: "a password has at most 128 bytes here" }, "Right-1"]);
    expect(await said("change", {}, {}, "ö".repeat(64))).toEqual(["done", "ö".repeat(64)]);
  });
  it("of what came about in spite of an error the new password itself is the judge", async () => {
    expect(await said("change", { goes: "set and an error" }, {}, "New-1")).toEqual(["done", "New-1"]);
    expect(await said("change", { goes: "cut after it was set" }, {}, "New-1")).toEqual(["done", "New-1"]);
    expect(await said("change", { goes: "no error and not set" }, {}, "New-1")).toEqual([{ unknown: expect.stringContaining("does not open") }, "Right-1"]);
  });
});
describe("accounts", () => {
  it("are listed with their rights, shells, keys and state; a list of a part is none", async () => {
    const dir = folder(),
      home = join(dir, "home");
    mkdirSync(join(home, ".ssh"), { recursive: true });
    writeFileSync(join(home, ".ssh", "authorized_keys"), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9aXyQyYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi somebody\n");
    const { lab, platform } = fresh(
      { name: "root", password: "x", uid: 0, shell: "/bin/sh", home: "/nonexistent", enabled: false },
      { name: "_www", password: "", uid: 70, shell: "/usr/bin/false", home: "/nonexistent" },
      { name: "anna.b", password: "x", admin: true, home },
      { name: "anna.b extra", password: "x", home: "/nonexistent" },
    );
    // What sudo lets whom do is this machine's own.
    const says = (a: { says: readonly string[] }) => a.says.filter((s) => s !== "sudoers");
    expect((await platform.list(soon())).map((a) => [a.name, a.enabled, a.privileged, says(a), a.keys?.length])).toEqual([
      ["root", false, true, ["user id 0", "group admin", "disabled"], 0],
      ["_www", false, false, ["no login shell", "no password (a key may let in)", "system account"], 0],
      ["anna.b", true, true, ["group admin", "1 SSH key"], 1],
      ["anna.b extra", true, false, [], 0],
    ]);
    for (const goes of ["half a list", "silent", "error that ends with 0"] as const) {
      lab.put({ goes });
      await expect(platform.list(soon())).rejects.toThrow("did not come whole");
    }
    await expect(fresh({ name: "anna.b", password: "x" }).platform.list(soon())).rejects.toThrow("did not come whole");
  });
  it("logins and rules are refused by a sentence, and the directory is looked at without setting anything", async () => {
    const { lab, platform } = two();
    expect([await platform.endLogins(NAME, soon()), await platform.rules(NAME, soon())]).toEqual([
      { unknown: "logins are not ended on a Mac: who is logged on stays so" },
      { unknown: "the rules of a Mac are not read by its agent" },
    ]);
    expect(await platform.writable(soon())).toEqual({ wrong: expect.stringContaining("does not answer"), hint: expect.stringContaining("opendirectoryd") });
    expect(await fresh({ name: "root", password: "x", uid: 0 }).platform.writable(soon())).toEqual({ says: expect.stringContaining("no password was set to try it") });
    expect([await platform.rights(0, soon()), await platform.rights(501, soon())]).toEqual([
      { says: "runs as root" },
      { wrong: expect.stringContaining("does not run as root"), hint: expect.stringContaining("sudo lockstep-agent doctor") },
    ]);
    expect(lab.runs().some((r) => r.startsWith("passwd"))).toBe(false);
  });
});
describe("what dscl prints", () => {
  const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_. -]{0,12}[a-zA-Z0-9]$/),
    value = fc.stringMatching(/^[A-Za-z0-9;\/<]([A-Za-z0-9 ;\/<]{0,20}[A-Za-z0-9;\/<])?$/);
  it("columns and values are read as they were, also of names that begin alike and hold blanks", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([n]) => n, minLength: 1, maxLength: 8 }), (rows) => {
        // A name that another one goes on with a blank cannot be told from it with a value; such are not made here, and are no account's on a Mac.
        fc.pre(!rows.some(([a]) => rows.some(([b]) => b.startsWith(`${a} `))));
        const wide = Math.max(...rows.map(([n]) => n.length)) + 1,
          text = rows.map(([n, v]) => `${n.padEnd(wide)} ${v}\n`).join("");
        expect([...columnIn(text, rows.map(([n]) => n))]).toEqual(rows);
        expect(namesIn(rows.map(([n]) => `${n}\n`).join(""))).toEqual(rows.map(([n]) => n));
      }),
    );
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => Array.isArray(valuesIn(text, "Key")) && columnIn(text, ["a"]).size <= 1));
    expect([valuesIn("Key: a b\n", "Key"), valuesIn("Key:\n a b\n c\n", "Key"), valuesIn("No such key: Key\n", "Key"), valuesIn("KeyOther: a\n", "Key")]).toEqual([["a", "b"], ["a b", "c"], [], []]);
  });
});
describe("the machine itself", () => {
  it("its daemon starts as root with the machine and comes back, whatever the paths hold", () => {
    const text = plistText("/opt/a & b/node", "/x/<y>.mjs");
    for (const part of ["<string>/opt/a &#38; b/node</string><string>/x/&#60;y&#62;.mjs</string><string>run</string>", "<key>KeepAlive</key><true/>", "<key>RunAtLoad</key><true/>"]) expect(text).toContain(part);
  });
  it("a program that others than root may change is found on the way to it", () => {
    const dir = folder(),
      file = join(dir, "node");
    writeFileSync(file, "");
    chmodSync(file, 0o777);
    expect(openOnTheWay(file)).toBe(file);
    expect(openOnTheWay("/")).toBeUndefined();
  });
  it("its version is read of its own file, and is not made up", () => {
    const file = join(folder(), "SystemVersion.plist");
    writeFileSync(file, "<plist><dict>\n\t<key>ProductVersion</key>\n\t<string>15.5</string>\n</dict></plist>");
    expect([osName(file), osName("/nonexistent")]).toEqual(["macOS 15.5", "macOS"]);
  });
});
