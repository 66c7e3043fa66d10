/** Stories of what depends on a password. */
import type { Run } from "../../src/domain/dependent.ts";
import type { RunLine } from "../dependent-runs.tsx";
import { AccountPage } from "../account.tsx";
import { DependentTried, type DependentLine, type DependentsView } from "../dependents.tsx";
import { card } from "./accounts.tsx";
import { as, at, FAR, LONG, NASTY, story, type Story } from "./fixed.tsx";

const line = (over: Partial<DependentLine>): DependentLine => ({
  ...as<DependentLine>({ id: "dep_1", account: "acc_1", target: "tgt_1", by: "per_operator" }),
  phase: "after",
  no: 1,
  goOn: false,
  what: { does: "service", unit: "billing", action: "restart" },
  at: at(-900),
  accepted: { by: as("per_second"), at: at(-800), alone: false },
  targetName: "web-1",
  says: "restart the service billing",
  byName: "operator",
  acceptedByName: "second",
  accountName: "app@db-1",
  mayAccept: false,
  ...over,
});
const file = line({
  what: { does: "rewrite", path: "/etc/billing/app.conf", line: "password = {{password}}", form: "quoted" },
  says: "write the password into /etc/billing/app.conf",
});
const path = `/etc/${LONG}/${LONG}.conf`;
const list: readonly DependentLine[] = [
  line({ phase: "before", what: { does: "service", unit: "billing", action: "stop" }, says: "stop the service billing" }),
  file,
  line({ no: 2 }),
  line({
    no: 3,
    goOn: true,
    targetName: FAR,
    what: { does: "rewrite", path, line: `DATABASE_URL=postgres://app:{{password}}@${FAR}:5432/app`, form: "url" },
    says: `write the password into ${path}`,
    accepted: null,
    acceptedByName: null,
    mayAccept: true,
  }),
  line({ no: 4, accepted: { by: as("per_operator"), at: at(-1), alone: true }, acceptedByName: "operator" }),
];
const run = (state: Run["state"], over: Partial<RunLine> & { why?: string; nextAt?: Date } = {}): RunLine => ({
  run: as<Run>({
    ...{ id: "dpr_1", dependent: "dep_1", rotation: "rot_1", account: "acc_1", target: "tgt_1", phase: "after", no: 1 },
    ...{ goOn: false, version: "ver_2", fence: 1, tries: 1 },
    ...{ openedAt: at(-3), why: over.why ?? null, state, ...(state === "waiting" ? { nextAt: over.nextAt ?? null } : { endedAt: at(-2) }) },
  }),
  says: "restart the service billing",
  on: "web-1",
  account: "app@db-1",
  moves: state === "failed" || state === "unknown" ? ["again", "skip"] : state === "waiting" ? ["skip"] : [],
  held: over.held ?? null,
  ...over,
});
export const RUNS: readonly RunLine[] = [
  { ...run("done", { says: "stop the service billing" }), run: { ...run("done").run, phase: "before", version: null } },
  run("failed", { says: file.says, why: "no line of the file looks like the template" }),
  run("unknown", { why: "the broker that did it was stopped in the middle" }),
  run("waiting", { why: "the target cannot be reached: nothing answers there", nextAt: at(4) }),
  run("waiting", { held: "write the password into /etc/billing/app.conf" }),
  run("running"),
  run("skipped", { why: "a later change of the same password does it" }),
  run("failed", { says: `write the password into ${path}`, on: FAR, account: `${LONG}@${FAR}`, why: NASTY }),
];
const DOERS = [
  { name: "web-1", does: ["service", "rewrite"] },
  { name: FAR, does: ["steps"] },
  { name: "win-1", does: ["service", "logon"] },
];
export const TO_ACCEPT: readonly DependentLine[] = [file, list[3]!];

const page = (v: Omit<DependentsView, "account">) => (
  <AccountPage card={card({ word: "available" })} history={null} dependents={{ account: "acc_1", ...v }} />
);
export const DEPENDENTS: readonly Story[] = [
  story("dependents", () => page({ list, writes: true, targets: DOERS })),
  story("dependents, for a reader", () => page({ list: list.slice(1, 3), writes: false, targets: [] })),
  story("dependents, none", () => page({ list: [], writes: true, targets: DOERS.slice(0, 1) })),
  story("dependent, tried", () => <DependentTried d={file} account="acc_1" said={{ ok: true }} />),
  story("dependent, tried and not to be done", () => <DependentTried d={list[3]!} account="acc_1" said={{ ok: false, why: NASTY }} />),
];
