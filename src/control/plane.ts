/** The broker's end of the session processes' channel: message -> verb -> answer. Rule: decisions are the verbs'; here they are only carried. */
import { newId, type SessionId } from "../kernel/ids.ts";
import { Fault, toFault } from "../kernel/fault.ts";
import type { Fact } from "../domain/audit.ts";
import type { Person } from "../domain/person.ts";
import { fingerprintOf } from "../crypto/envelope.ts";
import type { Deps } from "../flow/deps.ts";
import { connectionRefused, type Refusal } from "../flow/refuse.ts";
import { admit, heartbeat, sessionEnded, sessionEvent, sessionLive, sessionMark, type Admitted } from "../flow/session.ts";
import type { Caller } from "../flow/record.ts";
import { lose } from "../flow/startup.ts";
import { admitByTicket, rejoin } from "../flow/terminal.ts";
import type { Shown } from "../flow/ticket.ts";
import { untilWritten } from "../flow/unrecorded.ts";
import type { IdentityDeps } from "../identity/deps.ts";
import { passwordLogin, personOf, publicKeyLogin, totpLogin, type LoginResult } from "../identity/login.ts";
import type { Watching } from "./watching.ts";
import { BOX, type AdmitAsk, type AdmitReply, type ControlPlane, type Ended, type LoginAsk, type LoginReply } from "../../proxy/channel.ts";

/** `spent`: it has asked for its session and got none; it is kept for what the connection is refused afterwards. */
type Login = {
  readonly person: Person; readonly address: string; readonly means: Caller["means"]; readonly until: number; spent: boolean;
  /** A browser's: what it is admitted with. */
  readonly shown?: Shown;
};
type Logins = Map<string, Login>;
type Recovered = { chunks: number; hash: string; bytes: number } | null;
export type PlaneDeps = { readonly flow: Deps; readonly identity: IdentityDeps; readonly recover: (session: SessionId) => Promise<Recovered>; readonly arrivals: Arrivals; readonly watching: Watching };

/** Browsers the portal let in and a session process will ask about. */
export type Arrival = Pick<Login, "person" | "address" | "means"> & { readonly shown: Shown };
/** Takes an arrival, gives its one-time word. `controlPlane` fills it in. */
export type Arrivals = { expect: (a: Arrival) => string };

/** As long as a connection may be there without a session. */
const forget = ({ times }: Deps, logins: Logins, now: number): void => { for (const [id, l] of logins) if (l.until + times.loginAbsolute < now) logins.delete(id); };

export const controlPlane = (deps: PlaneDeps): ControlPlane => {
  const { flow, identity } = deps, logins: Logins = new Map(), tickets = new Map<string, string>(), ending: Ending = new Set();
  deps.arrivals.expect = (a) => keep(flow, logins, a);
  return {
    login: async (ask) => {
      try { return loginReply(flow, logins, tickets, ask, await factor(identity, tickets, ask)); } catch (e) {
        flow.log("error", `login: ${e instanceof Error ? e.message : String(e)}`);
        return { ok: false, message: away(e) ? AWAY : toFault(e).message };
      }
    },
    admit: (ask) => admission(flow, identity, logins, ask),
    refused: ({ login, ...refusal }) => noted(flow, logins, login, refusal),
    rejoin: async ({ login, session }) => {
      const l = taken(flow, logins, login);
      logins.delete(login);
      await rejoin(flow, await callerOf(identity, l), l.shown!, session as SessionId);
    },
    opened: (id) => sessionLive(flow, id as SessionId),
    event: (id, e) => sessionEvent(flow, id as SessionId, flat(e), e.kind === "refused"),
    frame: (id, f) => Promise.resolve(deps.watching.show(id, f)),
    mark: (id, m) => sessionMark(flow, id as SessionId, m),
    heartbeat: leases(flow, ending),
    ended: (id, e) => { deps.watching.over(id); return ended(flow, ending, id as SessionId, e); },
    lost: async (ids) => { for (const id of ids) deps.watching.over(id); for (const id of ids) await lose(flow, id as SessionId, await deps.recover(id as SessionId)); },
  };
};

const AWAY = "The broker's database cannot be asked right now, so nobody is let in. Try again in a moment.";
/** The connection failed, not what was asked over it: no socket, a socket that broke, or a server that is starting or stopping. */
const away = (e: unknown): boolean => {
  for (let x = e, i = 0; x instanceof Error && i < 5; x = x.cause, i++) {
    if (/^(ECONN|EPIPE|ETIMEDOUT|57P0|08)/.test(String((x as { code?: unknown }).code)) || /^Connection terminated|^timeout exceeded when trying to connect/.test(x.message)) return true;
  }
  return false;
};

/** Over here, while the database may not know yet: their leases are renewed until it does, so nobody takes them for lost. */
type Ending = Set<SessionId>;
const ended = async (flow: Deps, ending: Ending, id: SessionId, e: Ended): Promise<void> => {
  ending.add(id);
  try { await untilWritten(flow, `the end of ${id}`, () => sessionEnded(flow, id, endOf(e))); } finally { ending.delete(id); }
};

