/**
 * The one place of the desktops' proxy where a password is opened. Rules: (law rdp-pinning) it is handed to guacd alone, which was told of one
 * address and of the certificates it must show there; it is in none of our objects afterwards.
 */
import { openBox } from "../../src/crypto/box.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import type { Gate } from "../../src/wires/gate.ts";
import type { Grant, RdpGrant } from "../channel.ts";
import { BOX } from "../channel.ts";
import type { Deps } from "../deps.ts";
import type { GuacdPlace } from "../ipc.ts";
import { driveOf } from "./drive.ts";
import type { Guacd, Heard } from "./guac.ts";
import { openGuacd } from "./guac.ts";
import type { Screen } from "./messages.ts";
import { trustOnly } from "./pins.ts";
import type { Server } from "./upstream.ts";

const yes = (on: boolean): string => (on ? "true" : "");
/** Everything guacd is told but the password. What is not named stays off or unset. */
type Settings = Record<string, string | string[]>;
const rdpSettings = (grant: Grant, { security, domain }: RdpGrant, gate: Gate, screen: Screen, home: string): Settings => {
  const { clipboardIn, clipboardOut, filesIn, filesOut } = grant.terms;
  return {
    hostname: gate.host, port: String(gate.port), username: grant.username, domain, security, "ignore-cert": "", "client-name": "lockstep",
    width: String(screen.width), height: String(screen.height), dpi: String(screen.dpi), "color-depth": "24", "resize-method": "display-update", "server-layout": screen.layout,
    "enable-font-smoothing": "true", "disable-audio": "true", "disable-copy": yes(!clipboardOut), "disable-paste": yes(!clipboardIn),
    "enable-drive": yes(filesIn || filesOut), "drive-name": "Lockstep", "drive-path": driveOf(home, grant.session), "create-drive-path": "true",
    "disable-upload": yes(!filesIn), "disable-download": yes(!filesOut), image: ["image/png", "image/jpeg"],
  };
};

const vncSettings = (grant: Grant, gate: Gate, screen: Screen): Settings => {
  const { clipboardIn, clipboardOut } = grant.terms;
  return {
    hostname: gate.host, port: String(gate.port), username: grant.username,
    width: String(screen.width), height: String(screen.height), dpi: String(screen.dpi), "color-depth": "24",
    "disable-copy": yes(!clipboardOut), "disable-paste": yes(!clipboardIn), "enable-audio": "", "enable-sftp": "", image: ["image/png", "image/jpeg"],
  };
};

type At = { readonly gate: Gate; readonly guacd: GuacdPlace; readonly screen: Screen };
/** guacd on its way to the target as the granted account. Throws Fault when it cannot be told whom to trust. */
export const dialDesktop = (grant: Grant, server: Server, at: At, deps: Deps, heard: Heard): Guacd => {
  if (server.kind === "rdp") trustOnly(at.guacd.home, at.gate, server.certificates);
  // Of a VNC server with a password of its own it is that one, read over the account's login a moment ago.
  using password = server.kind === "vnc" && server.security !== "login" ? server.password
    : openBox(deps.box.privateKey, BOX.password(grant.session), grant.password);
  // The library answers guacd's `args` later, by these names: the one copy it holds is taken out of it once they have been sent.
  const settings: Settings = server.kind === "rdp" ? rdpSettings(grant, server, at.gate, at.screen, at.guacd.home)
    : vncSettings(grant, at.gate, at.screen);
  settings["password"] = reveal(password);
  const ready = (): void => { delete settings["password"]; };
  const told: Heard = { ...heard, instruction: (text) => { ready(); heard.instruction(text); }, gone: (how) => { ready(); heard.gone(how); } };
  return openGuacd(at.guacd, server.kind, settings, told, deps.clock);
};

/** Joins a running connection for looking alone: no password, and no hand of anybody's. `id` is guacd's own, and goes nowhere else. */
export const joinDesktop = (at: GuacdPlace, id: string, heard: Heard, deps: Pick<Deps, "clock">): Guacd => openGuacd(at, id, {
  width: "1024", height: "768", dpi: "96", image: ["image/png", "image/jpeg"], "read-only": "true", "disable-audio": "true",
  "disable-copy": "true", "disable-paste": "true", "disable-upload": "true", "disable-download": "true",
}, heard, deps.clock);
