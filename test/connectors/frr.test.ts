/** A Cisco-like command line, real: FRRouting's own vty over Telnet, and vtysh over SSH. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandSet, shippedSet, SHIPPED, type CommandSetSettings } from "../../src/connectors/command-set.ts";
import type { ChangeResult } from "../../src/connectors/connector.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { faultProxy } from "../lab/fault-proxy.ts";
import { router, type Router } from "../lab/frr.ts";
import { overTelnet, shipped } from "./busybox-world.ts";

const FIRST = "First-vty-Pw-1", ADMIN = { name: "netadmin", password: "Net-Admin-Pw-1!" }, VTY = { name: "vty" };
let r: Router, current = FIRST, serial = 0;
beforeAll(async () => { r = await router({ name: "rtr", vtyPassword: FIRST, adminPassword: ADMIN.password }); });
afterAll(async () => { await r?.destroy(); });

const set = shipped("frr-vty"), c = shippedSet(set), soon = (ms = 20_000) => AbortSignal.timeout(ms), link = () => directLink({ host: "127.0.0.1", port: r.vtyPort });
const next = (): string => `Vty-${++serial}-x'"$;%`;
const change = (from: string, to: string, through = link(), by = c): Promise<ChangeResult> =>
  by.change(overTelnet, through, VTY, { from: Secret.of(from), to: Secret.of(to), as: { name: "vty", secret: Secret.of(from) } }, soon());
const probe = (pw: string, through = link()) => c.probe(overTelnet, through, VTY, Secret.of(pw), soon());
/** By the daemon's own saved configuration. */
const saved = async (pw: string): Promise<boolean> => { const lines = (await r.saved()).split("\n"); return lines.includes(`password ${pw}`) && lines.includes(`enable password ${pw}`); };

describe("vty over Telnet", () => {
  test("success: both passwords are changed and saved, the old one refused, also after a restart; again is the same", async () => {
    const to = next();
    expect(await change(current, to)).toBe("done");
    expect([await saved(to), await probe(to), await probe(current)]).toEqual([true, "yes", { unknown: expect.stringContaining("nobody knows by whom") }]);
    await r.reboot();
    expect([await probe(to), await change(to, to)]).toEqual(["yes", "done"]);
    current = to;
  });
  test("the present password is wrong: not_sent, nothing changed", async () => {
    expect(await change("Wrong-1", next())).toMatchObject({ not_sent: "auth_of_as" });
    expect(await saved(current)).toBe(true);
  });
  test("what the line would read differently never leaves", async () => {
    for (const bad of ["with blank", "what?", "a|b", "#x", "!x", "tab\tx", "x\nend", "ä", ""]) expect(await change(current, bad), bad).toMatchObject({ refused: expect.stringMatching(/does not take|blank|empty/) });
    expect(await change(current, "x".repeat(81))).toMatchObject({ refused: expect.stringContaining("at most 80 bytes") });
    expect([await saved(current), await probe(current)]).toEqual([true, "yes"]);
  });
  test("its errors are text alone, and each is heard: a set with a mistake in it is refused in the daemon's own words", async () => {
    const wrong = { ...set, change: set.change.map((s) => (s.send === "configure terminal" ? { ...s, send: "configure termnal" } : s)) };
    expect(await change(current, next(), link(), commandSet(wrong, { newest: SHIPPED, version: () => wrong }))).toEqual({ refused: expect.stringMatching(/Unknown command/) });
    expect(await probe(current)).toBe("yes");
  });
  test("down, and a black hole: not_sent, within the caller's limit", async () => {
    await r.stop();
    expect(await change(current, next())).toMatchObject({ not_sent: "unreachable", why: expect.stringContaining("refused") });
    await r.start();
    await using proxy = await faultProxy(r.vtyPort);
    proxy.blackHole();
    const begun = performance.now();
    expect(await c.change(overTelnet, directLink({ host: proxy.host, port: proxy.port }), VTY, { from: Secret.of(current), to: Secret.of(next()) }, soon(400))).toMatchObject({ not_sent: "unreachable" });
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
  test("law: wherever the wire is cut the answer is true, and the same candidate again is done, also when one of the two was changed alone", async () => {
    await using proxy = await faultProxy(r.vtyPort);
    const through = directLink({ host: proxy.host, port: proxy.port }), first = next(), kinds: string[] = [];
    expect(await change(current, first, through)).toBe("done");
    current = first;
    const whole = proxy.up;
    for (let cut = 0; cut <= whole + 20; cut += Math.ceil(whole / 14)) {
      proxy.heal();
      proxy.cutAfterUp(cut);
      const to = next(), result = await change(current, to, through), kind = typeof result === "string" ? result : Object.keys(result)[0]!;
      kinds.push(kind);
      expect(["done", "not_sent", "unknown"], `${cut}: ${JSON.stringify(result)}`).toContain(kind);
      if (kind === "not_sent") expect(await probe(current)).toBe("yes");
      if (kind === "unknown") {
        const now = (await probe(to)) === "yes" ? to : current;
        expect(await probe(now), `cut at ${cut}`).toBe("yes");
        expect(await change(now, to), `cut at ${cut}`).toBe("done");
      }
      if (kind !== "not_sent") { current = to; expect([await saved(to), await probe(to)]).toEqual([true, "yes"]); }
    }
    expect(new Set(kinds)).toEqual(new Set(["not_sent", "unknown", "done"]));
  }, 60_000);
  test("law: no secret in the transcript, though the vty echoes every character of `password …`", async () => {
    const heard: string[] = [], to = next(), by = commandSet(set, { newest: SHIPPED, version: () => set, hear: (h) => { heard.push(JSON.stringify(h)); } });
    expect(await change(current, to, link(), by)).toBe("done");
    const said = heard.join("\n");
    expect(said).toContain("configure terminal");
    expect(said).toContain("password [secret]");
    for (const secret of [current, to]) expect(said.includes(secret) || said.includes(JSON.stringify(secret).slice(1, -1))).toBe(false);
    current = to;
  });
});
test("vtysh over SSH: an account with vtysh for a shell changes and saves it; a probe knows nothing", async () => {
  const sh = shipped("frr-vtysh"), by = shippedSet(sh), config = { over: "ssh-shell" as const, hostKeys: [r.host.hostKey], plaintext: false, version: SHIPPED } satisfies CommandSetSettings, to = next();
  const ssh = directLink({ host: "127.0.0.1", port: r.host.port }), as = { name: ADMIN.name, secret: Secret.of(ADMIN.password) };
  expect(await by.test!(config, ssh, as, soon())).toMatchObject({ ok: true, identity: expect.stringContaining("SHA256:") });
  expect(await by.change(config, ssh, VTY, { to: Secret.of(to), as }, soon())).toBe("done");
  expect([await saved(to), await probe(to)]).toEqual([true, "yes"]);
  expect(await by.change(config, ssh, VTY, { to: Secret.of(next()), as: { ...as, secret: Secret.of("Wrong-1") } }, soon())).toMatchObject({ not_sent: "auth_of_as" });
  current = to;
});
