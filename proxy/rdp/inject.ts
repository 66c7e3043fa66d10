/**
 * The one place of the RDP proxy where an account's password is opened. Rules: (law rdp-pinning) it is handed to guacd alone, which was told of one
 * address and of the certificates it must show there; it is in none of our objects afterwards.
 */
import { openBox } from "../../src/crypto/box.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import type { RdpGate } from "../../src/wires/rdp-gate.ts";
import type { DesktopGrant, Grant } from "../channel.ts";
import { BOX } from "../channel.ts";
import type { Deps } from "../deps.ts";
import type { GuacdPlace } from "../ipc.ts";
import type { Guacd, Heard } from "./guac.ts";
import { openGuacd } from "./guac.ts";
import type { Screen } from "./messages.ts";
import { trustOnly } from "./pins.ts";

/** The session's own folder, which guacd makes. */
export const driveOf = (home: string, session: string): string => `${home}/drives/${session}`;

const yes = (on: boolean): string => (on ? "true" : "");
/** Everything guacd is told but the password. What is not named stays off or unset. */
const settingsOf = (grant: Grant, { security, domain }: DesktopGrant, gate: RdpGate, screen: Screen, home: string): Record<string, string | string[]> => {
  const { clipboardIn, clipboardOut, filesIn, filesOut } = grant.terms;
  return {
    hostname: gate.host, port: String(gate.port), username: grant.username, domain, security, "ignore-cert": "", "client-name": "lockstep",
    width: String(screen.width), height: String(screen.height), dpi: String(screen.dpi), "color-depth": "24", "resize-method": "display-update", "server-layout": screen.layout,
    "enable-font-smoothing": "true", "disable-audio": "true", "disable-copy": yes(!clipboardOut), "disable-paste": yes(!clipboardIn),
    "enable-drive": yes(filesIn || filesOut), "drive-name": "Lockstep", "drive-path": driveOf(home, grant.session), "create-drive-path": "true",
    "disable-upload": yes(!filesIn), "disable-download": yes(!filesOut), image: ["image/png", "image/jpeg"],
  };
};

/** guacd on its way to the target as the granted account. Throws Fault when it cannot be told whom to trust. */
export const dialDesktop = (grant: Grant, desktop: DesktopGrant, at: { gate: RdpGate; guacd: GuacdPlace; screen: Screen }, deps: Deps, heard: Heard): Guacd => {
  trustOnly(at.guacd.home, at.gate, desktop.certificates);
  using password = openBox(deps.box.privateKey, BOX.password(grant.session), grant.password);
  // The library answers guacd's `args` later, by these names: the one copy it holds is taken out of it once they have been sent.
  const settings: Record<string, string | string[]> = { ...settingsOf(grant, desktop, at.gate, at.screen, at.guacd.home), password: reveal(password) };
  const ready = (): void => { delete settings["password"]; };
  return openGuacd(at.guacd, "rdp", settings, { ...heard, instruction: (text) => { ready(); heard.instruction(text); }, gone: (how) => { ready(); heard.gone(how); } }, deps.clock);
};
