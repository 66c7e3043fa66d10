/** Stories of the audit log and its check. */
import { AuditCheck, type CheckSaid } from "../audit-check.tsx";
import { Audit, type AuditQuery } from "../audit.tsx";
import { at, NASTY, story, type Story } from "./fixed.tsx";
import { STORY } from "./requests.tsx";

const Q: AuditQuery = { text: "", what: "", who: "", about: "", outcome: "", from: "", to: "" };
const facts = {
  events: STORY,
  q: Q,
  names: ["login.ok", "vote.cast"],
  outcomes: ["ok", "refused"],
  more: false,
  alone: false,
  manages: true,
  check: null,
};

const HEAD = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const check = (over: Partial<CheckSaid> = {}): CheckSaid => ({
  id: "chk_1",
  state: "whole",
  at: at(-8),
  endedAt: at(-7),
  next: 1_000_000,
  upTo: 999_999,
  hash: HEAD,
  events: 1_000_000,
  faults: 0,
  findings: [],
  waiting: 0,
  waitingSince: null,
  byName: "auditor",
  says: `The log is whole: 1,000,000 events, numbers 0 to 999999, none missing, none changed. Its head is ${HEAD}.`,
  ...over,
});
const BROKEN = check({
  id: "chk_2",
  state: "broken",
  faults: 71,
  findings: [
    { at: 4_711, why: "numbers 4711 to 4779 are missing" },
    { at: 52_001, why: "its content does not match its hash: it was changed" },
  ],
  waiting: 12,
  waitingSince: at(-30),
  says: "The log is NOT whole: 71 faults in 999,931 events, numbers 0 to 999999.",
});
const RUNNING = check({ state: "running", endedAt: null, next: 420_000, events: 420_000, says: "Checking: 420,000 events of 1,000,000." });

export const AUDIT: readonly Story[] = [
  story("audit", () => <Audit {...facts} q={{ ...Q, about: "req_1" }} more check={check()} alone />),
  story("audit, filtered", () => <Audit {...facts} q={{ ...Q, text: NASTY, from: "2026-05-01", outcome: "refused" }} check={BROKEN} />),
  story("audit, none", () => <Audit {...facts} events={[]} q={{ ...Q, text: NASTY }} />),
  story("audit check, whole", () => <AuditCheck check={check()} earlier={[BROKEN]} />),
  story("audit check, broken", () => <AuditCheck check={BROKEN} earlier={[]} />),
  story("audit check, running", () => <AuditCheck check={RUNNING} earlier={[check()]} />),
];
