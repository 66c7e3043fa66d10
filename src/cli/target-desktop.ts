/** lockstep targets desktop. Rule: its certificate is pinned only after a person has compared the fingerprint, or gave it beforehand. */
import { Fault } from "../kernel/fault.ts";
import type { Run } from "./act.ts";
import { seg } from "./client.ts";
import { compared } from "./pin.ts";
import type { Target } from "./shapes.ts";

type Seen = { readonly fingerprint: string; readonly settings: Record<string, unknown>; readonly compareWith: string };
const USUAL = 3_389, USUAL_VNC = 5_901;

export const desktop = async (run: Run, name: string): Promise<unknown> => {
  const t = await run.client.json<Target>("GET", `/targets/${seg(name)}`), none = run.flag("none");
  if (none && run.text("fingerprint") !== undefined) throw new Fault("invalid", "--none and --fingerprint together: say one of them.");
  const vnc = run.flag("vnc"), port = Number(run.text("port") ?? (vnc ? USUAL_VNC : USUAL));
  if (vnc && (none || run.text("fingerprint") !== undefined || run.text("domain") !== undefined)) throw new Fault("invalid", "--vnc goes with --port alone: VNC has no certificate and no domain; the host key of its SSH server proves who is there.");
  const set = none || vnc ? { rdpPort: 0, rdpCertificates: [], ...(vnc ? { vncPort: port } : {}) } : await read(run, t, port), { vncPort: _was, ...others } = t.settings;
  return run.show<Target>("PATCH", `/targets/${seg(t.id)}`, { settings: { ...others, ...set } }, (after) =>
    `${after.name} ${none ? "has no desktop any more" : `has a desktop ${vnc ? "by VNC " : ""}on port ${port}`}. Its accounts are blocked until its owner or another admin accepts, not by you. They run: lockstep targets accept-identity ${after.name}`);
};
const read = async (run: Run, t: Target, port: number): Promise<Record<string, unknown>> => {
  const seen = await run.client.json<Seen>("POST", "/targets/read-desktop", { host: t.host, port, through: t.through });
  await compared(run, seen, `${t.host}:${port}`, "changed");
  return { ...seen.settings, ...(run.text("domain") === undefined ? {} : { rdpDomain: run.text("domain") }) };
};
