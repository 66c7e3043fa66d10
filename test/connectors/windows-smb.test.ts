/** The connector for local Windows accounts over SMB, against a real Samba that takes signed and encrypted SMB 3 with NTLMv2 alone. */
import fc from "fast-check";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { settled, type Answer } from "../../src/connectors/connector.ts";
import { windowsSmb } from "../../src/connectors/windows-smb.ts";
import { afterSend, atProbe, notSent } from "../../src/connectors/windows-smb/answers.ts";
import { naming } from "../../src/connectors/windows-smb/settings.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { SamrFailure } from "../../src/wires/samr.ts";
import { sambaServer, type SambaServer } from "../lab/samba.ts";
import { contract, fresh, type Named } from "./contract.ts";
import { fits, local, world } from "./windows-smb-world.ts";

let server: SambaServer, root: Named;
beforeAll(async () => {
  server = await sambaServer();
  root = { name: "root", password: server.administrator };
});
afterAll(async () => { await server?.destroy(); });

describe("as an administrator", () => { contract("windows-smb", () => world(() => server), { blind: true, chatty: true, faceless: true, lists: true }); });

const c = windowsSmb(), config = { machine: "" }, soon = () => AbortSignal.timeout(20_000), link = (port = server.port) => directLink({ host: "127.0.0.1", port }), as = (who: Named) => ({ name: who.name, secret: Secret.of(who.password) });
const change = (name: string, to: string, by: Named = root, through = link()) => c.change(config, through, { name }, { to: Secret.of(to), as: as(by) }, soon());
const own = (who: Named, to: string) => c.change(config, link(), who, { from: Secret.of(who.password), to: Secret.of(to) }, soon());
const asked = (name: string, password: string): Promise<Answer> => c.probe(config, link(), { name }, Secret.of(password), soon());
const probe = async (name: string, password: string): Promise<Answer> => {
  const said = await asked(name, password);
  return typeof said === "object" && said.refused ? settled(await c.lockedOut!(config, link(), { name }, as(root), soon())) : said;
};
const others = async (but: string) => (await server.everybody()).filter((l) => !l.startsWith(`${but}:`));

describe("names and passwords", () => {
  test("law: a name that reads as somebody's number means the account of that name", async () => {
    const who = await local(server, "1000abc"), before = await others("1000abc"), to = fresh();
    expect((await server.everybody()).find((l) => l.startsWith("root:")), "root is number 1000").toBeDefined();
    expect(await change("1000abc", to)).toBe("done");
    expect([await fits(server, "1000abc", to), await probe("1000abc", to), await probe("1000abc", who.password), await others("1000abc")]).toEqual([true, "yes", "no", before]);
    for (const name of ["1000", "0x3e8", "1000;x", "S-1-5-21-1"]) expect(await change(name, fresh()), name).toHaveProperty("refused");
    expect(await others("1000abc")).toEqual(before);
  });
  test("law: hostile names and passwords change nobody but the account named", async () => {
    const who = await local(server), before = await others(who.name), evil = fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.constantFrom("0x3e8", "1000", "a\nquit", "", "\0", "*", "None", "root%x", ".\\root", "-U", "\\root"));
    let done = 0, last = who.password;
    await fc.assert(fc.asyncProperty(fc.oneof({ weight: 1, arbitrary: fc.constant(who.name) }, { weight: 6, arbitrary: evil }), fc.oneof(evil, fc.string({ unit: "binary", minLength: 1, maxLength: 40 })), async (name, password) => {
      const r = await change(name, password);
      if (r === "done") { done++; expect(name.toLowerCase()).toBe(who.name); last = password; } else expect(r).toHaveProperty("refused");
    }), { numRuns: 80 });
    expect([done > 1, await fits(server, who.name, last)]).toEqual([true, true]);
    expect(await others(who.name)).toEqual(before);
  }, 240_000);
  test("what fits is a local account's name", () => {
    for (const name of ["svc", "Administrator", "a b", "o'brien", "x".repeat(20), "сервис", "dollar$"]) expect(naming.fits(name), name).toBe(true);
    for (const name of ["", " a", "x".repeat(21), "a\\b", "a/b", "a@b", "a%b", "a:b", "a*", "...", "a.", "a\u200bb", "a\nb"]) expect(naming.fits(name), name).toBe(false);
  });
});

