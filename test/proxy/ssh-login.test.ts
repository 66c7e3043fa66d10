import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ssh2 } from "../../src/wires/ssh-tuned.ts";
import { eventually, sshLab } from "./ssh-lab.ts";
import type { Lab, Said } from "./ssh-lab.ts";

let lab: Lab;
beforeAll(async () => { lab = await sshLab({ port: 22430, timescale: 0.1 }); });
afterAll(async () => { await lab?.[Symbol.asyncDispose](); });

/** Answers the client's prompts: each line of `answers` in turn. */
const withAnswers = async (answers: readonly string[], options: string[], user?: string): Promise<Said & { asked: string[] }> => {
  const ask = join(lab.dir, "ask"), left = join(lab.dir, "answers"), seen = join(lab.dir, "asked");
  writeFileSync(left, `${answers.join("\n")}\n`);
  writeFileSync(seen, "");
  writeFileSync(ask, `#!/bin/sh\necho "$1" >> ${seen}\nhead -n 1 ${left}\nsed -i 1d ${left}\n`);
  chmodSync(ask, 0o755);
  const said = await lab.ssh("echo in", { ...user === undefined ? {} : { user },
    options: ["-o", "BatchMode=no", "-o", "PubkeyAuthentication=no", ...options], env: { SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: "force", DISPLAY: ":0" } });
  return { ...said, asked: readFileSync(seen, "utf8").trim().split("\n").filter((l) => l !== "") };
};
const KEYBOARD = ["-o", "PreferredAuthentications=keyboard-interactive"], PASSWORD = ["-o", "PreferredAuthentications=password"];

describe("guesses that do not wait for an answer", () => {
  type Raw = { _protocol: { _handlers: Record<string, unknown>; authKeyboard(user: string): void; authInfoRes(answers: string[]): void } };
  /** Sends this many dialogues in one go. */
  const pipelined = (n: number): Promise<void> => new Promise((done) => {
    const client = new ssh2.Client(), { _protocol: p } = client as unknown as Raw;
    client.on("error", () => undefined).on("close", () => done());
    client.connect({ host: "127.0.0.1", port: lab.proxy.port, username: "requester@app1@web-1", authHandler: () => {
      const raw = p ?? (client as unknown as Raw)._protocol;
      Object.assign(raw._handlers, { USERAUTH_INFO_REQUEST: () => undefined, USERAUTH_FAILURE: () => undefined });
      for (let i = 0; i < n; i++) { raw.authKeyboard("requester@app1@web-1"); raw.authInfoRes([`wrong-${i}`]); }
      return undefined as never;
    } });
  });
  test("are cut off: of three hundred in one connection hardly any are judged", async () => {
    const before = lab.broker.logins.length;
    await pipelined(300);
    expect(lab.broker.logins.length - before).toBeLessThanOrEqual(6);
    expect((await withAnswers(["Person-Pw-1"], KEYBOARD)).code, "and the process serves on").toBe(0);
  });
});

