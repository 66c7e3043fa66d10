/**
 * What each policy gives of each thing a client can ask for, cell by cell, by the stock client against the real proxy and a real sshd. Rule: the
 * expectation is written here by hand, not asked of the code; a given thing must work, a refused one must say why.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChannelKind } from "../../proxy/channel.ts";
import type { Client } from "../../src/wires/ssh.ts";
import { ssh2 } from "../../src/wires/ssh-tuned.ts";
import { CLIENT_PACKAGES, needs } from "../lab/needs.ts";
import { run } from "../lab/run.ts";
import type { Lab } from "./ssh-lab.ts";
import { collect, eventually, sshLab } from "./ssh-lab.ts";

const ASKS = [
  "terminal",
  "shell",
  "exec",
  "scp",
  "sftp",
  "subsystem",
  "there",
  "elsewhere",
  "back",
  "back everywhere",
  "socket",
  "socket back",
  "agent",
  "x11",
] as const;
type Ask = (typeof ASKS)[number];
type Policy = { readonly channels: readonly ChannelKind[]; readonly forwardTo: readonly string[]; readonly gives: readonly Ask[] };
const itself = ["localhost:*"],
  everything = ["shell", "exec", "sftp", "scp", "direct-tcpip", "forwarded-tcpip", "streamlocal", "agent", "x11", "subsystem"] as const;
const POLICIES: Readonly<Record<string, Policy>> = {
  "the usual": { channels: ["shell", "exec", "sftp", "scp"], forwardTo: itself, gives: ["terminal", "shell", "exec", "scp", "sftp"] },
  commands: { channels: ["exec"], forwardTo: ["*:*", "/*"], gives: ["exec"] },
  "a shell": { channels: ["shell"], forwardTo: itself, gives: ["terminal", "shell"] },
  forwards: {
    channels: ["direct-tcpip", "forwarded-tcpip", "streamlocal"],
    forwardTo: [...itself, "/home/app1/*.sock"],
    gives: ["there", "back", "socket", "socket back"],
  },
  "beside a command": { channels: ["exec", "subsystem", "agent", "x11"], forwardTo: itself, gives: ["exec", "subsystem", "agent", "x11"] },
  everything: { channels: everything, forwardTo: ["*:*", "/*"], gives: ASKS.filter((a) => a !== "back everywhere") },
};
/** The sentence where the kind itself is not given; where it is, something narrower was asked for. */
const REASON: Readonly<Record<Ask, string>> = {
  terminal: "include shell.",
  shell: "include shell.",
  exec: "include exec.",
  scp: "include file transfer by scp.",
  sftp: "include file transfer by sftp.",
  subsystem: "include this subsystem.",
  there: "include port forwarding (-L, -D).",
  elsewhere: "include port forwarding (-L, -D).",
  back: "include port forwarding back (-R).",
  "back everywhere": "include port forwarding back (-R).",
  socket: "include forwarding of sockets.",
  "socket back": "include forwarding of sockets.",
  agent: "include agent forwarding.",
  x11: "include X11 forwarding.",
};
const reasonFor = (ask: Ask, { channels }: Policy, port: number): string => {
  if (ask === "elsewhere" && channels.includes("direct-tcpip")) return `include forwarding to db.internal:${port}.`;
  if (ask === "back everywhere" && channels.includes("forwarded-tcpip")) return "The target listens for you on its own loopback address only";
  // Both come beside a command, so without one it is the command that is refused.
  if ((ask === "agent" || ask === "x11") && !channels.includes("exec")) return REASON.exec;
  return REASON[ask];
};

let lab: Lab,
  echo: Server,
  port: number,
  env: Record<string, string>,
  stopAgent = (): void => undefined;
