/**
 * From "may I?" to a desktop: admit, recorder, gate, guacd, in this order. Rules: nothing is dialled before the recorder has proved itself; every way this can
 * fail ends the session with one reason and one sentence, and the sentence is of what was seen, not of what guacd guesses.
 */
import { Fault } from "../../src/kernel/fault.ts";
import { lookAtRdp } from "../../src/wires/rdp.ts";
import type { Gate } from "../../src/wires/gate.ts";
import { rdpGate } from "../../src/wires/rdp-gate.ts";
import type { Cause, RdpGrant } from "../channel.ts";
import type { Deps } from "../deps.ts";
import type { GuacdPlace } from "../ipc.ts";
import type { Leg, Session } from "../session.ts";
import { beginSession } from "../session.ts";
import type { Ending } from "../sessions.ts";
import { STATUS } from "./instructions.ts";
import type { VncServer } from "./vnc.ts";
import { openVnc, whyNoVnc } from "./vnc.ts";

export type Way = { readonly login: string; readonly account: string; readonly target: string };
/** What guacd is to be told, beside the screen: an RDP server over its pinned certificate, or a VNC server at the end of an SSH login. */
export type Server = RdpGrant | VncServer;
export type Admitted = { readonly session: Session; readonly desktop: Server; readonly guacd: GuacdPlace; readonly gate: Gate };

export const NO_GUACD = "This broker carries no desktops: no guacd is set (LOCKSTEP_GUACD). Tell whoever runs it.";

/** After guacd, which is to say goodbye through it. */
const shutLast = (session: Session, gate: Gate, deps: Deps): void => session.own({ say: () => undefined, close: () => { setTimeout(() => gate.close(), deps.waits.force); } });
/** The same desktop for another guacd, which gets a gate of its own. */
export const anew = async (admitted: Admitted, deps: Deps): Promise<Admitted> => {
  const gate = await admitted.gate.again();
  shutLast(admitted.session, gate, deps);
  return { ...admitted, gate };
};

/** `leg` is the person's side; it belongs to the session before anything is dialled. Rejects with a Fault whose message is for the person. */
export const admitDesktop = async (way: Way, leg: Leg, deps: Deps): Promise<Admitted> => {
  const { guacd } = deps;
  if (guacd === null) throw new Fault("unavailable", NO_GUACD);
  const grant = await deps.uplink.ask("admit", { ...way, channel: "desktop" });
  if (!grant.ok) throw new Fault(grant.code, grant.link === undefined ? grant.message : `${grant.message} Page: ${grant.link}`);
  const session = beginSession(grant, deps);
  session.own(leg);
  if (grant.desktop === undefined) {
    await session.end({ why: "error", cause: "internal", detail: "admitted without a desktop", sentence: `${grant.target} has no desktop.` });
    throw new Fault("conflict", `${grant.target} has no desktop.`);
  }
  const { desktop } = grant;
  const { gate, server } = desktop.kind === "vnc" ? await openVnc(session, desktop, deps)
    : { server: desktop, gate: await rdpGate(deps.reach(grant), desktop.security, deps.random, session.signal) };
  shutLast(session, gate, deps);
  return { session, desktop: server, guacd, gate };
};

const ended = (cause: Cause, detail: string, sentence: string): Ending => ({ why: "error", cause, detail, sentence });

/** guacd gives one number for a closed port, a strange certificate and a wrong password: which it was is looked at, without any password. */
export const whyNoDesktop = async ({ session, desktop, gate }: Admitted, code: number, words: string, deps: Deps): Promise<Ending> => {
  if (desktop.kind === "vnc") return whyNoVnc(session.grant.target, desktop, gate, code, words);
  const { target } = session.grant, detail = `guacd: ${words} (${code})`, seen = gate.why();
  if (seen !== undefined) return ended("target_down", seen, `${target} cannot be used right now: ${seen}.`);
  try {
    const { fingerprint } = await lookAtRdp(deps.reach(session.grant), AbortSignal.timeout(deps.waits.dial));
    if (!desktop.certificates.includes(fingerprint)) {
      return ended("identity_changed", `it shows the certificate ${fingerprint}`, `${target} does not show the certificate on record. No password was sent to it. Tell the owner of ${target}.`);
    }
  } catch (error) {
    const why = error instanceof Fault ? error.message : "it cannot be reached";
    return ended("target_down", why, `${target} cannot be used right now: ${why.replace(/\.$/, "")}.`);
  }
  if (desktop.security === "nla" && (code === STATUS.notFound || code === STATUS.unauthorized)) {
    return ended("target_refused", detail, `${target} refused the password on record for this account. The account has to be looked at; tell its owner.`);
  }
  return ended("target_down", detail, `${target} ended the desktop before it was drawn: ${words === "" ? "it did not say why" : words}.`);
};
