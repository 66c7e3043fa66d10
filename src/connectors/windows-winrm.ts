/**
 * Local accounts of a Windows machine over WinRM (PowerShell remoting's transport, by HTTPS). Rule: its certificate is pinned or of your authority, and proven before a login; NTLMv2 or
 * Basic; passwords go by standard input. What is run there: windows-script.ts.
 *
 * The administrative account is a member of the machine's Administrators (the built-in one, or any once LocalAccountTokenFilterPolicy is 1), the others are in Remote Management
 * Users, or nobody can prove their passwords this way. No real Windows was at hand: docs/platforms/windows-winrm.md says what was tried instead.
 */
import { z } from "zod";
import { systemClock, type Clock, type Random } from "../kernel/clock.ts";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import { times } from "../kernel/times.ts";
import { tlsIdentity } from "../wires/http.ts";
import { desktopComplete, windowsDesktop } from "../wires/desktop.ts";
import { certificatePin, certifiedBy, certifiedShape, complete } from "../wires/trust.ts";
import { WinrmFailure, withWinrm, type WinrmLogin } from "../wires/winrm.ts";
import type { Connector, Credential } from "./connector.ts";
import { connector } from "./connector.ts";
import { forbidden, windowsAccounts, type Failed, type Way } from "./windows-accounts.ts";
import { windowsFollower } from "./windows-follow.ts";
import { naming } from "./windows-names.ts";
import { POWERSHELL } from "./windows-script.ts";

const own = z.object({
  ...certifiedShape,
  login: z.enum(["ntlm", "basic"]).default("ntlm").describe("ntlm: what Windows offers by itself. basic: the password itself under TLS, where the machine was told to take it."),
  machine: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,14}$|^$/, "the machine's own name, up to 15 letters and digits").default("")
    .describe("The machine's own name, as `hostname` says it, if logins have to name it. If empty, what the machine itself says."),
});
export const config = own.extend(windowsDesktop).superRefine(complete).superRefine(desktopComplete);
export type WindowsWinrmConfig = z.infer<typeof own>;
type Config = WindowsWinrmConfig;
const LIMIT = times();

const KINDS: Readonly<Record<WinrmFailure["kind"], Failed["kind"]>> = { unreachable: "reach", identity: "identity", auth: "login", denied: "denied", protocol: "reach", cut: "reach" };
const way = (random: Random, clock: Pick<Clock, "now">): Way<Config> => {
  const login = (c: Config, link: Link, who: Credential, signal: AbortSignal): WinrmLogin => ({
    link, trust: certifiedBy(c), method: c.login, user: who.name, domain: c.machine, password: () => reveal(who.secret), random, now: () => clock.now(),
    signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT.changeLimit)]),
  });
  return {
    remote: true,
    session: (c, link, who, signal, use) => withWinrm(login(c, link, who, signal), (shell) => use({ proof: shell.proof, run: async (script, input) => (await shell.run("powershell.exe", POWERSHELL(script), input)).stdout })),
    knock: (c, link, who, signal) => withWinrm(login(c, link, who, signal), () => Promise.resolve()),
    failed: (e) => e instanceof WinrmFailure ? { kind: KINDS[e.kind], why: e.why } : { kind: "reach", why: "the connection failed in a way we do not know" },
  };
};

const SHOW = "Get-ChildItem WSMan:\\localhost\\Listener, then (Get-Item Cert:\\LocalMachine\\My\\THUMBPRINT).GetCertHashString('SHA256')";
export const windowsWinrm = (random: Random, clock: Pick<Clock, "now"> = systemClock): Connector<Config> => connector<Config>({
  platform: "windows-winrm", config: config as unknown as z.ZodType<Config>, forbidden, naming, ...windowsAccounts(way(random, clock)), follower: windowsFollower(way(random, clock)),
  identity: async (link, signal) => {
    const shown = await tlsIdentity(link, signal);
    if (shown === null) throw new WinrmFailure("unreachable", "what answers there speaks no TLS: WinRM is spoken over HTTPS alone");
    return shown;
  },
  pin: (identity) => identity === "plain" ? undefined : certificatePin(identity, SHOW, ""),
});
