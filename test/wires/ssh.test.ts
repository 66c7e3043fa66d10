/** The SSH wire against servers of our own, which count what they are shown. The real sshd is met in test/connectors. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import type { AuthContext, Connection } from "../../src/wires/ssh.ts";
import { aesGcmInPlace, ALGORITHMS, connectSsh, exec, fetchHostKey, isPasswordPrompt, nativeCiphers, newKeyPair, receive, sshServer, sshUtils, SshFailure }
  from "../../src/wires/ssh.ts";
import { createDecipheriv, randomBytes } from "node:crypto";

const key = () => newKeyPair();
const never = new AbortController().signal;
const closing: (() => void)[] = [];
afterEach(() => { for (const close of closing.splice(0)) close(); });

type Seen = { methods: string[]; passwords: string[] };
/** Raises a server; `auth` decides, `seen` records every credential that arrived. */
const raise = async (auth: (ctx: AuthContext) => void, onReady: (c: Connection) => void = () => undefined, ident = key()) => {
  const seen: Seen = { methods: [], passwords: [] };
  const server = sshServer({ hostKeys: [ident.private] }, (connection) => {
    connection.on("error", () => undefined);
    connection.on("authentication", (ctx) => {
      seen.methods.push(ctx.method);
      if (ctx.method === "password") seen.passwords.push(ctx.password);
      auth(ctx);
    });
    connection.on("ready", () => onReady(connection));
  });
  const net = createServer((socket) => receive(server, socket));
  await new Promise<void>((up) => net.listen(0, "127.0.0.1", up));
  closing.push(() => net.close());
  const link = directLink({ host: "127.0.0.1", port: (net.address() as AddressInfo).port });
  return { seen, link, pin: ident.public };
};
const listen = async (onSocket: Parameters<typeof createServer>[1]) => {
  const net = createServer(onSocket as never);
  await new Promise<void>((up) => net.listen(0, "127.0.0.1", up));
  closing.push(() => net.close());
  return directLink({ host: "127.0.0.1", port: (net.address() as AddressInfo).port });
};
const login = (link: ReturnType<typeof directLink>, hostKeys: string[], password = "right", timeoutMs = 3_000, signal: AbortSignal = never) =>
  connectSsh({ link, username: "app1", auth: { password: Secret.of(password) }, hostKeys, timeoutMs, signal });
const failure = (p: Promise<unknown>): Promise<SshFailure> => p.then(() => { throw new Error("it worked"); }, (e: unknown) => {
  if (!(e instanceof SshFailure)) throw e;
  return e;
});
const byPassword = (ctx: AuthContext): void => ctx.method === "password" && ctx.password === "right" ? ctx.accept() : ctx.reject(["password"]);

describe("native ciphers", () => {
  test("the addon passes its self-test here, and seals what Node can open", () => {
    expect(nativeCiphers()).toBe(true);
    const secret = randomBytes(32), frame = Buffer.alloc(4 + 100 + 16);
    frame.write("plaintext", 4);
    aesGcmInPlace(secret)?.encrypt(frame);
    const open = createDecipheriv("aes-256-gcm", secret, Buffer.alloc(12)).setAAD(frame.subarray(0, 4)).setAuthTag(frame.subarray(-16));
    expect(open.update(frame.subarray(4, -16)).toString().slice(0, 9)).toBe("plaintext");
    open.final();
  });
  test("law: no SHA-1, no DSS and no NIST curve is offered by our server, and no SHA-1 to targets", () => {
    expect(JSON.stringify(ALGORITHMS)).not.toMatch(/sha1|ssh-rsa|ssh-dss|md5|cbc/);
    expect(JSON.stringify(ALGORITHMS.server)).not.toMatch(/nistp/);
  });
});

test("every key pair handed out can be read back and signs", () => {
  for (let i = 0; i < 600; i++) expect(sshUtils.parseKey(newKeyPair().private)).not.toBeInstanceOf(Error);
});

test("law: the addon is built so that a collected cipher cannot abort the process (scripts/native)", () => {
  const addon = createRequire(import.meta.url).resolve("ssh2/lib/protocol/crypto/build/Release/sshcrypto.node");
  expect(readFileSync(addon).includes("RemoveEnvironmentCleanupHook")).toBe(false);
});

