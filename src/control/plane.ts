/** The broker's end of the session processes' channel: message -> verb -> answer. Rule: decisions are the verbs'; here they are only carried. */
import type { SessionId } from "../kernel/ids.ts";
import { Fault, isAway, toFault } from "../kernel/fault.ts";
import type { Fact } from "../domain/audit.ts";
import { SHELL_BANNER } from "../domain/commands.ts";
import type { Desktop } from "../domain/desktop.ts";
import { may } from "../domain/may.ts";
import { coverageOf, percent } from "../domain/ledger.ts";
import type { Person } from "../domain/person.ts";
import { channelsOf, type PolicyTerms } from "../domain/policy.ts";
import { fingerprintOf } from "../crypto/envelope.ts";
import type { Deps } from "../flow/deps.ts";
import { connectionRefused, type Refusal } from "../flow/refuse.ts";
import { admit, heartbeat, sessionEnded, sessionEvent, sessionLive, sessionMark, type Admitted } from "../flow/session.ts";
import { lose } from "../flow/startup.ts";
import { admitByTicket, rejoin } from "../flow/terminal.ts";
import { untilWritten } from "../flow/unrecorded.ts";
import type { IdentityDeps } from "../identity/deps.ts";
import { certificateLogin } from "../identity/certificates.ts";
import { passwordLogin, publicKeyLogin, totpLogin } from "../identity/login.ts";
import { whereToAsk } from "../flow/menu.ts";
import { asking } from "./asking.ts";
import { browserLogins, type Browsed } from "./browser.ts";
import { SshLogins, type Arrival, type Bearer } from "./logins.ts";
import type { Watching } from "./watching.ts";
import { BOX, type AdmitAsk, type AdmitReply, type ControlPlane, type DesktopGrant, type Ended, type LoginAsk, type LoginReply, type SessionEvent, type Terms } from "../../proxy/channel.ts";

type Recovered = { chunks: number; hash: string; bytes: number } | null;
export type { Arrival } from "./logins.ts";
/** Takes an arrival, gives its one-time word. `controlPlane` fills it in. */
export type Arrivals = { expect: (a: Arrival) => string };
export type PlaneDeps = {
  readonly flow: Deps; readonly identity: IdentityDeps; readonly recover: (session: SessionId) => Promise<Recovered>; readonly arrivals: Arrivals; readonly watching: Watching;
  /** A page of the portal, for people to open. */
  readonly link: (path: string) => string;
};

export const controlPlane = (deps: PlaneDeps): ControlPlane => {
  const { flow, identity } = deps, logins = new SshLogins(flow, identity), tickets = new Map<string, string>(), ending: Ending = new Set();
  deps.arrivals.expect = (a) => logins.arrive(a);
  const browsed = browserLogins(flow, identity);
  return {
    ...asking({ flow, logins, link: deps.link, away: (e) => (isAway(e) ? new Fault("unavailable", AWAY) : null) }),
    login: async (ask) => {
      try { return loginReply(deps, logins, tickets, ask, await factor(identity, tickets, browsed, ask)); } catch (e) {
        flow.log("error", `login: ${e instanceof Error ? e.message : String(e)}`);
        return { ok: false, message: isAway(e) ? AWAY : toFault(e).message };
      }
    },
    admit: (ask) => admission(deps, logins, ask),
    refused: ({ login, worker, ...refusal }) => noted(flow, logins, { login, worker }, refusal),
    rejoin: async ({ login, session }) => {
      const { caller, shown } = await logins.take(login);
      await rejoin(flow, caller, shown, session as SessionId);
    },
    // That it begins is written down already, by the door that let this one in.
    look: async ({ login }) => {
      if (!may((await logins.take(login)).caller.person, "session.watch")) throw new Fault("forbidden", "Watching live sessions is for auditors.");
    },
    opened: (id) => live(flow, id as SessionId),
    event: (id, e) => sessionEvent(flow, id as SessionId, flat(e), isRefusal(e), e.kind === "command"),
    frame: (id, f) => Promise.resolve(deps.watching.show(id, f)),
    mark: (id, m) => sessionMark(flow, id as SessionId, m),
    heartbeat: leases(flow, ending),
    ended: (id, e) => { deps.watching.over(id); return ended(flow, ending, id as SessionId, e); },
    lost: async (ids) => { for (const id of ids) deps.watching.over(id); for (const id of ids) await lose(flow, id as SessionId, await deps.recover(id as SessionId)); },
  };
};

