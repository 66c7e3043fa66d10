/** A real desktop behind the proxy: sshd's host with xrdp on it, a real guacd, the session processes. Rule: ends with what it made. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecretKey } from "node:crypto";
import { startSshProxy, type SshProxy } from "../../proxy/pool.ts";
import type { Frame } from "../../src/recordings/frame.ts";
import { readAll, type Verdict } from "../recordings/read.ts";
import { newSshKey } from "../../src/wires/ssh.ts";
import { guacd, type RunningGuacd } from "../lab/guacd.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { xrdp, type Xrdp } from "../lab/xrdp.ts";
import { fakeBroker, type FakeAccount, type FakeBroker, type FakeSession } from "./fake-broker.ts";
import { pageOn, socketTo, type DesktopPage, type PageOptions } from "./rdp-page.ts";
import { eventually } from "./ssh-lab.ts";

export const DESK_PASSWORD = "Desk-Pw-1!ü€9Qz";
export type Carrier = AsyncDisposable & {
  readonly broker: FakeBroker; readonly proxy: SshProxy; readonly dir: string; readonly lines: string[];
  page(account: string, o?: PageOptions): DesktopPage;
  /** Back into a session, and looking on at one: as the portal's doors hand them over. */
  back(session: string, o?: PageOptions): DesktopPage; look(session: string): DesktopPage;
  recording(session: FakeSession): { frames: Frame[]; verdict: Verdict };
  ended(session?: FakeSession): Promise<FakeSession>;
};
type At = { readonly host: string; readonly port: number; readonly home: string };

/** Session processes in front of any guacd. */
export const carrier = async (at: At | undefined, timescale = 1, recordings?: string): Promise<Carrier> => {
  const dir = mkdtempSync(join(tmpdir(), "lockstep-rdp-")), broker = fakeBroker(), lines: string[] = [];
  broker.persons.set("requester", { password: "Person-Pw-1", keys: [] });
  broker.terms = { ...broker.terms, channels: ["desktop"], recordInput: true, graceMs: 0 };
  const proxy = await startSshProxy({
    listen: { host: "127.0.0.1", port: 0 }, hostKeys: [newSshKey()], workers: 1, control: broker, socketPath: join(dir, "control.sock"), recordingsDir: recordings ?? join(dir, "recordings"), timescale, guacd: at,
    log: (level, what, fields) => { lines.push(`${level} ${what} ${JSON.stringify(fields ?? {})}`); },
  });
  return {
    broker, proxy, dir, lines, page: (account, o) => pageOn(socketTo(`/desktop/${encodeURIComponent(account)}/desk-1`, () => proxy.door(null)!), o),
    back: (session, o) => pageOn(socketTo(`/rejoin/${session}`, () => proxy.door(session)!), o),
    look: (session) => pageOn(socketTo(`/look/${session}`, () => proxy.door(session)!), { start: false, polite: false }),
    recording: (session) => readAll(join(recordings ?? join(dir, "recordings"), `${session.recording}.lsr`), createSecretKey(session.key), session.recording),
    ended: async (session) => { const s = session ?? broker.last(); await eventually(() => s.ended); return s; },
    [Symbol.asyncDispose]: async () => { await proxy.close(); rmSync(dir, { recursive: true, force: true }); },
  };
};

export type RdpLab = Carrier & { readonly host: LinuxHost; readonly rdp: Xrdp; readonly guacd: RunningGuacd; account(name: string, over?: Partial<FakeAccount>): FakeAccount };
/** Accounts u1, u2, … of one host: one session each, as xrdp hands a second one the first one's desktop. */
export const rdpLab = async (accounts = 4): Promise<RdpLab> => {
  const names = Array.from({ length: accounts }, (_, i) => `u${i + 1}`);
  const [host, daemon] = await Promise.all([linuxHost({ name: "desk-1", accounts: Object.fromEntries(names.map((n) => [n, DESK_PASSWORD])) }), guacd()]);
  const rdp = await xrdp(host), made = await carrier(daemon), certificates = [await rdp.fingerprint()];
  const account = (name: string, over: Partial<FakeAccount> = {}): FakeAccount => {
    const one: FakeAccount = { host: rdp.host, port: rdp.port, username: name, hostKeys: [], password: DESK_PASSWORD, desktop: { certificates, security: "tls", domain: "" }, ...over };
    made.broker.accounts.set(`${name}@desk-1`, one);
    return one;
  };
  for (const name of names) account(name);
  return Object.assign(made, { host, rdp, guacd: daemon, account, [Symbol.asyncDispose]: async () => {
    await made.proxy.close(); await daemon.destroy(); await host.destroy(); rmSync(made.dir, { recursive: true, force: true });
  } });
};
