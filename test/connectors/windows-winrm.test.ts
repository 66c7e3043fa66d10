/** The connector for Windows over WinRM, against a stand-in of our own: framing, logins, answers. What Windows itself does is not shown here, and the docs say so. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { settled, type Answer } from "../../src/connectors/connector.ts";
import { windowsWinrm } from "../../src/connectors/windows-winrm.ts";
import { changed, isAdmin, listIn, lockIn, SCRIPTS } from "../../src/connectors/windows-script.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { winrmServer, type WinrmServer } from "../lab/winrm.ts";
import { atServer, contract, fresh, type Named } from "./contract.ts";
import { ADMINISTRATOR, local, world } from "./windows-world.ts";

let server: WinrmServer;
beforeAll(async () => {
  server = await winrmServer();
  server.machine.add(ADMINISTRATOR.name, ADMINISTRATOR.password, "Administrators");
});
afterAll(() => server?.destroy());

describe("by NTLMv2", () => { contract("windows-winrm, ntlm", () => world(() => server, "ntlm"), { blind: true, chatty: true, lists: true }); });
describe("by Basic", () => { contract("windows-winrm, basic", () => world(() => server, "basic"), { blind: true, chatty: true, lists: true }); });

const at = () => world(() => server, "ntlm"), c = windowsWinrm(systemRandom), { change, probe, link, soon, as } = atServer(c, { address: () => at().address(), config: () => at().config(), as: () => ADMINISTRATOR });
const settle = async (who: { name: string }, password: string): Promise<Answer> => {
  const said = await probe(who, password);
  return typeof said === "object" && said.refused ? settled(await c.lockedOut!(at().config(), link(), who, as(ADMINISTRATOR), soon())) : said;
};

describe("names and passwords", () => {
  test("law: hostile names and passwords arrive as they are, and change nobody but the account named", async () => {
    const who = local(server, "o'brien $(x)"), before = server.machine.everybody().filter((l) => !l.startsWith(who.name)), evil = fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.constantFrom("Administrator\0", "../x", "WinNT://x", "a,user", "*", "-x", "$env:X", "'", "`"));
    let done = 0, last = who.password;
    await fc.assert(fc.asyncProperty(fc.oneof({ weight: 1, arbitrary: fc.constant(who.name) }, { weight: 4, arbitrary: evil }), fc.oneof(evil, fc.string({ unit: "binary", minLength: 8, maxLength: 40 })), async (name, password) => {
      const r = await change({ name }, password);
      if (r === "done") { done += 1; last = password; expect(name.toLowerCase()).toBe(who.name); } else expect(r).toHaveProperty("refused");
    }), { numRuns: 120 });
    expect([done > 1, server.machine.find(who.name)!.password, server.machine.everybody().filter((l) => !l.startsWith(who.name))]).toEqual([true, last, before]);
    expect(await probe(who, last)).toBe("yes");
  });
  test("no script holds a value, a double quote or a line break, and all fit into a command line", () => {
    for (const text of Object.values(SCRIPTS)) expect([/["\r\n]/.test(text), Buffer.from(text, "utf16le").toString("base64").length < 8_000]).toEqual([false, true]);
  });
});

describe("what a login proves", () => {
  test("a refusal is in doubt until the administrator has seen that nothing else is in the way", async () => {
    const who = local(server), other = local(server, "powerless", "Users"), off = local(server);
    expect([await probe(who, "Wrong-1-wrong"), await settle(who, "Wrong-1-wrong"), await settle(who, who.password)]).toEqual([{ unknown: expect.stringContaining("only an administrator"), refused: true }, "no", "yes"]);
    server.machine.find(off.name)!.disabled = true;
    expect(await settle(off, off.password)).toEqual({ unknown: expect.stringContaining("(disabled)") });
    expect(await settle(other, other.password)).toEqual({ unknown: expect.stringContaining("may run nothing over WinRM") });
    expect(await settle(other, "Wrong-1-wrong")).toEqual({ unknown: expect.stringContaining("Remote Management Users") });
    server.machine.lockAfter = 1;
    await probe(who, "Wrong-2-wrong");
    expect(await settle(who, who.password)).toEqual({ unknown: expect.stringContaining("locked out") });
    server.machine.lockAfter = 0;
    expect(await c.lockedOut!(at().config(), link(), who, as({ ...ADMINISTRATOR, password: "Wrong-3" }), soon())).toMatchObject({ asRefused: true });
  });
  test("an administrator changes itself; one who is none changes nobody; a domain controller is left alone", async () => {
    const weak = local(server), boss: Named = local(server, "boss", "Administrators"), to = fresh(), own = (password: string, next: string) => c.change(at().config(), link(), boss, { to: Secret.of(next), from: Secret.of(password), as: as({ ...boss, password }) }, soon());
    expect([await own(boss.password, to), await probe(boss, to), await change(weak, fresh(), weak)]).toEqual(["done", "yes", { refused: expect.stringContaining("right to do it is missing") }]);
    server.machine.controller = true;
    expect([await change(weak, fresh()), await c.test!(at().config(), link(), as(ADMINISTRATOR), soon())]).toEqual([{ refused: expect.stringContaining("domain controller") }, { ok: false, stage: "right", why: expect.stringContaining("domain controller") }]);
    server.machine.controller = false;
  });
});

describe("answers", () => {
  test("the error table is by HRESULT: what is not known refuses nothing", () => {
    const said = (text: string) => changed(`#< CLIXML\r\nnoise\r\n${text}`), e = (code: string) => said(`lockstep found\r\nlockstep error ${code} System.X\r\n`);
    expect([e("800708c5"), e("80070005"), e("800708ad"), e("80070775"), e("deadbeef")].map((r) => Object.keys(r)[0])).toEqual(["refused", "refused", "refused", "unknown", "unknown"]);
    expect([said("lockstep found\r\nlockstep done\r\n"), said("lockstep done"), said("lockstep found"), said("lockstep cut"), said("")]).toEqual(["done", "done", ...Array.from({ length: 3 }, () => ({ unknown: expect.any(String) }))]);
  });
  test("what was said is read whole or not at all", () => {
    const one = `lockstep account ${Buffer.from("a b").toString("base64")} 514 1 1 2026-01-02T03:04:05\r\n`;
    expect(listIn(`${one}lockstep accounts 1\r\n`)).toEqual([{ name: "a b", enabled: false, privileged: true, lastLogin: "2026-01-02T03:04:05Z", says: ["member of Administrators", "disabled", "locked out"] }]);
    for (const text of [one, `${one}lockstep accounts 2\r\n`, "lockstep accounts x\r\n", "", "lockstep account ? 1 1 1 -\r\nlockstep accounts 1"]) expect(listIn(text)).toHaveProperty("unknown");
    expect([lockIn("lockstep look 512 0 1", true), lockIn("lockstep look 512 0 0", false), isAdmin("lockstep admin 1")]).toEqual(["open", "open", true]);
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => { if (!/admin 1/.test(text)) { expect(changed(text)).not.toBe("done"); expect(isAdmin(text)).not.toBe(true); expect(lockIn(text, true)).not.toBe("open"); } }));
  });
  test("it is found by its certificate, and by nothing else", async () => {
    expect(await c.identity!(link(), soon())).toBe(server.fingerprint);
    expect([c.pin!(server.fingerprint)?.settings, c.pin!("plain"), c.pin!("AB")]).toEqual([{ certificates: [server.fingerprint] }, undefined, undefined]);
  });
});
