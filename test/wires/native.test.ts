/** The native ciphers under garbage collection: a session process closes many connections in its life. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { nativeCiphers } from "../../src/wires/ssh.ts";

test("the addon was built here and passes its self-test", () => expect(nativeCiphers()).toBe(true));

test("200,000 ciphers are collected and the process lives", () => {
  const script = `
    const { AESGCMCipher } = require("ssh2/lib/protocol/crypto/build/Release/sshcrypto.node");
    const make = () => { for (let i = 0; i < 20000; i++) new AESGCMCipher("aes-256-gcm", Buffer.alloc(32), Buffer.alloc(12)); };
    let n = 0; const timer = setInterval(() => { make(); globalThis.gc(); if (++n === 10) { clearInterval(timer); console.log("alive"); } }, 1);`;
  const child = spawnSync(process.execPath, ["--expose-gc", "-e", script], { encoding: "utf8", timeout: 60_000 });
  expect(`${child.stdout}${child.stderr}`).toBe("alive\n");
  expect(child.signal).toBe(null);
});
