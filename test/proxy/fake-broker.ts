/** An in-memory ControlPlane: what the broker will do with flow verbs, without them. Rule: it records every call; tests read `calls`. */
import { randomBytes } from "node:crypto";
import type { AdmitAsk, AdmitReply, ControlPlane, Ended, Frame, LoginAsk, LoginReply, Mark, RdpGrant, RefusedAsk, SessionEvent, Terms, VncGrant } from "../../proxy/channel.ts";
import { BOX } from "../../proxy/channel.ts";
import { sealTo } from "../../src/crypto/box.ts";
import { refusal } from "../../src/domain/channels.ts";
import type { Wish } from "../../src/domain/channels.ts";
import { Fault } from "../../src/kernel/fault.ts";
import { reveal } from "../../src/kernel/reveal.ts";

export type FakeAccount = { host: string; port: number; username: string; hostKeys: string[]; password: string; desktop?: Omit<RdpGrant, "kind"> | VncGrant };
export type FakeSession = {
  id: string; ask: AdmitAsk; recording: string; key: Buffer; opened: boolean; events: SessionEvent[]; marks: Mark[];
  ended: Ended | undefined; endedTimes: number; lost: boolean;
};
export type FakeBroker = ControlPlane & {
  persons: Map<string, { password?: string; keys: string[]; totp?: string; message?: string }>;
  accounts: Map<string, FakeAccount>;
  terms: Terms; remainingMs: number;
  sessions: FakeSession[]; logins: LoginAsk[]; refusals: RefusedAsk[]; beats: (readonly string[])[];
  /** Runs before an admit is answered. */
  frames: Frame[]; onFrame: (frame: Frame) => void | Promise<void>;
  onAdmit: (session: string) => void | Promise<void>;
  last(): FakeSession;
};

const TERMS: Terms = { channels: ["shell", "exec"], record: "full", recordInput: false, graceMs: 2_000, clipboardIn: true, clipboardOut: true, filesIn: false, filesOut: false, files: { readOnly: false, noDelete: false, allow: [], deny: [] }, forwardTo: ["localhost:*"] };

const NOTHING = { ok: false, code: "not_found", message: "There is no such account for you." } as const;

const verdict = (broker: FakeBroker, half: Set<string>, ask: LoginAsk): LoginReply => {
  const person = broker.persons.get(ask.person), { factor, connection } = ask, no: LoginReply = { ok: false, ...(person?.message ? { message: person.message } : {}) };
  if (person === undefined) return no;
  const first = factor.kind === "password" ? reveal(factor.password) === person.password
    : factor.kind === "publickey" ? person.keys.includes(factor.key) : half.has(connection);
  if (!first) return no;
  if (factor.kind === "totp" && factor.code !== person.totp) return no;
  if (factor.kind !== "totp" && person.totp !== undefined) { half.add(connection); return { ok: false, next: "totp" }; }
  return { ok: true, login: `login-of-${ask.person}` };
};

const grant = (broker: FakeBroker, ask: AdmitAsk, session: FakeSession): AdmitReply => {
  const account = broker.accounts.get(`${ask.account}@${ask.target}`);
  if (account === undefined) return { ok: false, code: "not_found", message: "There is no such account for you." };
  const no = broker.terms.channels.includes(ask.channel) ? null : refusal({ channels: broker.terms.channels, forwardTo: [] }, { kind: ask.channel } as Wish);
  if (no !== null) { broker.refusals.push({ login: ask.login, worker: ask.workerKey, to: { account: ask.account, target: ask.target }, what: [ask.channel] }); return { ok: false, code: "forbidden", message: no }; }
  return {
    ok: true, session: session.id, person: ask.login.replace("login-of-", ""), account: ask.account, target: ask.target, started: new Date().toISOString(),
    remainingMs: broker.remainingMs, address: { host: account.host, port: account.port }, username: account.username, hostKeys: account.hostKeys,
    password: sealTo(ask.workerKey, BOX.password(session.id), Buffer.from(account.password)),
    recording: { id: session.recording, key: sealTo(ask.workerKey, BOX.recording(session.recording), session.key) }, terms: broker.terms,
    ...(account.desktop === undefined ? {} : { desktop: "certificates" in account.desktop ? { ...account.desktop, kind: "rdp" as const } : account.desktop }),
  };
};

export const fakeBroker = (): FakeBroker => {
  const half = new Set<string>(), find = (id: string): FakeSession => {
    const found = broker.sessions.find((s) => s.id === id);
    if (found === undefined) throw new Fault("not_found", "no such session");
    return found;
  };
  const broker: FakeBroker = {
    persons: new Map(), accounts: new Map(), terms: TERMS, remainingMs: 3_600_000, sessions: [], logins: [], refusals: [], beats: [], frames: [], onFrame: () => undefined, onAdmit: () => undefined,
    last: () => broker.sessions.at(-1) ?? (() => { throw new Error("no session was admitted"); })(),
    login: async (ask) => { broker.logins.push(ask); return verdict(broker, half, ask); },
    admit: async (ask) => {
      const n = broker.sessions.length + 1, session: FakeSession = { id: `ses_${n}_${randomBytes(4).toString("hex")}`, ask, recording: `rec_${n}_${randomBytes(4).toString("hex")}`,
        key: randomBytes(32), opened: false, events: [], marks: [], ended: undefined, endedTimes: 0, lost: false };
      const reply = grant(broker, ask, session);
      if (reply.ok) { broker.sessions.push(session); await broker.onAdmit(session.id); }
      return reply;
    },
    refused: async (ask) => { broker.refusals.push(ask); },
    rejoin: async ({ session }) => { find(session); }, look: async ({ session }) => { find(session); },
    frame: async (id, frame) => { find(id); broker.frames.push(frame); await broker.onFrame(frame); },
    // Nobody may ask for anything here; the broker's own answers are tested against the broker (test/e2e).
    menu: async () => NOTHING, ask: async () => NOTHING, wait: async () => NOTHING, cancel: async () => NOTHING,
    opened: async (id) => { find(id).opened = true; },
    event: async (id, event) => { find(id).events.push(event); },
    mark: async (id, mark) => { find(id).marks.push(mark); },
    heartbeat: async (ids) => { broker.beats.push(ids); },
    ended: async (id, ended) => { const s = find(id); s.ended = ended; s.endedTimes += 1; },
    lost: async (ids) => { for (const id of ids) find(id).lost = true; },
  };
  return broker;
};
