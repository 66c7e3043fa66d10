/**
 * The demo's desktop: a third host with a real xrdp on it, and guacd by the project's own script. Rule: where it cannot be had the demo goes on without
 * it and says why in one sentence; the pages then offer none.
 */
import { addAccount, adopt } from "../../src/flow/accounts.ts";
import type { Deps } from "../../src/flow/deps.ts";
import type { Caller } from "../../src/flow/record.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { linuxHost, type LinuxHost } from "../../test/lab/host.ts";
import { needs, XRDP_PACKAGES } from "../../test/lab/needs.ts";
import { scratch } from "../../test/lab/scratch.ts";
import { xrdp, type Xrdp } from "../../test/lab/xrdp.ts";
import { getGuacd } from "../guacd/get.ts";
import { startGuacd, type RunningGuacd } from "../guacd/start.ts";

export const NAME = "desk-1", PERSON = "analyst";
export type Desktop = { readonly host: LinuxHost; readonly rdp: Xrdp; readonly guacd: RunningGuacd; readonly root: string; close(): Promise<void> };

/** What is said of something that does not come up. */
export const whyNot = (error: unknown): string => (error instanceof Error ? error.message : String(error)).trim().split("\n")[0]!;

/** Installs and fetches what it takes, and answers why that cannot be; null: it can. Before any host is raised, since apt changes the tree they stand on. */
export const desktopReady = async (): Promise<string | null> => {
  try {
    await getGuacd();
    await needs({ linux: true, root: true, debian: XRDP_PACKAGES }, "The demo's desktop");
    return null;
  } catch (error) { return whyNot(error); }
};

/** A terminal on a plain ground, which greets. */
const SCREEN = `#!/bin/sh
xsetroot -solid '#205080'
exec xterm -geometry 100x30+40+40 -fa 'DejaVu Sans Mono' -fs 11 -bg white -fg black -e sh -c '
echo "This is $(hostname), as $(id -un). Nobody was told the password."; echo "What you see and where you point is recorded."; echo; exec bash'
`;
/** `root` changes the passwords there. */
export const raiseDesktop = async (word: () => string): Promise<Desktop> => {
  const root = word(), [host, guacd] = await Promise.all([linuxHost({ name: NAME, rootPassword: root, accounts: { [PERSON]: word() } }), scratch("guacd", false).then((dir) => startGuacd(dir))]);
  const close = async (): Promise<void> => { await guacd.destroy(); await host.destroy(); };
  try { return { host, guacd, root, rdp: await xrdp(host, undefined, SCREEN), close }; } catch (error) { await close(); throw error; }
};

/** For the broker's environment. */
export const desktopEnv = ({ guacd }: Desktop): Record<string, string> => ({ LOCKSTEP_GUACD: `${guacd.host}:${guacd.port}`, LOCKSTEP_GUACD_HOME: guacd.home });

export const DESKTOP_POLICY = {
  name: "Desktops, by session",
  terms: { preset: "session" as const, maxMinutes: 60, reconnectGraceSeconds: 5 }, binding: { tags: ["desktop"], accountNames: [PERSON] },
};

export const addDesktop = async (deps: Deps, operator: Caller, { host, rdp, root }: Desktop): Promise<AccountId[]> => {
  const settings = { hostKeys: [host.hostKey], sudo: false, rdpPort: rdp.port, rdpCertificates: [await rdp.fingerprint()], rdpSecurity: "tls" };
  const target = await addTarget(deps, operator, { name: NAME, tags: ["desktop"], platform: "linux-ssh", host: host.host, port: host.port, settings });
  const admin = await addAccount(deps, operator, { target: target.id, name: "root", password: Secret.of(root) });
  await changeTarget(deps, operator, target.id, { administrative: admin.id });
  await adopt(deps, operator, admin.id);
  return [admin.id, (await addAccount(deps, operator, { target: target.id, name: PERSON, adopt: true })).id];
};

/** As the demo's own page of access tells of hosts and accounts. */
export const tellDesktop = ({ host }: Desktop) => ({
  targets: [{ name: NAME, host: host.host, port: host.port, hostKey: host.hostKey, rotatedBy: "root" }],
  accounts: [{ name: "root", target: NAME, policy: null }, { name: PERSON, target: NAME, policy: DESKTOP_POLICY.name }],
});