/** The session is admitted and written down; that it is live now is worth a second try before its person loses it. */
const live = async (flow: Deps, id: SessionId): Promise<void> => {
  try { await sessionLive(flow, id); } catch (e) {
    flow.log("warn", `session ${id} is not written down as live yet: ${e instanceof Error ? `${e.message}${e.cause instanceof Error ? `: ${e.cause.message}` : ""}` : String(e)}`);
    await sessionLive(flow, id);
  }
};

const AWAY = "The broker's database cannot be asked right now, so nobody is let in. Try again in a moment.";
/** Over here, while the database may not know yet: their leases are renewed until it does, so nobody takes them for lost. */
type Ending = Set<SessionId>;
const ended = async (flow: Deps, ending: Ending, id: SessionId, e: Ended): Promise<void> => {
  ending.add(id);
  try { await untilWritten(flow, `the end of ${id}`, () => sessionEnded(flow, id, endOf(e))); } finally { ending.delete(id); }
};

const factor = (identity: IdentityDeps, tickets: Map<string, string>, browsed: ReturnType<typeof browserLogins>, ask: LoginAsk): Promise<Browsed> => {
  const from = { address: ask.address, means: "ssh" as const };
  switch (ask.factor.kind) {
    case "password": return passwordLogin(identity, { name: ask.person, password: ask.factor.password, ...from });
    case "publickey": return publicKeyLogin(identity, { name: ask.person, fingerprint: fingerprintOf(ask.factor.key), ...from });
    case "certificate": return certificateLogin(identity, { name: ask.person, certificate: Buffer.from(ask.factor.certificate, "base64"), ...from });
    case "browser": return browsed(ask, ask.factor.step, from);
    case "totp": return totpLogin(identity, { ticket: tickets.get(ask.connection) ?? "", code: ask.factor.code, ...from });
  }
};

const loginReply = ({ link }: PlaneDeps, logins: SshLogins, tickets: Map<string, string>, ask: LoginAsk, r: Browsed): LoginReply => {
  if (r.outcome === "waits") return { ok: false, next: "browser", ...(r.code === undefined ? {} : { code: r.code, link: link("/terminal") }) };
  if (r.outcome === "refused") return { ok: false, message: r.why };
  if (r.outcome !== "ok") {
    tickets.set(ask.connection, r.ticket.cookie);
    return { ok: false, next: "totp" };
  }
  tickets.delete(ask.connection);
  return { ok: true, login: logins.add(r.person, ask.address, ask.worker) };
};

const admission = async ({ flow, link }: PlaneDeps, logins: SshLogins, ask: AdmitAsk): Promise<AdmitReply> => logins.spend({ login: ask.login, worker: ask.workerKey }, async (caller, shown): Promise<AdmitReply> => {
  try {
    const a = shown ? await admitByTicket(flow, caller, shown, ask.channel) : await admit(flow, caller, ask.account, ask.target, ask.channel);
    return grant(flow, a, ask, caller.person);
  } catch (e) {
    const fault = toFault(e);
    if (fault.code === "internal") flow.log("error", `admit: ${fault.cause instanceof Error ? fault.cause.message : String(fault.cause)}`);
    if (isAway(e)) return { ok: false, code: "unavailable", message: AWAY };
    await noted(flow, logins, { login: ask.login, worker: ask.workerKey }, { to: { account: ask.account, target: ask.target }, what: [ask.channel], why: fault.message });
    const page = fault.code === "conflict" ? await whereToAsk(flow.db, caller.person, ask.account, ask.target).catch(() => null) : null;
    return { ok: false, code: fault.code, message: fault.message, ...(page === null ? {} : { link: link(page) }) };
  }
});

