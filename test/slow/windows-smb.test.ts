/** What takes minutes of the connector for local Windows accounts over SMB: every quotation, every lost answer. Rule: the server's own database is the judge. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { windowsSmb } from "../../src/connectors/windows-smb.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { fresh, type Named } from "../connectors/contract.ts";
import { fits, local } from "../connectors/windows-smb-world.ts";
import { faultProxy } from "../lab/fault-proxy.ts";
import { sambaServer, type SambaServer } from "../lab/samba.ts";

let server: SambaServer, root: Named;
beforeAll(async () => {
  server = await sambaServer();
  root = { name: "root", password: server.administrator };
});
afterAll(async () => { await server?.destroy(); });
const c = windowsSmb(), config = { machine: "" }, soon = () => AbortSignal.timeout(20_000), link = () => directLink({ host: "127.0.0.1", port: server.port });
const change = (name: string, to: string, by: Named = root, through = link()) =>
  c.change(config, through, { name }, { to: Secret.of(to), as: { name: by.name, secret: Secret.of(by.password) } }, soon());
const asked = (name: string, password: string) => c.probe(config, link(), { name }, Secret.of(password), soon());
const others = async (but: string) => (await server.everybody()).filter((l) => !l.startsWith(`${but}:`));

test("what a line of rpcclient could be read to mean is a password like any other", async () => {
  const who = await local(server), before = await others(who.name);
  for (const to of ["a b c 1", "q'u\"o\\t", "  lead", "trail  ", "%s%n%x", "$(id)`id`", "é漢字🙂x", "a;quit;b", "#x#x#x", "-x-x-x", "\\\\\\", "'''''", "\"\"\"\"\"", "NT_STATUS_ACCESS_DENIED", "x".repeat(127)]) {
    expect([await change(who.name, to), await fits(server, who.name, to), await asked(who.name, to)], to).toEqual(["done", true, "yes"]);
  }
  expect(await others(who.name)).toEqual(before);
  expect(await change(who.name, "x".repeat(128))).toEqual({ refused: expect.stringContaining("127 bytes") });
}, 120_000);
test("law: answers that are lost on the way back leave it unknown or not sent, and what is in force is one of the two", async () => {
  const who = await local(server), seen = new Set<string>();
  await using proxy = await faultProxy(server.port);
  const through = directLink({ host: "127.0.0.1", port: proxy.port });
  let current = who.password, landed = 0;
  expect(await change(who.name, current = fresh(), root, through)).toBe("done");
  const whole = proxy.down;
  for (let at = Math.floor(whole / 2); at < whole + 40; at += Math.ceil(whole / 24)) {
    proxy.heal();
    proxy.cutAfterDown(at);
    const to = fresh(), r = await change(who.name, to, root, through), kind = r === "done" ? "done" : "unknown" in r ? "unknown" : "not_sent" in r ? r.not_sent : "refused", now = await fits(server, who.name, to);
    seen.add(kind);
    expect([kind, now], `cut at ${at} of ${whole}`).toSatisfy(([k, n]) => k === "done" ? n : k === "unreachable" ? !n : k === "unknown");
    if (kind === "unknown" && now) landed++;
    if (now) current = to;
    expect(await fits(server, who.name, current)).toBe(true);
  }
  expect([seen.has("unknown"), seen.has("refused"), landed > 0]).toEqual([true, false, true]);
}, 120_000);
