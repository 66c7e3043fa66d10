/** Stories of the exposure ledger, and of changing everything somebody has seen. */
import type { SeenAccount } from "../../src/domain/exposure.ts";
import { Exposures, type LedgerLine } from "../exposures.tsx";
import { SeenPage, SeenRun, type RunLine } from "../seen.tsx";
import { at, FAR, LONG, NASTY, story, type Story } from "./fixed.tsx";

const line = (over: Partial<LedgerLine> = {}): LedgerLine => ({
  id: "exp_1",
  person: "per_requester",
  personName: "requester",
  account: "acc_1",
  accountName: "root",
  targetName: "web-1",
  versionNo: 4,
  request: "req_1",
  how: "released",
  at: at(-9),
  rotatedAt: null,
  force: "in_force",
  ...over,
});
const LINES = [
  line(),
  line({ id: "exp_2", how: "session", force: "unsettled" }),
  line({ id: "exp_3", how: "typed", force: "declared", request: null, accountName: LONG, targetName: FAR, versionNo: null }),
  line({ id: "exp_4", force: "rotated", rotatedAt: at(-3) }),
  line({ id: "exp_5", force: "replaced" }),
];
const q = { person: "", account: "", standing: false },
  facts = { q, names: ["approver", "requester"], next: null, unknown: null };

const seen = (over: Record<string, unknown> = {}): SeenAccount =>
  ({
    account: "acc_1",
    name: "root@web-1",
    hows: ["released"],
    versions: 1,
    lastAt: at(-9),
    force: "in_force",
    heldBy: [],
    liveSessions: 0,
    openRotation: null,
    cannot: null,
    waits: null,
    ...over,
  }) as unknown as SeenAccount;
const SEEN = [
  seen(),
  seen({ name: "app@db-1", heldBy: ["requester", "operator"], liveSessions: 2, hows: ["released", "session"] }),
  seen({ name: "x@web-1", openRotation: "probing", waits: "it is locked" }),
  seen({
    name: `${LONG}@${FAR}`,
    force: "declared",
    hows: ["typed"],
    cannot: "it is not managed: the broker cannot change its password. Adopt it, or change it on the target by hand",
  }),
];
const preview = (list: readonly SeenAccount[], usedToo = false) =>
  ({ person: "per_requester", personName: "requester", usedToo, list }) as unknown as Parameters<typeof SeenPage>[0]["seen"];

const run = (endedAt: Date | null) => ({
  id: "run_1",
  personName: "requester",
  byName: "operator",
  reason: NASTY,
  usedToo: false,
  at: at(-2),
  endedAt,
});
const ran = (name: string, over: Partial<RunLine>): RunLine => ({
  account: "acc_1",
  name,
  result: "opened",
  rotationState: "committed",
  why: null,
  ...over,
});
const RAN = [
  ran("root@web-1", {}),
  ran("app@db-1", { rotationState: "waiting", why: "2 sessions cut" }),
  ran("x@web-1", { result: "again", rotationState: "probing" }),
  ran("y@web-1", { rotationState: "dead_letter" }),
  ran("z@web-1", { result: "not_needed", rotationState: null, why: "it was changed meanwhile" }),
  ran(`${LONG}@${FAR}`, { result: "refused", rotationState: null, why: "it is not managed" }),
  ran("last@web-1", { result: null, rotationState: null }),
];

export const EXPOSURES: readonly Story[] = [
  story("exposures", () => <Exposures {...facts} list={LINES} next={at(-90)} />),
  story("exposures, one person's", () => <Exposures {...facts} list={LINES} q={{ ...q, person: "requester", standing: true }} />),
  story("exposures, none", () => <Exposures {...facts} list={[]} />),
  story("exposures, nothing open", () => <Exposures {...facts} list={[]} q={{ ...q, standing: true }} />),
  story("exposures, unknown person", () => <Exposures {...facts} list={[]} q={{ ...q, person: NASTY }} unknown="There is no such person." />),
  story("seen, preview", () => <SeenPage seen={preview(SEEN)} rotates />),
  story("seen, preview of an auditor", () => <SeenPage seen={preview(SEEN, true)} rotates={false} />),
  story("seen, nothing", () => <SeenPage seen={preview([])} rotates />),
  story("seen, run under way", () => <SeenRun run={run(null)} list={RAN} />),
  story("seen, run over", () => <SeenRun run={run(at(-1))} list={[RAN[0]!, RAN[4]!, RAN[5]!]} />),
];