describe("logging in", () => {
  test("a right password over the pinned key: one attempt, and the client runs commands", async () => {
    const { link, pin, seen } = await raise(byPassword, (c) => c.on("session", (accept) => accept().on("exec", (ok, _no, info) => {
      const channel = ok();
      channel.on("data", (d: Buffer) => channel.write(d)).on("end", () => { channel.stderr.write(info.command); channel.exit(7); channel.end(); });
    })));
    const client = await login(link, [pin]);
    expect(await exec(client, "do it", { input: Buffer.from("hello"), signal: never, timeoutMs: 2_000 }))
      .toEqual({ code: 7, stdout: "hello", stderr: "do it" });
    expect(seen.methods).toEqual(["none", "password"]);
    client.end();
  });
  test("law: a wrong password is sent once, never again by another method", async () => {
    const { link, pin, seen } = await raise((ctx) => ctx.reject(["password", "keyboard-interactive"]));
    expect((await failure(login(link, [pin], "wrong"))).kind).toBe("auth");
    expect(seen.methods).toEqual(["none", "password"]);
  });
  test("law: another host key: identity, and no credential arrives, not even a user name", async () => {
    const { link, seen } = await raise(byPassword);
    expect((await failure(login(link, [key().public]))).kind).toBe("identity");
    expect(seen).toEqual({ methods: [], passwords: [] });
  });
  test("law: without a pinned key nothing is trusted and nothing is dialled", async () => {
    let dialled = 0;
    const link = await listen(() => { dialled++; });
    expect((await failure(login(link, []))).why).toMatch(/no host key is pinned/);
    expect((await failure(login(link, ["garbage"]))).why).toMatch(/not an OpenSSH public key/);
    expect(dialled).toBe(0);
  });
  test("a target that only has a kind of key we did not pin: identity", async () => {
    const rsa = sshUtils.generateKeyPairSync("rsa", { bits: 2048 });
    const { link } = await raise(byPassword, undefined, rsa);
    expect((await failure(login(link, [key().public]))).kind).toBe("identity");
    expect((await login(link, [rsa.public])).end()).toBeDefined();
  });
  test("onboarding reads the key and sends no credential", async () => {
    const { link, pin, seen } = await raise(byPassword);
    expect(pin).toContain(await fetchHostKey(link, never));
    expect(seen.passwords).toEqual([]);
    expect(seen.methods.length).toBe(0);
  });
});

describe("keyboard-interactive", () => {
  const rounds = (script: { prompt: string; echo: boolean }[][], answers: string[][], verdict: (all: string[][]) => boolean) => (ctx: AuthContext): void => {
    if (ctx.method !== "keyboard-interactive") return ctx.reject(["keyboard-interactive"]);
    const ask = (n: number): void => {
      const prompts = script[n];
      if (prompts === undefined) return verdict(answers) ? ctx.accept() : ctx.reject([]);
      ctx.prompt(prompts as never, "", "", ((...given: unknown[]) => { answers.push(given.flat() as string[]); ask(n + 1); }) as never);
    };
    ask(0);
  };
  const P = { prompt: "Password: ", echo: false };
  test("one password prompt is answered", async () => {
    const answers: string[][] = [];
    const { link, pin } = await raise(rounds([[P]], answers, () => true));
    (await login(link, [pin])).end();
    expect(answers).toEqual([["right"]]);
  });
  test("law: a demand for a new password is never answered; it says must_change", async () => {
    const answers: string[][] = [];
    const { link, pin } = await raise(rounds([[P], [{ prompt: "Current password: ", echo: false }]], answers, () => true));
    expect((await failure(login(link, [pin]))).kind).toBe("must_change");
    expect(answers).toEqual([["right"]]);
  });
  test("law: the password is not given to a second question, an echoing one, a pair, or a new-password one", async () => {
    for (const script of [[[{ prompt: "Verification code: ", echo: false }]], [[{ ...P, echo: true }]], [[P, P]], [[{ prompt: "New password:", echo: false }]]]) {
      const answers: string[][] = [];
      const { link, pin } = await raise(rounds(script, answers, () => true));
      expect((await failure(login(link, [pin]))).kind).toBe("protocol");
      expect(answers).toEqual([]);
    }
    expect(isPasswordPrompt([{ prompt: "app1@host's password: ", echo: false }])).toBe(true);
    expect(isPasswordPrompt([{ prompt: "Neues Passwort: ", echo: false }])).toBe(false);
  });
});

describe("failures have a kind", () => {
  test("nobody listens: unreachable, with the address and the cause", async () => {
    const link = await listen(() => undefined);
    closing.splice(0).forEach((close) => close());
    const f = await failure(login(link, [key().public]));
    expect(f.kind).toBe("unreachable");
    expect(f.why).toBe(`127.0.0.1:${link.address.port} cannot be reached: the connection was refused`);
  });
  test("silence: timeout", async () => {
    const link = await listen(() => undefined);
    expect((await failure(login(link, [key().public], "x", 150))).kind).toBe("timeout");
  });
  test("it hangs up: closed; it speaks HTTP: protocol", async () => {
    expect((await failure(login(await listen((s) => s.destroy()), [key().public]))).kind).toBe("closed");
    const http = await listen((s) => { s.end("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(40)); });
    expect((await failure(login(http, [key().public]))).kind).toMatch(/protocol|closed/);
  });
  test("called off: closed, at once", async () => {
    const link = await listen(() => undefined), off = new AbortController();
    const p = failure(login(link, [key().public], "x", 5_000, off.signal));
    off.abort();
    expect((await p).why).toBe("the login was called off");
  });
  test("a command that never ends, and one whose connection breaks, both settle", async () => {
    const { link, pin } = await raise(byPassword, (c) => c.on("session", (accept) => accept().on("exec", (ok, _no, info) => {
      ok();
      if (info.command === "cut") c.end();
    })));
    const client = await login(link, [pin]);
    await expect(exec(client, "sleep", { signal: never, timeoutMs: 100 })).rejects.toMatchObject({ kind: "timeout" });
    const cut = exec(client, "cut", { signal: never, timeoutMs: 2_000 });
    expect(await cut.then((r) => r.code, (e: { kind: string }) => e.kind)).toSatisfy((v) => v === null || v === "closed");
  });
});
