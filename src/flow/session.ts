/** A proxied session from admission to end. Rule: `admit` writes use, exposure, session and recording rows before any secret leaves; everything after is reported, never assumed. */
import { Fault } from "../kernel/fault.ts";
import { newId, type RecordingId, type SessionId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import { obstacle } from "../domain/account.ts";
import type { Fact } from "../domain/audit.ts";
import type { Ledger } from "../domain/ledger.ts";
import { desktopOf, type Desktop } from "../domain/desktop.ts";
import { may } from "../domain/may.ts";
import { carriesSessions, carriesShells, noSessions, noShells } from "../domain/platform.ts";
import { channelsOf, type Policy, type PolicyTerms } from "../domain/policy.ts";
import { isState, type Request } from "../domain/request.ts";
import { end, goLive, isOpen, type EndedWhy, type Protocol, type Session, type Via } from "../domain/session.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as policies from "../store/policies.ts";
import * as queue from "../store/queue.ts";
import * as requests from "../store/requests.ts";
import * as sessions from "../store/sessions.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import { maskCut } from "../vault/mask.ts";
import { UNKNOWN_ACCOUNT, offers, refuseSessionsOnly } from "./ask.ts";
import { closeCheckout } from "./checkin.ts";
import { hold, type Held } from "./checkout.ts";
import type { Deps } from "./deps.ts";
import { blockIdentity } from "./identity.ts";
import { withPasswordsOf } from "./masked.ts";
import { actor, broker, record, type Caller } from "./record.ts";
import { rotateAfterUse } from "./rotate.ts";
import { openVersion } from "./secrets.ts";
import { cutFirst } from "./unrecorded.ts";

export type Admitted = {
  readonly session: SessionId; readonly started: Date; readonly remainingMs: number; readonly target: Target; readonly username: string; readonly hostKeys: readonly string[];
  readonly password: Secret; readonly recording: { readonly id: RecordingId; readonly key: Buffer }; readonly terms: PolicyTerms;
  /** Of a session to its desktop. */
  readonly desktop: Desktop | null;
};

export const admit = (deps: Deps, caller: Caller, accountName: string, targetName: string, channel: string): Promise<Admitted> => deps.db.transaction(async (tx) => {
  const found = await accounts.named(tx, `${accountName}@${targetName}`);
  const usable = found ? await requests.usable(tx, caller.person.id, found.id) : [];
  const request = usable[0];
  if (!found || !request) throw await refusal(tx, caller, found);
  const held = await hold(deps, tx, request.id, actor(caller), "connect");
  includes(held.policy, channel);
  if (!carriesShells(held.target)) throw new Fault("conflict", noShells(held.target));
  return open(deps, tx, caller, held, "ssh");
});
export const includes = (policy: Policy, channel: string): void => {
  if (!(channelsOf(policy.terms) as readonly string[]).includes(channel)) throw new Fault("forbidden", `The policy "${policy.name}" does not allow ${channel} sessions.`);
};

const refuseEntry = async (tx: Tx, { request, policy: { terms: { entries } } }: Pick<Held, "request" | "policy">): Promise<void> => {
  if (entries === 0 || await queue.entries(tx, request.id) < entries) return;
  throw new Fault("conflict", entries === 1 ? "This approval was for one session, and it has begun already. Ask again for another." : `This approval was for ${entries} sessions, and all have begun already. Ask again for more.`);
};
/** The last entry is over: the checkout with it. */
const closeUsedUp = async (deps: Deps, tx: Tx, r: Request | null): Promise<void> => {
  if (!r || !isState(r, "checked_out")) return;
  const { entries } = (await policies.find(tx, r.terms.policy))!.terms;
  if (entries === 0 || (await sessions.openWhere(tx, { request: r.id })).length > 0 || await queue.entries(tx, r.id) < entries) return;
  await closeCheckout(deps, tx, r, "entries_used", null, broker("policy"), "");
};

/** Not known, not allowed and not asked read the same, but for those who may ask: they are told what to do. */
const refusal = async (tx: Tx, caller: Caller, found: Awaited<ReturnType<typeof accounts.named>>): Promise<Fault> => {
  const offered = found ? await offers(tx, caller.person, found) : [];
  if (found && offered.length === 0) await refuseSessionsOnly(tx, caller.person, found);
  if (!found || offered.length === 0) return new Fault("not_found", UNKNOWN_ACCOUNT);
  const target = (await targets.find(tx, found.target))!;
  if (!carriesShells(target)) return new Fault("conflict", (carriesSessions(target) ? noShells : noSessions)(target));
  const waiting = (await requests.list(tx, { requester: caller.person.id, account: found.id, states: ["pending"] }))[0];
  if (waiting) return new Fault("conflict", `Your request ${waiting.request.id} is still waiting for approval.`);
  return new Fault("conflict", obstacle(found, false) ?? "You have no approved request for this account. Ask for it in the portal or with: lockstep ask");
};

/** Use, exposure, session and recording as rows, whichever way the person came in. */
export const open = async (deps: Deps, tx: Tx, caller: Caller, { request, account, target, policy }: Held, via: Via, protocol: Protocol = "ssh"): Promise<Admitted> => {
  await refuseEntry(tx, { request, policy });
  if (!account.current) throw new Fault("conflict", "The vault holds no password for this account yet.");
  const row = (await versions.find(tx, account.current))!, recording = newId("recording", deps.random), key = deps.keyring.recordingKey(recording);
  const s: Session<"opening"> = {
    id: newId("session", deps.random), request: request.id, person: caller.person.id, account: account.id, target: target.id, protocol, via, address: caller.address, recording, node: deps.node, openedAt: tx.now, state: "opening",
  };
  await accounts.used(tx, account.id);
  tx.onCommit(() => deps.bus.publish("orders"));
  await sessions.open(tx, s, new Date(tx.now.getTime() + deps.times.sessionLease));
  await sessions.addRecording(tx, { id: recording, session: s.id, file: `${recording}.lsr`, wrapped: key.wrapped, keyId: key.keyId });
  await versions.expose(tx, { id: newId("exposure", deps.random), person: caller.person.id, account: account.id, version: row.id, request: request.id, how: "session" });
  await record(deps, tx, { what: "session.opening", who: actor(caller), about: { session: s.id, request: request.id, account: account.id, target: target.id, version: row.id, recording }, outcome: "intent", facts: { via, protocol } });
  return {
    session: s.id, started: tx.now, remainingMs: request.until.getTime() - tx.now.getTime(), target, username: account.name, hostKeys: hostKeysOf(target), password: openVersion(deps, row),
    recording: { id: recording, key: key.key }, terms: policy.terms, desktop: protocol === "ssh" ? null : desktopOf(target),
  };
};
export const hostKeysOf = (t: Pick<Target, "settings">): readonly string[] => (Array.isArray(t.settings["hostKeys"]) ? t.settings["hostKeys"] as string[] : []);

export const sessionLive = (deps: Deps, id: SessionId): Promise<void> => deps.db.transaction(async (tx) => {
  const s = await sessions.lock(tx, id);
  if (s.state !== "opening") return;
  await sessions.save(tx, goLive(s, tx.now));
  await record(deps, tx, { what: "session.live", who: broker("proxy"), about: about(s), outcome: "ok" });
});
export const about = (s: Session) => ({ session: s.id, request: s.request, account: s.account, target: s.target, person: s.person });

export type End = { readonly why: EndedWhy; readonly detail: string; readonly bytes: number; readonly identityChanged: boolean; readonly facts: Record<string, Fact>; readonly ledger?: Ledger; readonly recording?: { chunks: number; hash: string; bytes: number; complete: boolean } };
/** Once per session, whoever reports it. The reason somebody cut it for wins over what the process saw. */
export const sessionEnded = async (deps: Deps, id: SessionId, e: End): Promise<void> => {
  // First: whoever reads of the end finds the accounts blocked, and a death in between blocks them, too.
  const stranger = e.identityChanged ? await sessions.find(deps.db, id) : null;
  if (stranger && isOpen(stranger)) await blockIdentity(deps, stranger.target, "a session saw another host key or certificate than the pinned one; no password was sent");
  const ended = await deps.db.transaction(async (tx) => {
    const seen = await sessions.find(tx, id);
    if (!seen) return null;
    await accounts.lock(tx, seen.account);
    const request = await requests.lock(tx, seen.request), s = await sessions.lock(tx, id);
    if (!isOpen(s)) return null;
    const cut = await sessions.cutOf(tx, id), why = (cut?.why as EndedWhy | undefined) ?? e.why;
    await sessions.save(tx, end(s, why, e.detail, e.bytes, tx.now));
    await accounts.useEnded(tx, s.account);
    if (e.ledger) await sessions.keepLedger(tx, id, e.ledger);
    if (e.recording) await sessions.markRecording(tx, s.recording, { chunks: e.recording.chunks, hash: e.recording.hash, bytes: e.recording.bytes, state: e.recording.complete ? "closed" : "recovered" });
    await record(deps, tx, { what: "session.ended", who: broker("proxy"), about: about(s), outcome: why === "error" || why === "recording_failed" || why === "broker_lost" ? "failed" : "ok", why: e.detail || why, facts: { ended: why, bytes: e.bytes, ...(cut ? { cut_by: cut.by } : {}), ...e.facts } });
    tx.onCommit(() => { deps.bus.publish("sessions"); deps.bus.publish("rotations"); });
    await closeUsedUp(deps, tx, request);
    return s;
  });
  if (!ended) return;
  await rotateAfterUse(deps, ended.account);
};

/** What the session process has written so far: (chunk, chain hash, bytes) as an event, so a shortened file is noticed. */
export const sessionMark = (deps: Deps, id: SessionId, m: { chunk: number; hash: string; bytes: number }): Promise<void> => deps.db.transaction(async (tx) => {
  const s = await sessions.find(tx, id);
  if (!s) return;
  await sessions.markRecording(tx, s.recording, { chunks: m.chunk, hash: m.hash, bytes: m.bytes });
  await record(deps, tx, { what: "session.mark", who: broker("proxy"), about: { session: id, recording: s.recording }, outcome: "ok", facts: { ...m } });
});

/**
 * What a person says is in it, and an event never holds a secret: a password of this account in it becomes dots. `flags`: a command rule spoke;
 * auditors see the session marked.
 */
export const sessionEvent = (deps: Deps, id: SessionId, facts: Record<string, Fact>, refused: boolean, flags = false): Promise<void> => deps.db.transaction(async (tx) => {
  const s = await sessions.find(tx, id);
  if (s && flags) await sessions.flag(tx, id);
  if (s) await record(deps, tx, { what: "session.event", who: broker("proxy"), about: about(s), outcome: refused ? "refused" : "ok", facts: await withoutSecrets(deps, tx, s.account, facts) });
});
const withoutSecrets = (deps: Deps, tx: Tx, account: Session["account"], facts: Record<string, Fact>): Promise<Record<string, Fact>> => {
  const texts = Object.entries(facts).filter((f): f is [string, string] => typeof f[1] === "string" && f[0] !== "kind" && f[0] !== "type");
  if (texts.length === 0) return Promise.resolve(facts);
  return withPasswordsOf(deps, tx, account, (secrets) => ({ ...facts, ...Object.fromEntries(texts.map(([k, v]) => [k, maskCut(v, secrets)])) }));
};

export const heartbeat = (deps: Deps, ids: readonly SessionId[]): Promise<void> => deps.db.transaction((tx) => sessions.renew(tx, ids, new Date(tx.now.getTime() + deps.times.sessionLease)));

/** A person, an admin or an auditor ends a live session. law cut-off: with the database down the cut comes first and is journalled. */
export const endSession = async (deps: Deps, caller: Caller, id: SessionId, reason: string): Promise<void> => {
  const message = reason ? `ended by ${caller.person.name}: ${reason}` : `ended by ${caller.person.name}`;
  try { await markedKilled(deps, caller, id, reason); } catch (e) {
    // Whose session it is cannot be asked now: only who may end anybody's.
    if (e instanceof Fault || !may(caller.person, "session.end") || !(await cutFirst(deps, caller, id, message, message))) throw e;
    throw new Fault("unavailable", "Cut, but not yet recorded: the database cannot be reached. The journal has it, and the audit log will as soon as the database is back.", { cause: e });
  }
  await deps.cut(id, "killed", message);
};
const markedKilled = (deps: Deps, caller: Caller, id: SessionId, reason: string): Promise<void> => deps.db.transaction(async (tx) => {
  const found = await sessions.find(tx, id);
  if (!found || !may(caller.person, "session.list", { requester: found.person })) throw new Fault("not_found", "No such session.");
  if (!may(caller.person, "session.end", { requester: found.person })) throw new Fault("forbidden", "You may not end this session.");
  if (!isOpen(found)) throw new Fault("conflict", "This session is over already.");
  await sessions.markCut(tx, id, "killed", caller.person.name);
  await record(deps, tx, { what: "session.cut", who: actor(caller), about: about(found), outcome: "ok", why: reason });
});
