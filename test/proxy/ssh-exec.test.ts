import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { channelsIn } from "../../src/recordings/channels.ts";
import { toAsciicast, transcript } from "../../src/recordings/asciicast.ts";
import { smallTarget } from "./small-target.ts";
import { APP_PASSWORD, bytesOf, collect, eventually, sshLab } from "./ssh-lab.ts";
import type { Lab } from "./ssh-lab.ts";

let lab: Lab;
beforeAll(async () => { lab = await sshLab({ port: 22410 }); });
afterAll(async () => { await lab?.[Symbol.asyncDispose](); });
const sha = (b: Buffer): string => createHash("sha256").update(b).digest("hex");

describe("exec through the proxy, stock client, real sshd", () => {
  test("exit codes come through", async () => {
    for (const code of [0, 1, 7, 254]) expect((await lab.ssh(`exit ${code}`)).code).toBe(code);
  });
  test("stdout and stderr stay apart, and so they are recorded", async () => {
    const said = await lab.ssh("echo out; echo err >&2; exit 3"), session = await lab.ended();
    expect([said.code, said.stdout.toString(), said.stderr]).toEqual([3, "out\n", "err\n"]);
    const { frames, verdict } = lab.recording(session);
    expect(verdict.complete).toBe(true);
    expect(bytesOf(frames, "output").toString()).toBe("out\n");
    expect(bytesOf(frames, "error").toString()).toBe("err\n");
    expect(session).toMatchObject({ opened: true, endedTimes: 1, ended: { why: "client_closed", cause: "none",
      ledger: { complete: true, hash: verdict.hash, bytes: verdict.bytes, chunks: verdict.chunks, channels: [{ kind: "exec", exit: 3, out: { bytes: 4, recorded: 4 }, err: { bytes: 4, recorded: 4 } }] } } });
    expect(session.events).toEqual([{ kind: "channel_opened", channel: 1, type: "exec", command: "echo out; echo err >&2; exit 3" },
      { kind: "channel_closed", channel: 1, exit: 3, in: 0, out: 8 }]);
    expect(JSON.parse(frames[0]?.data.toString() ?? "")).toMatchObject({ session: session.id, person: "requester", account: "app1", target: "web-1" });
  });
  test("a client that sends EOF at once is served; so is one that never sends it", async () => {
    expect((await lab.ssh("cat; echo done")).stdout.toString()).toBe("done\n");
    expect((await lab.ssh("echo early", { stdin: "open" })).stdout.toString()).toBe("early\n");
  });
  test("a killed command shows its signal", async () => {
    const said = await lab.ssh("kill -TERM $$");
    expect(said.code).toBe(255);
    expect((await lab.ended()).ended?.ledger.channels[0]?.exit).toBe("SIGTERM");
  });
  test("a signal's name as long as the target likes: the session ends and is told", async () => {
    const name = `X\n${"Y".repeat(80)}`;
    // ssh2's own server sends no name that it does not know.
    (createRequire(createRequire(import.meta.url).resolve("ssh2"))("./protocol/constants.js") as { SIGNALS: Record<string, number> }).SIGNALS[name] = 1;
    const target = await smallTarget(name);
    lab.broker.accounts.set("app1@web-2", target.account);
    try {
      expect((await lab.ssh("true", { user: "requester@app1@web-2" })).code).toBe(255);
      const exit = (await lab.ended()).ended?.ledger.channels[0]?.exit;
      expect(exit).toMatch(/^SIGX\\x0aY+…$/);
      expect(String(exit).length).toBe(64);
    } finally { target.close(); }
  });
  test("a terminal's name or a command of thousands of control characters: the recording is read, with all of the command", async () => {
    const controls = "\x01".repeat(12_000), command = `: '${controls}'; echo seen`;
    await lab.ssh("echo seen", { options: ["-tt"], env: { TERM: controls } });
    const named = channelsIn(lab.recording(await lab.ended()).frames).channels;
    expect(named.map((c) => [c.opened.command, c.opened.term])).toEqual([["echo seen", expect.stringMatching(/^(\\x01)+.{0,3}…$/)]]);
    expect(named[0]?.opened.term?.length).toBe(64);
    expect(named[0]?.pieces.map((p) => p.text).join("")).toContain("seen");
    expect((await lab.ssh(command)).stdout.toString()).toBe("seen\n");
    const ran = channelsIn(lab.recording(await lab.ended()).frames).channels;
    expect(ran.map((c) => [c.opened.command, c.pieces.filter((p) => p.code === "o").map((p) => p.text).join("")])).toEqual([[command, "seen\n"]]);
  });
  test("32 MiB of any bytes, in and out, equal and equally recorded", async () => {
    const data = randomBytes(32 << 20), said = await lab.ssh("cat", { stdin: data }), session = await lab.ended(), { frames } = lab.recording(session);
    expect(sha(said.stdout)).toBe(sha(data));
    expect(sha(bytesOf(frames, "output"))).toBe(sha(data));
    expect(sha(bytesOf(frames, "input"))).toBe(sha(data));
    expect(session.ended?.ledger.channels[0]).toMatchObject({ in: { bytes: data.length, recorded: data.length }, out: { bytes: data.length, recorded: data.length } });
  });
  test("both streams full at once, a slow reader: nothing is lost, doubled or stuck", async () => {
    const n = 6 << 20, child = lab.start(`head -c ${n} /dev/zero | tr '\\0' o & head -c ${n} /dev/zero | tr '\\0' e >&2; wait`);
    child.stdin?.end();
    const count = { out: 0, err: 0, foreign: 0 };
    for (const [name, stream, mark] of [["out", child.stdout, 111], ["err", child.stderr, 101]] as const) {
      stream?.on("data", (d: Buffer) => {
        count[name] += d.length;
        if (d.some((b) => b !== mark)) count.foreign++;
        stream.pause();
        setTimeout(() => stream.resume(), 2);
      });
    }
    const code = await new Promise((done) => child.on("close", done));
    expect([code, count]).toEqual([0, { out: n, err: n, foreign: 0 }]);
  });
  test("head keeps 16 MiB and the hash and size of all; digest keeps none; terminals are kept in full whatever the policy", async () => {
    const size = (16 << 20) + 100_000, want = sha(Buffer.alloc(size, "y\n"));
    for (const [record, kept] of [["head", 16 << 20], ["digest", 0]] as const) {
      lab.broker.terms = { ...lab.broker.terms, record };
      const said = await lab.ssh(`yes | head -c ${size}`), session = await lab.ended();
      expect(sha(said.stdout)).toBe(want);
      expect(session.ended?.ledger.channels[0]).toMatchObject({ record, out: { bytes: size, recorded: kept, sha256: want } });
      expect(bytesOf(lab.recording(session).frames, "output").length).toBe(kept);
    }
    const said = await lab.ssh("echo in full", { options: ["-tt"] }), session = await lab.ended();
    expect(bytesOf(lab.recording(session).frames, "output").equals(said.stdout)).toBe(true);
    lab.broker.terms = { ...lab.broker.terms, record: "full" };
  });
  test("the environment passes by the list alone", async () => {
    const said = await lab.ssh("echo $LC_ALL-$LANG-$LD_PRELOAD-$LC_FOO9", { options: ["-o", "SetEnv=LC_ALL=C LANG=C LD_PRELOAD=/x LC_FOO9=1"] });
    expect(said.stdout.toString()).toBe("C-C--\n");
  });
  test("several channels of one connection are one session, each on its own track", async () => {
    const before = lab.broker.sessions.length, path = join(lab.dir, "mux");
    const master = lab.start(undefined, { options: ["-M", "-N", "-S", path] });
    await eventually(() => { try { execFileSync("ssh", ["-S", path, "-O", "check", "x"], { stdio: "ignore" }); return true; } catch { return false; } });
    const both = await Promise.all(["echo one; sleep 0.2; exit 1", "echo two; sleep 0.2; exit 2"].map((c) => lab.ssh(c, { options: ["-S", path] })));
    expect(both.map((s) => [s.code, s.stdout.toString()])).toEqual([[1, "one\n"], [2, "two\n"]]);
    master.kill();
    expect(lab.broker.sessions.length).toBe(before + 1);
    const session = await lab.ended(), { frames } = lab.recording(session);
    expect([bytesOf(frames, "output", 1).toString(), bytesOf(frames, "output", 2).toString()].sort()).toEqual(["one\n", "two\n"]);
    expect(session.ended?.ledger.channels.map((c) => c.exit).sort()).toEqual([1, 2]);
  });
  test("law: the account's password is in no file, log line, environment or command line of ours", async () => {
    await lab.ssh("echo x");
    const session = await lab.ended(), pid = lab.proxy.pids()[0] ?? 0;
    expect(readFileSync(lab.recording(session).file).includes(APP_PASSWORD)).toBe(false);
    expect(lab.lines.join("\n")).not.toContain(APP_PASSWORD);
    expect(readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").filter((v) => v !== "" && !v.startsWith("NODE_CHANNEL_"))).toEqual([]);
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(-2)).toEqual([join(lab.dir, "control.sock"), ""]);
  });
});

