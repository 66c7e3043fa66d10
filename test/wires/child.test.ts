/** Client programs as children: what is secret stands on pipes alone, and who hangs or talks for ever is ended. Rule: asked of /proc, not of the code. */
import { createServer, connect, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { directLink } from "../../src/links/direct.ts";
import { bridge } from "../../src/wires/bridge.ts";
import { installed, runChild } from "../../src/wires/child.ts";

const SECRET = "S3cret-on-a-pipe", soon = (ms = 10_000) => AbortSignal.timeout(ms);
test("law: secrets-one-door — what goes in by the pipes is in no argument and no environment, and the environment is not ours", async () => {
  const script = "tr '\\0' '\\n' </proc/$$/cmdline; tr '\\0' '\\n' </proc/$$/environ; cat <&3 | wc -c; cat | wc -c";
  const out = await runChild("sh", ["-c", script], { input: SECRET, third: `${SECRET}!`, signal: soon(), env: { PASSWD_FD: "3" } });
  expect(out.stdout.trim().split("\n").slice(-2)).toEqual(["17", "16"]);
  expect(out.stdout).toContain("PASSWD_FD=3");
  expect([out.stdout.includes(SECRET), out.stdout.includes("NODE_"), out.stdout.includes("HOME=/nonexistent")]).toEqual([false, false, true]);
});
test("one that hangs is killed by the caller's limit; one that reads nothing, is not there, or floods, ends as what it is", async () => {
  const begun = performance.now();
  expect(await runChild("sleep", ["30"], { input: "", signal: soon(150) })).toMatchObject({ code: null });
  expect(performance.now() - begun).toBeLessThan(5_000);
  expect(await runChild("true", [], { input: "x".repeat(1_000_000), third: "y".repeat(1_000_000), signal: soon() })).toMatchObject({ code: 0 });
  expect(await runChild("no-such-program", [], { input: "", signal: soon() })).toMatchObject({ code: null });
  expect(await runChild("yes", [], { input: "", signal: soon() })).toMatchObject({ code: null });
  expect([await installed("sh"), await installed("no-such-program")]).toEqual([true, false]);
});
test("a bridge leads over its Link and nowhere else, tells why it could not, and is gone when closed", async () => {
  const server = createServer((s) => s.pipe(s));
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  const way = await bridge(directLink({ host: "127.0.0.1", port: (server.address() as AddressInfo).port }), soon());
  const said = await new Promise<string>((resolve) => { const s = connect(way.port, "127.0.0.1", () => s.write("hello")); s.once("data", (d) => { s.destroy(); resolve(d.toString()); }); });
  expect([said, way.failed()]).toEqual(["hello", undefined]);
  way.close();
  await expect(new Promise((resolve, reject) => { connect(way.port, "127.0.0.1").once("connect", resolve).once("error", reject); })).rejects.toThrow(/ECONNREFUSED/);
  const nowhere = await bridge(directLink({ host: "127.0.0.1", port: 1 }), soon());
  await new Promise<void>((done) => { connect(nowhere.port, "127.0.0.1").on("error", () => undefined).once("close", () => done()); });
  expect(nowhere.failed()?.message).toMatch(/refused/);
  nowhere.close();
  server.close();
});
