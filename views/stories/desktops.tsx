/** Stories of desktops: the page that draws one, and the pages where a target says that it has one. */
import type { Child } from "hono/jsx";
import { DesktopPlayPage } from "../desktop-player.tsx";
import { DesktopPage } from "../desktop.tsx";
import { WatchPage } from "../watch.tsx";
import { PageHead } from "../parts.tsx";
import { Typed } from "../player.tsx";
import { DesktopConfirm, TargetDesktop } from "../target-desktop.tsx";
import { at, LONG, story, target, type Story } from "./fixed.tsx";

const NAMES = { request: "req_1", account: "deploy", target: "desk-1" };
const ALL = { clipboardIn: true, clipboardOut: true, filesIn: true, filesOut: true, recordInput: true };
const NONE = { clipboardIn: false, clipboardOut: false, filesIn: false, filesOut: false, recordInput: false };
const CERTIFICATE = Array.from({ length: 32 }, (_, i) => (i * 7 + 16).toString(16).padStart(2, "0").toUpperCase()).join(":");
const XRDP = { kind: "rdp", port: 3389, certificates: [CERTIFICATE], security: "tls", domain: "" } as const;
const VNC = { kind: "vnc", port: 5901 } as const;
const SEEN = { port: 3389, fingerprint: CERTIFICATE, security: "nla", compareWith: "Get-ChildItem 'Cert:\\LocalMachine\\Remote Desktop'" } as const;

const TYPED = [
  { channel: 1, at: 4_200, kind: "typed", text: "sudo systemctl restart nginx" },
  { channel: 1, at: 61_000, kind: "typed", text: "••••••••••••" },
  { channel: 1, at: 3_725_000, kind: "typed", text: `⟨Ctrl+Alt+t⟩less /etc/${LONG}` },
];
const HEAD = { id: "ses_1", personName: "requester", accountName: "deploy", targetName: "desk-1", openedAt: at(-90) };

/** As it stands beside the player. */
const beside = (part: Child) => (
  <>
    <PageHead title="A desktop, played" />
    {part}
  </>
);
export const DESKTOPS: readonly Story[] = [
  story("desktop", () => <DesktopPage {...NAMES} policy={ALL} />),
  story("desktop, nothing carried", () => <DesktopPage {...NAMES} account={LONG} policy={NONE} />),
  story("desktop, by VNC", () => <DesktopPage {...NAMES} policy={NONE} vnc />),
  story("desktop, watched", () => <WatchPage session="ses_1" request="req_1" account={LONG} target="desk-1" person="requester" desktop />),
  story("desktop, played", () => <DesktopPlayPage head={HEAD} />),
  story("desktop, what was typed", () => beside(<Typed id="ses_1" rows={TYPED} />)),
  story("desktop, nothing typed", () => beside(<Typed id="ses_1" rows={[]} />)),
  story("desktop of a target", () => <TargetDesktop target={target({ name: "desk-1" })} desktop={XRDP} port={null} vnc />),
  story("desktop of a target, by VNC", () => <TargetDesktop target={target({ name: "desk-1" })} desktop={VNC} port={null} vnc />),
  story("desktop of a target, none yet", () => <TargetDesktop target={target()} desktop={null} port={null} vnc={false} />),
  story("desktop of a target, compare", () => <DesktopConfirm target={target({ name: "desk-1" })} seen={SEEN} domain="LAB" />),
];