/** A real terminal: rows and columns are set, then the client runs in it; lines of `steps` are typed after their delay in seconds. */
const PTY = `
import fcntl, json, os, pty, select, struct, sys, termios, time
argv, rows, cols, steps = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0)); os.execvp(argv[0], argv)
out, begun = b"", time.time()
while True:
    r, _, _ = select.select([fd], [], [], 0.02)
    if r:
        try: data = os.read(fd, 65536)
        except OSError: break
        if not data: break
        out += data
    if steps and steps[0][0].encode() in out:
        mark, what = steps.pop(0)
        if isinstance(what, list): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", what[0], what[1], 0, 0))
        else: os.write(fd, what.encode())
    if time.time() - begun > 40: os.kill(pid, 9); break
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(out); sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(status))
`;
/** ssh hears of a new size by a signal, and may read what is typed first. */
const SEES_RESIZE = 'until stty size | grep "^40 12""0"; do sleep 0.1; done';
type Step = readonly [after: string, what: string | readonly [number, number]];
const inTerminal = (argv: readonly string[], rows: number, cols: number, steps: readonly Step[]) =>
  collect(spawn("python3", ["-c", PTY, JSON.stringify([["ssh", ...argv], rows, cols, steps])], { stdio: ["ignore", "pipe", "pipe"] }));