/** A refusal that cannot be written down is still a refusal. */
const noted = async (flow: Deps, logins: SshLogins, by: Bearer, refusal: Refusal): Promise<void> => {
  const caller = logins.refused(by, JSON.stringify(refusal));
  if (caller === null) return;
  await connectionRefused(flow, caller, refusal).catch((e: unknown) =>
    flow.log("error", `a refusal was not written down: ${e instanceof Error ? e.message : String(e)}`, { person: caller.person.name, what: refusal.what.join(", ") }));
};

/** As a session process enforces them. */
const termsOf = (t: PolicyTerms): Terms => ({
  channels: [...channelsOf(t)], record: t.record, recordInput: t.recordInput, graceMs: t.reconnectGraceSeconds * 1_000,
  clipboardIn: t.clipboardIn, clipboardOut: t.clipboardOut, filesIn: t.filesIn, filesOut: t.filesOut, files: t.files, forwardTo: [...t.forwardTo],
  ...(t.commands.rules.length > 0 || t.commands.mode === "listed" ? { commands: t.commands, banner: SHELL_BANNER } : {}),
});
const isRefusal = (e: SessionEvent): boolean => e.kind === "refused" || (e.kind === "command" && e.effect === "deny") || (e.kind === "file" && e.refused !== undefined);

/** Where to, and by what word an agent carries there. */
const placeOf = (flow: Deps, { target, desktop }: Admitted) => {
  const address = { host: target.host, port: desktop?.kind === "rdp" ? desktop.port : target.port }, pass = flow.pass({ ...address, link: target.link });
  return { address, ...(pass === undefined ? {} : { pass }) };
};

const desktopGrant = (d: Desktop): DesktopGrant =>
  d.kind === "vnc" ? { kind: "vnc", port: d.port } : { kind: "rdp", certificates: [...d.certificates], security: d.security, domain: d.domain };
const grant = (flow: Deps, a: Admitted, ask: AdmitAsk, person: Person): AdmitReply => {
  try {
    return {
      ok: true, session: a.session, person: person.name, account: a.username, target: a.target.name, started: a.started.toISOString(), remainingMs: Math.max(1, a.remainingMs),
      ...placeOf(flow, a), username: a.username, hostKeys: [...a.hostKeys], password: flow.keyring.handOver(a.password, ask.workerKey, BOX.password(a.session)),
      recording: { id: a.recording.id, key: flow.keyring.handOverKey(a.recording.key, ask.workerKey, BOX.recording(a.recording.id)) },
      terms: termsOf(a.terms),
      ...(a.desktop ? { desktop: desktopGrant(a.desktop) } : {}),
    };
  } finally { a.password.wipe(); a.recording.key.fill(0); }
};

/** law cut-off-3: an owner that could not renew for a whole lease ends its sessions itself, before anybody else may take over. Alone on the embedded database nobody can. */
const leases = (flow: Deps, ending: Ending) => {
  let renewed = flow.clock.mono();
  return async (ids: readonly string[]): Promise<void> => {
    try {
      await heartbeat(flow, [...ids as SessionId[], ...ending]);
      renewed = flow.clock.mono();
    } catch (e) {
      if (flow.db.engine === "postgresql" && flow.clock.mono() - renewed >= flow.times.sessionLease) {
        for (const id of ids) await flow.cut(id as SessionId, "broker_lost", "the broker has lost its database for too long");
      }
      throw e;
    }
  };
};

const flat = (e: object): Record<string, Fact> => Object.fromEntries(Object.entries(e).map(([k, v]) => [k, typeof v === "object" ? JSON.stringify(v) : (v as Fact)]));

const endOf = (e: Ended) => {
  const { proxied, recorded, covered, score, gaps } = coverageOf(e.ledger), channels = e.ledger.channels.reduce((n, c) => n + (c.sums ?? 1), 0);
  return {
    why: e.why, detail: e.detail || e.cause, bytes: proxied, ledger: e.ledger, identityChanged: e.cause === "identity_changed",
    facts: { cause: e.cause, channels, bytes_proxied: proxied, bytes_recorded: recorded, bytes_covered: covered, coverage: percent(score), gaps: gaps.length, refused: JSON.stringify(e.ledger.refused) },
    recording: { chunks: e.ledger.chunks, hash: e.ledger.hash, bytes: e.ledger.bytes, complete: e.ledger.complete },
  };
};
