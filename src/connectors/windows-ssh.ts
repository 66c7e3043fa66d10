/**
 * Local accounts of a Windows machine over its OpenSSH server. Rule: the host key is pinned; PowerShell is started with a script that holds no value, whatever the account's shell is, and what is
 * secret goes by standard input. What is run there: windows-script.ts.
 *
 * The administrative account is a member of the machine's Administrators: over SSH it has all of its rights. It logs in by password, or by a key if the vault holds one of it. No real Windows was at
 * hand: docs/platforms/windows-ssh.md says what was tried instead.
 */
import { z } from "zod";
import type { Link } from "../kernel/link.ts";
import { times } from "../kernel/times.ts";
import { authOf, connectSsh, exec, ExecFailure, fetchHostKey, hostKeyOf, keyFingerprint, keyPin, SshFailure, type Client } from "../wires/ssh.ts";
import { desktopComplete, windowsDesktop } from "../wires/desktop.ts";
import type { Connector, Credential } from "./connector.ts";
import { connector } from "./connector.ts";
import { forbidden, windowsAccounts, type Failed, type Way } from "./windows-accounts.ts";
import { windowsFollower } from "./windows-follow.ts";
import { naming } from "./windows-names.ts";
import { POWERSHELL } from "./windows-script.ts";

const own = z.object({ /** Pinned OpenSSH public-key lines. */ hostKeys: z.array(z.string().min(1)).min(1) });
export const config = own.extend(windowsDesktop).superRefine(desktopComplete);
export type WindowsSshConfig = z.infer<typeof own>;
type Config = WindowsSshConfig;
const LIMIT = times(), KEEP = 4 * 1024 * 1024;

const login = (c: Config, link: Link, who: Credential, signal: AbortSignal): Promise<Client> =>
  connectSsh({ link, username: who.name, auth: authOf(who.secret), hostKeys: c.hostKeys, timeoutMs: LIMIT.targetDial, signal });
const KINDS: Readonly<Record<SshFailure["kind"], Failed["kind"]>> = { unreachable: "reach", timeout: "reach", closed: "reach", protocol: "reach", identity: "identity", auth: "login", must_change: "login" };
/** Words of base64 and options alone: cmd.exe and PowerShell, whichever the machine starts, read the same line. */
const COMMAND = (script: string): string => ["powershell.exe", ...POWERSHELL(script)].join(" ");

const way: Way<Config> = {
  remote: false,
  knock: async (c, link, who, signal) => { (await login(c, link, who, signal)).end(); },
  session: async (c, link, who, signal, use) => {
    const client = await login(c, link, who, signal);
    try {
      return await use({ proof: keyFingerprint(hostKeyOf(client)), run: async (script, input) => (await exec(client, COMMAND(script), { signal, timeoutMs: LIMIT.changeLimit, input, keep: KEEP })).stdout });
    } finally { client.end(); }
  },
  failed: (e) => e instanceof SshFailure ? { kind: KINDS[e.kind], why: e.why } : { kind: "reach", why: e instanceof ExecFailure ? e.message : "the connection failed in a way we do not know" },
};

export const windowsSsh = (): Connector<Config> => connector<Config>({
  platform: "windows-ssh", config: config as z.ZodType<Config>, forbidden, naming, ...windowsAccounts(way), follower: windowsFollower(way),
  identity: (link, signal) => fetchHostKey(link, signal, LIMIT.targetDial), pin: keyPin,
});