describe("a shell in a terminal", () => {
  test("size, resize, Ctrl-C and exit code pass; the recording is what the screen showed", async () => {
    const said = await inTerminal(lab.argv(), 33, 101, [
      ["$ ", "PS1='%''% '; stty size\n"], ["33 101", "sleep 30\n"], ["sleep 30\r\n", "\x03"], ["^C", [40, 120]], ["^C", SEES_RESIZE + "; echo h\u00e9llo\n"], ["héllo\r\n", "exit 5\n"]]);
    const session = await lab.ended(), { frames } = lab.recording(session);
    expect(said.stderr).toBe("");
    expect(said.code).toBe(5);
    expect(said.stdout.toString()).toContain("40 120");
    expect(bytesOf(frames, "output").equals(said.stdout)).toBe(true);
    expect(bytesOf(frames, "input").length).toBe(0);
    expect([...new Set(frames.filter((f) => f.type === "resize").map((f) => f.data.toString()))]).toEqual(["120x40"]);
    const [head, ...events] = [...toAsciicast(frames)].map((l) => JSON.parse(l) as [number, string, string]);
    expect(head).toMatchObject({ version: 2, width: 101, height: 33 });
    expect(events.filter((e) => e[1] === "o").map((e) => e[2]).join("")).toBe(said.stdout.toString());
    expect(transcript(frames)).toContain("héllo\n");
    expect(session.ended?.ledger.channels[0]).toMatchObject({ kind: "shell", record: "full", exit: 5, in: { recorded: 0, sha256: null } });
  });
  test("input is recorded where the policy says so", async () => {
    lab.broker.terms = { ...lab.broker.terms, recordInput: true };
    await inTerminal(lab.argv(), 24, 80, [["$ ", "exit 0\n"]]);
    lab.broker.terms = { ...lab.broker.terms, recordInput: false };
    expect(bytesOf(lab.recording(await lab.ended()).frames, "input").toString()).toBe("exit 0\n");
  });
  test("without a terminal: ssh -T and ssh -tt", async () => {
    expect((await lab.ssh(undefined, { stdin: Buffer.from("echo plain; exit 4\n"), options: ["-T"] })).code).toBe(4);
    const said = await lab.ssh("test -t 0 && test -t 1 && echo tty", { options: ["-tt"] });
    expect([said.code, said.stdout.toString()]).toEqual([0, "tty\r\n"]);
  });
});