describe("logging in", () => {
  test.each([["keyboard-interactive", KEYBOARD], ["password", PASSWORD]])("password by %s", async (_name, options) => {
    const said = await withAnswers(["Person-Pw-1"], options);
    expect([said.code, said.stdout.toString()]).toEqual([0, "in\n"]);
  });
  test("law: a wrong password, an unknown person, an unregistered key and a name nobody can read all say the same", async () => {
    rmSync(join(lab.dir, "other"), { force: true });
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(lab.dir, "other")]);
    const tries = [
      await withAnswers(["wrong", "wrong", "wrong"], KEYBOARD), await withAnswers(["x", "x", "x"], KEYBOARD, "stranger@app1@web-1"),
      await lab.ssh("id", { options: ["-o", `IdentityFile=${join(lab.dir, "other")}`], user: "stranger@app1@web-1" }),
      await withAnswers(["x", "x", "x"], KEYBOARD, "Requester@app1@web-1"),
    ];
    for (const said of tries) {
      expect(said.code).toBe(255);
      expect(said.stderr).toMatch(/Permission denied \(publickey,keyboard-interactive,password\)\.\s*$/);
    }
  });
  test("law: no login ends the channel of everybody: no name, a name of other alphabets, an endless password are refused, and the process goes on", async () => {
    const tried = (as: object): Promise<string> => new Promise((done) => {
      const client = new ssh2.Client();
      client.on("ready", () => done("in")).on("error", (e) => done(e.message)).connect({ host: "127.0.0.1", port: lab.proxy.port, password: "x", ...as });
    });
    const [pid] = lab.proxy.pids(), names = ["", "\ud800", "名".repeat(400), "\u0000", "x".repeat(9_000)].map((user) => ({ user }));
    for (const as of [...names, ...[4_097, 30_000].map((n) => ({ user: "requester@app1@web-1", password: "p".repeat(n) }))]) {
      expect(await tried(as), JSON.stringify(as).slice(0, 40)).toMatch(/All configured authentication methods failed/);
    }
    expect(lab.broker.logins.slice(-names.length).map((l) => l.person)).toContain("(no name)");
    expect((await lab.ssh("echo in")).stdout.toString()).toBe("in\n");
    expect(lab.proxy.pids()).toEqual([pid]);
  });
  test("password and code, in one dialogue and over two methods", async () => {
    lab.broker.persons.set("careful", { password: "Pw", keys: [], totp: "123456" });
    const user = "careful@app1@web-1";
    expect((await withAnswers(["Pw", "123456"], KEYBOARD, user)).stdout.toString()).toBe("in\n");
    expect((await withAnswers(["Pw", "123456"], ["-o", "PreferredAuthentications=password,keyboard-interactive"], user)).stdout.toString()).toBe("in\n");
    expect((await withAnswers(["Pw", "000000", "Pw", "000000", "Pw", "000000"], KEYBOARD, user)).code).toBe(255);
  });
  test("key and code", async () => {
    const key = lab.broker.persons.get("requester")?.keys ?? [], ask = join(lab.dir, "ask");
    lab.broker.persons.set("keyed", { keys: key, totp: "123456" });
    writeFileSync(ask, "#!/bin/sh\necho 123456\n");
    const said = await lab.ssh("echo in", { user: "keyed@app1@web-1", options: ["-o", "BatchMode=no"], env: { SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: "force", DISPLAY: ":0" } });
    expect(said.stdout.toString()).toBe("in\n");
    expect((await lab.ssh("echo in", { user: "keyed@app1@web-1" })).code).toBe(255);
  });
  test("the broker's reason is shown where the client can show it", async () => {
    lab.broker.persons.set("locked", { keys: [], message: "Too many tries; wait 15 minutes." });
    const said = await withAnswers(["x", "x", "x"], [...KEYBOARD, "-o", "LogLevel=INFO"], "locked@app1@web-1");
    expect(said.stderr).toContain("Too many tries; wait 15 minutes.");
  });
  test("law: offering a registered key without signing advances nothing", async () => {
    expect((await lab.ssh("id")).code).toBe(0);
    const count = lab.broker.logins.length;
    chmodSync(join(lab.dir, "person_key"), 0o644); // the client refuses to read a key others can read: it offers, and cannot sign
    const offered = await lab.ssh("id", { options: ["-v"] });
    chmodSync(join(lab.dir, "person_key"), 0o600);
    expect(offered.stderr).toMatch(/Server accepts key/);
    expect(offered.code).toBe(255);
    expect(lab.broker.logins.length).toBe(count);
  });
  test("an RSA key signs with SHA-2", async () => {
    const file = join(lab.dir, "rsa");
    rmSync(file, { force: true });
    execFileSync("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", file]);
    lab.broker.persons.set("rsa", { keys: [readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ")] });
    expect((await lab.ssh("echo in", { user: "rsa@app1@web-1", options: ["-i", file] })).stdout.toString()).toBe("in\n");
  });
  test("six tries and the connection ends", async () => {
    const said = await withAnswers(Array.from({ length: 12 }, () => "wrong"), [...KEYBOARD, "-o", "NumberOfPasswordPrompts=12"]);
    expect(said.code).toBe(255);
    expect(said.asked.length).toBeLessThanOrEqual(7);
  });
});

const raw = (localAddress: string): Promise<Socket> => new Promise((resolve, reject) => {
  const socket = connect({ host: "127.0.0.1", port: lab.proxy.port, localAddress });
  socket.once("connect", () => resolve(socket)).on("error", reject);
});
const open = (sockets: readonly Socket[]): Socket[] => sockets.filter((s) => !s.destroyed && !s.readableEnded);
/** Waits until what was refused has been closed. */
const settled = async (sockets: readonly Socket[]): Promise<number> => {
  for (const s of sockets) s.resume();
  for (let last = -1; ;) {
    await new Promise((done) => setTimeout(done, 150));
    if (open(sockets).length === last) return last;
    last = open(sockets).length;
  }
};

describe("limits before a login", () => {
  test("five of one address; fifty in all; a logged-in session counts for nothing", async () => {
    const session = lab.start("sleep 20");
    await eventually(() => lab.broker.sessions.at(-1)?.opened);
    // That somebody has logged in, and that the connections of earlier tests are gone, is told over another channel than the session.
    await new Promise((done) => setTimeout(done, 1_000));
    const same = await Promise.all(Array.from({ length: 8 }, () => raw("127.0.0.1")));
    expect(await settled(same)).toBe(5);
    const many = [...same, ...await Promise.all(Array.from({ length: 60 }, (_, i) => raw(`127.0.1.${1 + i}`)))];
    expect(await settled(many)).toBe(50);
    for (const s of many) s.destroy();
    session.kill();
    await eventually(async () => (await lab.ssh("true")).code === 0);
  });
  test("silence, a half greeting and a stalled key exchange are closed at the handshake's limit", async () => {
    const half = await raw("127.0.0.3"), silent = await raw("127.0.0.2"), stalled = await raw("127.0.0.4"), begun = performance.now();
    half.write("SSH-2.0-xyz");
    stalled.write("SSH-2.0-xyz\r\n");
    for (const s of [half, silent, stalled]) s.resume();
    await Promise.all([half, silent, stalled].map((s) => new Promise((done) => s.on("close", done))));
    expect(performance.now() - begun).toBeGreaterThan(4_000);
    expect(performance.now() - begun).toBeLessThan(7_000);
  });
  test("noise does no harm", async () => {
    for (const noise of ["GET / HTTP/1.1\r\n\r\n", "\0".repeat(70_000), "SSH-2.0-x\r\n" + "\xff".repeat(40_000)]) {
      const s = await raw("127.0.0.5");
      s.on("error", () => undefined).resume();
      s.write(Buffer.from(noise, "latin1"));
      await Promise.race([new Promise((done) => s.on("close", done)), new Promise((done) => setTimeout(done, 300))]);
      s.destroy();
    }
    expect((await lab.ssh("echo alive")).stdout.toString()).toBe("alive\n");
    expect(lab.lines.filter((l) => /died|nobody caught/.test(l))).toEqual([]);
  });
});