beforeAll(async () => {
  await needs({ debian: CLIENT_PACKAGES, root: true }, "The test of channels by policy");
  lab = await sshLab({ sshd: "X11Forwarding yes\nAllowStreamLocalForwarding yes\nSubsystem echo /bin/cat\nMaxStartups 100\n" });
  echo = createServer((s) => {
    s.on("error", () => undefined);
    s.pipe(s);
  });
  await new Promise<void>((up) => {
    echo.listen(0, "127.0.0.1", up);
  });
  ({ port } = echo.address() as AddressInfo);
  await lab.host.exec("echo 127.0.0.1 db.internal >> /etc/hosts");
  const serve =
    "import socket,os\ns=socket.socket(socket.AF_UNIX); s.bind('/home/app1/s.sock'); s.listen(9)\nwhile True:\n c,_=s.accept(); c.sendall(c.recv(99)); c.close()\n";
  await lab.host.write("/home/app1/serve.py", serve);
  await lab.host.exec("chown app1 /home/app1/serve.py; su app1 -c 'setsid python3 /home/app1/serve.py >/dev/null 2>&1 </dev/null &'");
  const path = join(lab.dir, "agent"),
    auth = join(lab.dir, "xauth"),
    agent = spawn("ssh-agent", ["-D", "-a", path], { stdio: "ignore" });
  stopAgent = () => {
    agent.kill();
  };
  await collect(spawn("xauth", ["-f", auth, "add", ":77", "MIT-MAGIC-COOKIE-1", "00112233445566778899aabbccddeeff"]));
  env = { SSH_AUTH_SOCK: path, DISPLAY: ":77", XAUTHORITY: auth };
}, 300_000);
afterAll(async () => {
  stopAgent();
  echo?.close();
  await lab?.[Symbol.asyncDispose]();
});

/** What came of it: what it printed where it worked, and every sentence. */
type Came = { readonly out: string; readonly said: string };
const stock = async (options: string[], command: string | undefined, stdin: string | Buffer = ""): Promise<Came> => {
  const s = await lab.ssh(command, { options: ["-o", "LogLevel=INFO", ...options], stdin: Buffer.from(stdin), env });
  return { out: s.stdout.toString("latin1"), said: s.stderr };
};
const sftp = async (): Promise<Came> => {
  const argv = lab.argv(["-o", "LogLevel=INFO"]),
    options = argv.slice(0, -1).map((a) => (a === "-p" ? "-P" : a));
  const child = spawn("sftp", [...options, "-b", "-", argv.at(-1) ?? ""], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined).end("pwd\n");
  const s = await collect(child);
  return { out: s.stdout.toString(), said: s.stderr };
};
const raw = (): Promise<Client> =>
  new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client
      .on("ready", () => resolve(client))
      .on("error", reject)
      .connect({
        host: "127.0.0.1",
        port: lab.proxy.port,
        username: "requester@app1@web-1",
        privateKey: readFileSync(join(lab.dir, "person_key")),
        strictVendor: false,
      });
  });
/** A refused global request has no words of its own: the next channel tells the person. */
const notes = (client: Client): Promise<string> =>
  new Promise((resolve, reject) =>
    client.exec("true", (error, channel) => {
      if (error) return reject(error);
      let said = "";
      channel.resume().stderr.on("data", (d: Buffer) => {
        said += d.toString();
      });
      channel.on("close", () => resolve(said));
    }),
  );
const listening = async (ask: (client: Client, done: (error: Error | undefined) => void) => void): Promise<Came> => {
  const client = await raw();
  try {
    const error = await new Promise<Error | undefined>((done) => ask(client, done));
    return error === undefined ? { out: "42", said: "" } : { out: "", said: await notes(client) };
  } finally {
    client.end();
  }
};
const socketAt = (path: string): Promise<boolean> => eventually(async () => (await lab.host.exec(`test -S ${path}`)).code === 0);

