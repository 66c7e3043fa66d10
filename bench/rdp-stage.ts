/**
 * What bench/rdp.ts measures on: one host with xrdp, one guacd, a broker in processes of its own, guacamole-lite in another. Rule: each way has accounts
 * of its own, as xrdp hands a second login the first one's desktop; all of them see the same desktop with the same settings.
 */
import { createCipheriv, randomBytes } from "node:crypto";
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { acceptIdentity } from "../src/flow/identity.ts";
import { setDesktop } from "../src/flow/desktop.ts";
import * as targets from "../src/store/targets.ts";
import { loginAs, ticketFor, type Login } from "../test/e2e/web.ts";
import { until, word, world, type Child, type World } from "../test/e2e/world.ts";
import { guacd, type RunningGuacd } from "../test/lab/guacd.ts";
import { xrdp, type Xrdp } from "../test/lab/xrdp.ts";
import type { Seat } from "./rdp-crowd.ts";

export type Way = "ours" | "bare";
export type RdpStage = AsyncDisposable & {
  readonly guacd: RunningGuacd; readonly portal: number; readonly workers: readonly number[]; readonly bare: number;
  /** A page's place at the i-th desktop of a way; the 0th is the one that is typed into. */
  seat(way: Way, i: number): Promise<Seat>;
  /** The first `n` draw; the others rest. */
  busy(way: Way, n: number): Promise<void>;
};

const SIZE = { width: 1_024, height: 768 };
/** Which desktop it is says a file; whether it draws says another. */
const SCREEN = "#!/bin/sh\nxsetroot -solid '#205080'\nexec xterm -geometry 130x50+10+10 -fa '' -fn fixed -e /usr/local/bin/at-work\n";
const AT_WORK = `#!/bin/sh
n=$(id -un)
if [ -e /tmp/keys-$n ]; then stty raw -echo; exec cat; fi
exec perl -e '$| = 1; my $f = "/tmp/busy-" . getpwuid($<);
while (1) { if (-e $f) { my $s = ""; for (1 .. 50) { $s .= join("", map { chr(33 + rand 94) } 1 .. 130) . "\\r\\n" } print $s } select(undef, undef, undef, 0.25) }'
`;

const sealed = (key: Buffer, of: object): string => {
  const iv = randomBytes(16), cipher = createCipheriv("aes-256-cbc", key, iv), value = Buffer.concat([cipher.update(JSON.stringify(of)), cipher.final()]);
  return Buffer.from(JSON.stringify({ iv: iv.toString("base64"), value: value.toString("base64") })).toString("base64");
};
/** The same as proxy/rdp/inject.ts tells guacd, but for the certificate. */
const settingsOf = (rdp: Xrdp, username: string, password: string): object => ({
  hostname: rdp.host, port: String(rdp.port), username, password, security: "tls", "ignore-cert": "true", "client-name": "bare", ...SIZE, dpi: 96, "color-depth": "24",
  "resize-method": "display-update", "server-layout": "en-us-qwerty", "enable-font-smoothing": "true", "disable-audio": "true", audio: [], image: ["image/png", "image/jpeg"],
});

type Bare = { readonly pid: number; seat(i: number): Promise<Seat>; close(): void };
const startBare = async (rdp: Xrdp, daemon: RunningGuacd, names: readonly string[], password: string): Promise<Bare> => {
  const child = fork(fileURLToPath(new URL("rdp-bare.ts", import.meta.url)), { stdio: ["ignore", "ignore", "inherit", "ipc"] }), key = randomBytes(32);
  const up = new Promise<number>((resolve, reject) => { child.once("message", (m: { port: number }) => { resolve(m.port); }).once("exit", () => { reject(new Error("guacamole-lite did not come up")); }); });
  child.send({ guacd: { host: daemon.host, port: daemon.port }, key: key.toString("base64") });
  const port = await up, token = (i: number): string => encodeURIComponent(sealed(key, { connection: { type: "rdp", settings: settingsOf(rdp, names[i]!, password) } }));
  return { pid: child.pid!, close: () => child.kill("SIGKILL"), seat: (i) => Promise.resolve({ url: `ws://127.0.0.1:${port}/?token=${token(i)}`, protocols: ["guacamole"], headers: {}, start: null }) };
};

/** Asked, approved, a ticket: as the portal's page does. */
const seatOurs = async (w: World, mine: Login, i: number): Promise<Seat> => {
  const request = await w.access(w.account(i), "requester", 120), told = await ticketFor(w, mine, `/requests/${request}/desktop`);
  const headers = { cookie: mine.cookie, origin: w.origin };
  return { url: `${w.origin.replace(/^http/, "ws")}${told.socket}`, protocols: [told.protocol, `ticket.${told.ticket}`], headers, start: JSON.stringify({ type: "start", ...SIZE }) };
};

const pinned = async (w: World, rdp: Xrdp): Promise<void> => {
  const { deps } = w.core, t = (await targets.named(deps.db, "web-1"))!, certificate = await rdp.fingerprint();
  const after = await setDesktop(deps, w.caller("operator"), t.id, { port: rdp.port, certificate, security: "tls", domain: "" });
  await acceptIdentity(deps, w.caller("second"), t.id, after.identityHash);
  await until("the desktop is accepted", async () => String((await w.standing(w.account(0)))["word"]) === "available");
};
const must = async (w: World, command: string, stdin = ""): Promise<void> => {
  const { code, stderr } = await w.host.exec(command, stdin);
  if (code !== 0) throw new Error(`on the host: ${stderr.slice(-300)}`);
};
const workplaces = async (w: World, names: Record<Way, readonly string[]>, password: string): Promise<void> => {
  await must(w, `for n in ${names.bare.join(" ")}; do useradd -m -s /bin/bash $n; done; chpasswd`, names.bare.map((n) => `${n}:${password}\n`).join(""));
  await w.host.write("/usr/local/bin/at-work", AT_WORK, 0o755);
  await must(w, `touch /tmp/keys-${names.ours[0]!} /tmp/keys-${names.bare[0]!}`);
};

/** For `most` busy desktops each way, and one that is typed into. */
export const rdpStage = async (most: number): Promise<RdpStage> => {
  const daemon = await guacd(), env = { LOCKSTEP_GUACD: `${daemon.host}:${daemon.port}`, LOCKSTEP_GUACD_HOME: daemon.home, LOCKSTEP_WORKERS: "2" };
  const w = await world({ accounts: most + 1, env }), password = word(), names = { ours: w.names, bare: Array.from({ length: most + 1 }, (_, i) => `bare${i}`) };
  let child: Child | undefined, bare: Bare | undefined;
  const dispose = async (): Promise<void> => { bare?.close(); await child?.close(); await w.close(); await daemon.destroy(); };
  try {
    const rdp = await xrdp(w.host, undefined, SCREEN);
    await workplaces(w, names, password);
    await pinned(w, rdp);
    await w.down();
    // As people run it: a test's broker looks for work five times as often.
    w.env["LOCKSTEP_TIMESCALE"] = "1";
    const run = child = await w.child(), lite = bare = await startBare(rdp, daemon, names.bare, password), mine = await loginAs(w, "requester");
    return {
      guacd: daemon, portal: run.child.pid!, workers: run.workers, bare: lite.pid, seat: (way, i) => (way === "ours" ? seatOurs(w, mine, i) : lite.seat(i)),
      busy: (way, n) => must(w, `rm -f /tmp/busy-*${n > 0 ? `; for n in ${names[way].slice(1, n + 1).join(" ")}; do touch /tmp/busy-$n; done` : ""}`),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) { await dispose(); throw error; }
};