describe("default deny", () => {
  const refusedOf = async (): Promise<string[]> => (await lab.ended()).events.flatMap((e) => e.kind === "refused" ? [e.what] : []);
  test("forwarding there and back, agent and X11: refused, with an event, and the command still runs", async () => {
    const agent = execFileSync("ssh-agent", ["-s"]).toString(), sock = /SSH_AUTH_SOCK=([^;]+)/.exec(agent)?.[1] ?? "", pid = Number(/SSH_AGENT_PID=(\d+)/.exec(agent)?.[1]);
    try {
      const before = lab.broker.refusals.length, said = await lab.ssh("echo \"<$SSH_AUTH_SOCK><$DISPLAY>\"; sleep 0.3", { options: ["-A", "-X", "-R", "0:127.0.0.1:22"], env: { SSH_AUTH_SOCK: sock, DISPLAY: ":99" } });
      expect([said.code, said.stdout.toString()]).toEqual([0, "<><>\n"]);
      for (const what of ["agent forwarding", "port forwarding back (-R)"]) expect(said.stderr).toContain(`lockstep: Your access does not include ${what}.\n`);
      const refused = [...await refusedOf(), ...lab.broker.refusals.slice(before).flatMap((r) => r.what)];
      expect(refused.filter((w) => w !== "x11").sort()).toEqual(["agent", "forwarded-tcpip"]);
    } finally { process.kill(pid); }
  });
  test("-W (direct-tcpip) is refused", async () => {
    const said = await lab.ssh(undefined, { options: ["-o", "LogLevel=INFO", "-W", "127.0.0.1:22"] });
    expect(said.code).toBe(255);
    expect(said.stderr).toMatch(/open failed|forwarding failed/);
    await eventually(() => lab.broker.refusals.at(-1)?.what[0] === "direct-tcpip");
    expect(lab.broker.refusals.at(-1)).toMatchObject({ login: "login-of-requester", to: { account: "app1", target: "web-1" }, what: ["direct-tcpip"] });
  });
  test("sftp gets a sentence", async () => {
    const said = await lab.ssh("sftp", { options: ["-s"] });
    expect(said.stderr).toContain("Your access does not include file transfer by sftp.");
    expect(said.code).toBe(255);
    await eventually(() => lab.broker.refusals.at(-1)?.what.includes("sftp"));
  });
  test("a kind of channel the terms do not hold", async () => {
    lab.broker.terms = { ...lab.broker.terms, channels: ["exec"] };
    const path = join(lab.dir, "mux2"), master = lab.start("sleep 5", { options: ["-M", "-S", path] });
    await eventually(() => { try { execFileSync("ssh", ["-S", path, "-O", "check", "x"], { stdio: "ignore" }); return true; } catch { return false; } });
    const said = await lab.ssh(undefined, { options: ["-S", path, "-T"], stdin: Buffer.from("id\n") });
    expect([said.code, said.stderr.trim(), said.stdout.toString()]).toEqual([255, "lockstep: Your access does not include shell.", ""]);
    master.kill();
    lab.broker.terms = { ...lab.broker.terms, channels: ["shell", "exec"] };
    expect(await refusedOf()).toEqual(["shell"]);
    rmSync(path, { force: true });
  });
  test("a name without an account gets the way to write it; an unknown one the broker's sentence", async () => {
    const alone = await lab.ssh("id", { user: "requester" }), unknown = await lab.ssh("id", { user: "requester@nobody@web-1" });
    expect([alone.code, alone.stderr]).toEqual([255, expect.stringContaining("ssh person@account@target@broker")]);
    expect([unknown.code, unknown.stderr]).toEqual([255, "lockstep: There is no such account for you.\n"]);
    await eventually(() => lab.broker.refusals.some((r) => r.to === null && r.what[0] === "exec without an account"));
  });
});