const DO: Readonly<Record<Ask, () => Promise<Came>>> = {
  terminal: () => stock(["-tt"], undefined, "echo $((6*7)); exit\n"),
  shell: () => stock(["-T"], undefined, "echo $((6*7))\n"),
  exec: () => stock([], "echo $((6*7))"),
  scp: () => stock([], "scp -f /etc/hostname", "\0\0\0"),
  sftp: () => sftp(),
  subsystem: () => stock(["-s"], "echo", "42\n"),
  there: () => stock(["-W", `127.0.0.1:${port}`], undefined, "42"),
  elsewhere: () => stock(["-W", `db.internal:${port}`], undefined, "42"),
  back: () => listening((client, done) => client.forwardIn("localhost", 0, (error) => done(error))),
  "back everywhere": () => listening((client, done) => client.forwardIn("0.0.0.0", 0, (error) => done(error))),
  socket: async () => {
    const client = await raw();
    try {
      return await new Promise<Came>((done) =>
        client.openssh_forwardOutStreamLocal("/home/app1/s.sock", (error, channel) => {
          if (error) return done({ out: "", said: error.message });
          channel.once("data", (d: Buffer) => done({ out: d.toString(), said: "" })).write("42");
        }),
      );
    } finally {
      client.end();
    }
  },
  "socket back": async () => {
    await lab.host.exec("rm -f /home/app1/b.sock");
    return listening((client, done) =>
      client.openssh_forwardInStreamLocal("/home/app1/b.sock", (error) => {
        if (error) done(error);
        else socketAt("/home/app1/b.sock").then(() => done(undefined), done);
      }),
    );
  },
  agent: () => stock(["-A"], 'echo "<$SSH_AUTH_SOCK>"; ssh-add -l'),
  x11: () => stock(["-Y"], 'echo "<$DISPLAY>"'),
};
const WORKED: Readonly<Record<Ask, RegExp>> = {
  terminal: /42/,
  shell: /42\n$/,
  exec: /^42\n$/,
  scp: /^C0[0-7]{3} /,
  sftp: /working directory: \/home\/app1\n$/,
  subsystem: /^42\n$/,
  there: /^42$/,
  elsewhere: /^42$/,
  back: /^42$/,
  "back everywhere": /^42$/,
  socket: /^42$/,
  "socket back": /^42$/,
  agent: /^<\/.+>\nThe agent has no identities\.\n$/,
  x11: /^<.+:\d+/,
};

describe.each(Object.entries(POLICIES))("a policy that gives %s", (_name, policy) => {
  beforeAll(() => {
    lab.broker.terms = { ...lab.broker.terms, channels: [...policy.channels], forwardTo: [...policy.forwardTo], record: "head" };
  });
  test.each(ASKS)("%s", async (ask) => {
    const before = lab.broker.sessions.length,
      { out, said } = await DO[ask]();
    if (policy.gives.includes(ask)) return expect(out, said).toMatch(WORKED[ask]);
    expect(out).not.toMatch(WORKED[ask]);
    expect(said).toContain(`lockstep: ${reasonFor(ask, policy, port).replace(/^include/, "Your access does not include")}`);
    const kinds = lab.broker.sessions.slice(before).flatMap((s) => s.events.flatMap((e) => (e.kind === "channel_opened" ? [e.type] : [])));
    expect(
      kinds.filter((k) => !policy.channels.includes(k)),
      "nothing opened that the policy does not give",
    ).toEqual([]);
  });
});
test("84 cells", () => expect(ASKS.length * Object.keys(POLICIES).length).toBe(84));

test("ssh-audit finds nothing but the marker of strict key exchange, which its version does not know", async () => {
  const { stdout } = await run("ssh-audit", ["-n", "-p", String(lab.proxy.port), "127.0.0.1"]);
  expect(stdout).toContain("(kex) curve25519-sha256 ");
  expect(
    stdout
      .split("\n")
      .filter((line) => /\[(warn|fail)\]/.test(line))
      .map((line) => line.replace(/\s+/g, " ")),
  ).toEqual(["(kex) kex-strict-s-v00@openssh.com -- [warn] unknown algorithm"]);
  expect(stdout).not.toMatch(/CVE-|recommendations/);
});