const factor = (identity: IdentityDeps, tickets: Map<string, string>, ask: LoginAsk): Promise<LoginResult> => {
  const from = { address: ask.address, means: "ssh" as const };
  switch (ask.factor.kind) {
    case "password": return passwordLogin(identity, { name: ask.person, password: ask.factor.password, ...from });
    case "publickey": return publicKeyLogin(identity, { name: ask.person, fingerprint: fingerprintOf(ask.factor.key), ...from });
    case "totp": return totpLogin(identity, { ticket: tickets.get(ask.connection) ?? "", code: ask.factor.code, ...from });
  }
};

const loginReply = (flow: Deps, logins: Logins, tickets: Map<string, string>, ask: LoginAsk, r: LoginResult): LoginReply => {
  if (r.outcome === "refused") return { ok: false, message: r.why };
  if (r.outcome !== "ok") {
    tickets.set(ask.connection, r.ticket.cookie);
    return { ok: false, next: "totp" };
  }
  tickets.delete(ask.connection);
  return { ok: true, login: keep(flow, logins, { person: r.person, address: ask.address, means: "ssh" }) };
};

const keep = (flow: Deps, logins: Logins, who: Omit<Login, "until" | "spent">): string => {
  const now = flow.clock.mono(), id = newId("token", flow.random);
  forget(flow, logins, now);
  logins.set(id, { ...who, until: now + flow.times.loginIdle, spent: false });
  return id;
};
/** Once, and not for ever. */
const taken = (flow: Deps, logins: Logins, id: string): Login => {
  const login = logins.get(id);
  if (!login || login.spent || login.until < flow.clock.mono()) throw new Fault("unauthenticated", "This login is too old. Connect again.");
  login.spent = true;
  return login;
};
/** Read again: roles, groups and disabling count from this moment. */
const callerOf = async (identity: IdentityDeps, { person, address, means }: Login): Promise<Caller> => ({ person: await personOf(identity, person.id), address, means });

const admission = async (flow: Deps, identity: IdentityDeps, logins: Logins, ask: AdmitAsk): Promise<AdmitReply> => {
  const login = taken(flow, logins, ask.login);
  try {
    const caller = await callerOf(identity, login);
    const a = login.shown ? await admitByTicket(flow, caller, login.shown, ask.channel) : await admit(flow, caller, ask.account, ask.target, ask.channel);
    logins.delete(ask.login);
    return grant(flow, a, ask, caller.person);
  } catch (e) {
    const fault = toFault(e);
    if (fault.code === "internal") flow.log("error", `admit: ${fault.cause instanceof Error ? fault.cause.message : String(fault.cause)}`);
    if (away(e)) return { ok: false, code: "unavailable", message: AWAY };
    await noted(flow, logins, ask.login, { to: { account: ask.account, target: ask.target }, what: [ask.channel], why: fault.message });
    return { ok: false, code: fault.code, message: fault.message };
  }
};

/** A refusal that cannot be written down is still a refusal. */
const noted = async (flow: Deps, logins: Logins, id: string, refusal: Refusal): Promise<void> => {
  const login = logins.get(id);
  if (!login) throw new Fault("not_found", "no such login");
  await connectionRefused(flow, login, refusal)
    .catch((e: unknown) => flow.log("error", `a refusal was not written down: ${e instanceof Error ? e.message : String(e)}`, { person: login.person.name, what: refusal.what.join(", ") }));
};

const grant = (flow: Deps, a: Admitted, ask: AdmitAsk, person: Person): AdmitReply => {
  try {
    return {
      ok: true, session: a.session, person: person.name, account: a.username, target: a.target.name, started: a.started.toISOString(), remainingMs: Math.max(1, a.remainingMs),
      address: { host: a.target.host, port: a.target.port }, username: a.username, hostKeys: [...a.hostKeys], password: flow.keyring.handOver(a.password, ask.workerKey, BOX.password(a.session)),
      recording: { id: a.recording.id, key: flow.keyring.handOverKey(a.recording.key, ask.workerKey, BOX.recording(a.recording.id)) },
      terms: { channels: [...a.terms.channels], record: a.terms.record, recordInput: a.terms.recordInput, graceMs: a.terms.reconnectGraceSeconds * 1_000, clipboardIn: a.terms.clipboardIn, clipboardOut: a.terms.clipboardOut },
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
  const total = e.ledger.channels.reduce((n, c) => n + c.in.bytes + c.out.bytes + c.err.bytes, 0), kept = e.ledger.channels.reduce((n, c) => n + c.in.recorded + c.out.recorded + c.err.recorded, 0);
  return {
    why: e.why, detail: e.detail || e.cause, bytes: total, identityChanged: e.cause === "identity_changed",
    facts: { cause: e.cause, channels: e.ledger.channels.length, bytes_proxied: total, bytes_recorded: kept, refused: JSON.stringify(e.ledger.refused) },
    recording: { chunks: e.ledger.chunks, hash: e.ledger.hash, bytes: e.ledger.bytes, complete: e.ledger.complete },
  };
};
