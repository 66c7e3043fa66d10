/** Stories of desktops: the page that draws one, and the pages where a target says that it has one. */
import { DesktopPlayPage } from "../desktop-player.tsx";
import { DesktopPage } from "../desktop.tsx";
import { DesktopConfirm, TargetDesktop } from "../target-desktop.tsx";
import { at, LONG, story, target, type Story } from "./fixed.tsx";

const NAMES = { request: "req_1", account: "deploy", target: "desk-1" };
const ALL = { clipboardIn: true, clipboardOut: true, filesIn: true, filesOut: true, recordInput: true };
const NONE = { clipboardIn: false, clipboardOut: false, filesIn: false, filesOut: false, recordInput: false };
const CERTIFICATE = Array.from({ length: 32 }, (_, i) => (i * 7 + 16).toString(16).padStart(2, "0").toUpperCase()).join(":");
const XRDP = { port: 3389, certificates: [CERTIFICATE], security: "tls", domain: "" } as const;
const SEEN = { port: 3389, fingerprint: CERTIFICATE, security: "nla", compareWith: "Get-ChildItem 'Cert:\\LocalMachine\\Remote Desktop'" } as const;

const HEAD = { id: "ses_1", personName: "requester", accountName: "deploy", targetName: "desk-1", openedAt: at(-90) };

export const DESKTOPS: readonly Story[] = [
  story("desktop", () => <DesktopPage {...NAMES} policy={ALL} />),
  story("desktop, nothing carried", () => <DesktopPage {...NAMES} account={LONG} policy={NONE} />),
  story("desktop, played", () => <DesktopPlayPage head={HEAD} />),
  story("desktop of a target", () => <TargetDesktop target={target({ name: "desk-1" })} desktop={XRDP} port={null} />),
  story("desktop of a target, none yet", () => <TargetDesktop target={target()} desktop={null} port={null} />),
  story("desktop of a target, compare", () => <DesktopConfirm target={target({ name: "desk-1" })} seen={SEEN} domain="LAB" />),
];
