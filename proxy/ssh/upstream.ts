/**
 * From "may I?" to a logged-in target: admit, recorder, dial, in this order. Rule: nothing is dialled before the recorder has proved itself,
 * and every way this can fail ends the session with one reason and one sentence.
 */
import { Fault } from "../../src/kernel/fault.ts";
import { never } from "../../src/kernel/never.ts";
import type { Client } from "../../src/wires/ssh.ts";
import { SshFailure } from "../../src/wires/ssh.ts";
import type { Cause, ChannelKind } from "../channel.ts";
import type { Deps } from "../deps.ts";
import { words } from "../log.ts";
import type { Leg, Session } from "../session.ts";
import { beginSession } from "../session.ts";
import type { Ending } from "../sessions.ts";
import { dialTarget } from "./inject.ts";

export type Live = { readonly session: Session; readonly client: Client };
export type Wish = { readonly login: string; readonly account: string; readonly target: string; readonly channel: ChannelKind };

const causeOf = (kind: SshFailure["kind"]): Cause => {
  switch (kind) {
    case "identity": return "identity_changed";
    case "auth": return "target_refused";
    case "must_change": return "password_must_change";
    case "unreachable": case "timeout": case "protocol": case "closed": return "target_down";
    default: return never(kind);
  }
};

const SENTENCE: Record<Cause, (target: string, why: string) => string> = {
  none: () => "", internal: () => "Something went wrong on our side. It has been logged.", recorder: () => "No recording can be made, so no session is opened.",
  identity_changed: (t) => `${t} does not show the host key on record. Nothing was sent to it. Tell the owner of ${t}.`,
  target_refused: (t) => `${t} refused the password or key on record for this account. The account has to be looked at; tell its owner.`,
  password_must_change: (t) => `${t} wants a new password for this account before it lets anybody in. Tell its owner.`,
  target_down: (t, why) => `${t} cannot be used right now: ${why}.`,
};

const endingOf = (error: unknown, target: string): Ending => {
  const cause = error instanceof SshFailure ? causeOf(error.kind) : "internal";
  const why = error instanceof SshFailure ? error.why : "";
  return { why: "error", cause, detail: words(error), sentence: SENTENCE[cause](target, why) };
};

/** The target's side of a session. */
export const targetLeg = (client: Client, deps: Deps): Leg => ({
  say: () => undefined,
  close: () => { client.end(); setTimeout(() => client.destroy(), deps.waits.force); },
});

/** Logged in, over the pinned host key. Ends the session and rejects with its sentence when that cannot be. */
export const dialSession = async (session: Session, deps: Deps): Promise<Client> => {
  try { return await dialTarget(session.grant, deps, session.signal); } catch (error) {
    const ending = endingOf(error, session.grant.target);
    if (!session.ended) deps.log("warn", "a target could not be used", { session: session.id, error: words(error) });
    await session.end(ending);
    throw new Fault("upstream", ending.sentence ?? "", { cause: error });
  }
};

/** `leg` is the person's side; it belongs to the session before anything is dialled. Rejects with a Fault whose message is for the person. */
export const openUpstream = async (wish: Wish, leg: Leg, deps: Deps): Promise<Live> => {
  const grant = await deps.uplink.ask("admit", wish);
  if (!grant.ok) throw new Fault(grant.code, grant.link === undefined ? grant.message : `${grant.message} Page: ${grant.link}`);
  const session = beginSession(grant, deps);
  session.own(leg);
  const client = await dialSession(session, deps);
  const lost = (): void => void session.end({ why: "target_closed", sentence: `${grant.target} closed the connection.` });
  client.on("close", lost);
  client.on("error", (error: Error) => deps.log("warn", "the connection to a target failed", { session: session.id, error: words(error) }));
  session.own(targetLeg(client, deps));
  deps.uplink.ask("opened", { session: session.id }).catch((error: unknown) =>
    session.end({ why: "error", cause: "internal", detail: words(error), sentence: "The session could not be written down, so it was closed." }));
  return { session, client };
};