describe("who changes whom", () => {
  test("an account changes itself with its present password, under the machine's rules", async () => {
    const who = await local(server), to = fresh();
    expect([await own(who, "abc"), await fits(server, who.name, who.password)]).toEqual([{ refused: expect.stringContaining("does not meet the machine's rules") }, true]);
    expect([await own(who, to), await fits(server, who.name, to), await own(who, fresh())]).toEqual(["done", true, { not_sent: "auth_of_as", why: expect.stringContaining("wrong password") }]);
  });
  test("one who is no administrator is told so by the machine, and nothing changes", async () => {
    const who = await local(server), weak = await local(server), before = await server.everybody();
    expect(await change(who.name, fresh(), weak)).toEqual({ refused: expect.stringContaining("the right to do it is missing") });
    expect(await server.everybody()).toEqual(before);
  });
});

describe("what a login proves", () => {
  test("a refusal is in doubt until an administrator, over a connection the server has proven itself on, says that nothing else is in the way", async () => {
    const who = await local(server);
    expect(await asked(who.name, "Wrong-1-wrong")).toEqual({ unknown: expect.stringContaining("SMB does not show by whom"), refused: true });
    expect(await probe(who.name, "Wrong-1-wrong")).toBe("no");
    await server.box.exec(`smbpasswd -d ${who.name}`);
    expect(await probe(who.name, "Wrong-1-wrong")).toEqual({ unknown: expect.stringContaining("(disabled)") });
    expect(await probe(who.name, who.password)).toEqual({ unknown: expect.stringContaining("the account is disabled") });
    expect(await c.lockedOut!(config, link(), who, as({ ...root, password: "Wrong-2-wrong" }), soon())).toMatchObject({ asRefused: true });
  });
  test("locked out after wrong passwords: unknown, whatever is sent", async () => {
    const who = await local(server);
    for (let i = 0; i < 4; i++) await asked(who.name, "Wrong-1-wrong");
    for (const p of [who.password, "Wrong-1-wrong"]) expect(await probe(who.name, p)).toEqual({ unknown: expect.stringContaining("locked out") });
  });
  test("the error table: what is not known refuses nothing and proves nothing", () => {
    const f = (kind: "unreachable" | "refused" | "closed", status?: string) => new SamrFailure(kind, status ?? "cut", status);
    expect([afterSend("NT_STATUS_PASSWORD_RESTRICTION"), afterSend("NT_STATUS_NONE_MAPPED"), afterSend("NT_STATUS_IO_TIMEOUT"), afterSend("NT_STATUS_NEW_THING")])
      .toEqual([{ refused: expect.any(String) }, { refused: expect.any(String) }, { unknown: expect.any(String) }, { unknown: "NT_STATUS_NEW_THING" }]);
    expect([notSent(f("refused", "NT_STATUS_LOGON_FAILURE")).not_sent, notSent(f("unreachable", "NT_STATUS_IO_TIMEOUT")).not_sent, notSent(f("closed")).not_sent, notSent(new Error("x")).not_sent]).toEqual(["auth_of_as", "unreachable", "unreachable", "unreachable"]);
    for (const e of [f("closed", "NT_STATUS_LOGON_FAILURE"), f("refused", "NT_STATUS_ACCOUNT_LOCKED_OUT"), f("refused", "NT_STATUS_PASSWORD_MUST_CHANGE"), new Error("x")]) expect(atProbe(e)).toEqual({ unknown: expect.any(String) });
  });
});

describe("the machine's side", () => {
  test("discovery: everybody with flags; what it is pinned by is said to be nothing; no file of ours is left", async () => {
    const who = await local(server), off = await local(server);
    await server.box.exec(`smbpasswd -d ${off.name}`);
    const found = await c.discover!(config, link(), as(root), soon());
    if ("unknown" in found) throw new Error(found.unknown);
    expect([who.name, off.name, "root"].map((n) => found.find((f) => f.name === n))).toEqual([
      { name: who.name, enabled: true, privileged: false, lastLogin: null, says: [] }, { name: off.name, enabled: false, privileged: false, lastLogin: null, says: ["disabled"] },
      expect.objectContaining({ privileged: true, says: ["member of Administrators"] }),
    ]);
    expect(await c.identity!(link(), soon())).toBe("smb3");
    await expect(c.identity!(directLink({ host: "127.0.0.1", port: 1 }), soon())).rejects.toThrow(/refused/);
    expect([c.pin!("smb3")!.settings, c.pin!("AB"), c.config.parse({})]).toEqual([{}, undefined, expect.objectContaining({ machine: "", rdpPort: 0 })]);
    expect(readdirSync(tmpdir()).filter((f) => f.startsWith("lockstep-smb-"))).toEqual([]);
  });
});
