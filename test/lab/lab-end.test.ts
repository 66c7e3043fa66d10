/** How a lab host ends, and what is said when it cannot begin. Rule: nothing may be left running, however its maker died. */
import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { linuxHost } from "./host.ts";
import { banner, listener } from "./look.ts";
import { needs } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";
import { alive, childrenOf, gone, sharingNamespace } from "./processes.ts";
import { must } from "./run.ts";

describe("the end of a host", () => {
  test("destroy leaves no process, directory or listener", async () => {
    let seen: { dir: string; port: number; pids: number[] };
    {
      await using host = await linuxHost({ name: "lab-short" });
      const first = await listener(host.port);
      seen = { dir: host.dir, port: host.port, pids: sharingNamespace(first) };
      expect(seen.pids).toContain(first);
    }
    expect(seen.pids.filter(alive)).toEqual([]);
    expect(existsSync(seen.dir)).toBe(false);
    expect(await banner(seen.port, 1_000)).toBe("ECONNREFUSED");
  });

  test("law: kill -9 of its maker ends it, and the next lab clears its directory", async () => {
    const port = await freePort();
    const args = [join(import.meta.dirname, "lab.ts"), "up", "lab-orphan", String(port)];
    const maker = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const said = await new Promise<string>((resolve) => {
      let text = "";
      maker.stdout.on("data", (part: Buffer) => { text += part.toString(); if (text.includes("Ctrl-C")) resolve(text); });
      maker.once("exit", () => { resolve(text); });
    });
    const dir = /files (\S+)/.exec(said)?.[1] ?? "none", top = childrenOf(maker.pid ?? -1), all = [...top, ...top.flatMap(childrenOf)];
    expect(all).toHaveLength(2);
    maker.kill("SIGKILL");
    expect(await gone(all, 3_000)).toBe(true);
    expect(await banner(port, 1_000)).toBe("ECONNREFUSED");
    expect(existsSync(dir)).toBe(true);
    const from = JSON.stringify(join(import.meta.dirname, "scratch.ts"));
    const again = `const { scratch } = await import(${from}); console.log(await scratch("next", true))`;
    rmSync((await must(process.execPath, ["--input-type=module", "-e", again])).trim(), { recursive: true });
    expect(existsSync(dir)).toBe(false);
  });

  test("a taken port is said so", async () => {
    const server = createServer(), port = await freePort();
    await new Promise<void>((resolve) => { server.listen(port, "127.0.0.1", resolve); });
    await expect(linuxHost({ name: "lab-late", port })).rejects.toThrow(/lab-late did not come up: .*Address already in use/s);
    server.close();
  });

  test("a failing set-up is said so, and a record cannot be smuggled into the passwords", async () => {
    await expect(linuxHost({ name: "lab-bad", setup: "echo no such luck >&2; false\n" })).rejects.toThrow(/did not come up: .*no such luck/s);
    await expect(linuxHost({ name: "lab-bad", accounts: { app1: "x\nroot:y" } })).rejects.toThrow("The password of app1 holds a line break.");
    await expect(linuxHost({ name: "a;b" })).rejects.toThrow("cannot be the name of a lab host");
  });
});

describe("what the lab needs", () => {
  test("is said in one sentence to who cannot install it", async () => {
    const plain = vi.spyOn(process, "getuid").mockReturnValue(1000);
    const why = await needs({ debian: ["sudo", "lockstep-absent"] }, "A trial").catch((error: unknown) => String(error));
    const root = await needs({ root: true }, "A trial").catch((error: unknown) => String(error));
    plain.mockRestore();
    expect(why).toBe("Error: A trial needs lockstep-absent; run: sudo apt-get install -y --no-install-recommends lockstep-absent");
    expect(root).toBe("Error: A trial needs root; run the same command with sudo.");
  });

  test("a port that stays shut is named with the reason", async () => {
    const port = await freePort();
    await expect(waitForPort(port, /^SSH/, 100)).rejects.toThrow(`Port ${String(port)} on 127.0.0.1 was not ready within 100 ms: nobody listens.`);
  });
});
