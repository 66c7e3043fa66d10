/** The desktop of a target: looked at, compared by a person, pinned. Rule: looking sends no password and keeps nothing; pinning is a change of identity like any other. */
import { z } from "zod";
import { Fault } from "../kernel/fault.ts";
import type { TargetId } from "../kernel/ids.ts";
import { desktopOf, type DesktopSecurity } from "../domain/desktop.ts";
import { may } from "../domain/may.ts";
import { platformOf } from "../domain/platform.ts";
import type { Target } from "../domain/target.ts";
import { lookAtRdp } from "../wires/rdp.ts";
import type { Deps } from "./deps.ts";
import type { Caller } from "./record.ts";
import { changeTarget, connectorOf, visible } from "./targets.ts";
import { linkNamed } from "./through.ts";

/** `compareWith`: the command on the machine itself that says the same. */
export type SeenDesktop = { readonly port: number; readonly fingerprint: string; readonly security: DesktopSecurity; readonly settings: Record<string, unknown>; readonly compareWith: string };

const COMPARE = {
  nla: "Get-ChildItem 'Cert:\\LocalMachine\\Remote Desktop' | ForEach-Object { $_.GetCertHashString('SHA256') }",
  tls: "openssl x509 -in /etc/xrdp/cert.pem -noout -fingerprint -sha256",
} as const;

const hasSetting = (deps: Pick<Deps, "connectors">, platform: string, name: string): boolean =>
  name in (z.toJSONSchema(connectorOf(deps, platform).config, { io: "input", unrepresentable: "any" }).properties ?? {});
/** Kinds whose accounts log in at a desktop: their settings have a place for it. */
export const hasDesktops = (deps: Pick<Deps, "connectors">, platform: string): boolean => hasSetting(deps, platform, "rdpPort");
/** Kinds whose accounts reach a VNC server through their own SSH login. */
export const hasVnc = (deps: Pick<Deps, "connectors">, platform: string): boolean => hasSetting(deps, platform, "vncPort");

export const readDesktop = async (deps: Pick<Deps, "db" | "connectors" | "link" | "times">, caller: Caller, at: { readonly host: string; readonly port: number; readonly link?: string; readonly through?: readonly string[] }): Promise<SeenDesktop> => {
  if (!may(caller.person, "target.add")) throw new Fault("forbidden", "Only admins and owners add targets.");
  const link = at.link ?? await linkNamed(deps.db, caller, at.through ?? []);
  const { fingerprint, security } = await lookAtRdp(deps.link({ host: at.host, port: at.port, link }), AbortSignal.timeout(deps.times.targetDial));
  return { port: at.port, fingerprint, security, settings: { rdpPort: at.port, rdpCertificates: [fingerprint], rdpSecurity: security }, compareWith: COMPARE[security] };
};

export type DesktopChange = { readonly port: number; readonly certificate: string; readonly security: DesktopSecurity; readonly domain: string };
/** As a person compared it; null: it has none any more. The accounts are blocked until somebody else accepts. */
export const setDesktop = async (deps: Deps, caller: Caller, id: TargetId, to: DesktopChange | null): Promise<Target> => {
  const t = await visible(deps.db, caller, id);
  if (!hasDesktops(deps, t.platform)) throw new Fault("invalid", `A target of the kind ${platformOf(t.platform).called} has no desktop that the broker carries.`);
  const set = to === null ? { rdpPort: 0, rdpCertificates: [] } : { rdpPort: to.port, rdpCertificates: [to.certificate], rdpSecurity: to.security, rdpDomain: to.domain };
  const after = await changeTarget(deps, caller, id, { settings: { ...withoutVnc(t.settings), ...set } });
  if (to !== null && desktopOf(after) === null) throw new Fault("internal", "a desktop was set and is not there");
  return after;
};
const withoutVnc = ({ vncPort: _vnc, ...rest }: Record<string, unknown>): Record<string, unknown> => rest;
/** A VNC server on the host's own loopback address: there is nothing to compare, the pinned host key proves who is there. */
export const setVnc = async (deps: Deps, caller: Caller, id: TargetId, port: number): Promise<Target> => {
  const t = await visible(deps.db, caller, id);
  if (!hasVnc(deps, t.platform)) throw new Fault("invalid", `A target of the kind ${platformOf(t.platform).called} has no VNC desktop that the broker carries: VNC proves nothing by itself, so it is reached through an account's SSH login.`);
  return await changeTarget(deps, caller, id, { settings: { ...t.settings, rdpPort: 0, rdpCertificates: [], vncPort: port } });
};
