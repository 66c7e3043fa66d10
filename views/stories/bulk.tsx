/** Bulk changes and schedules in every state. */
import type { Bulk, Counts, ItemState } from "../../src/domain/bulk.ts";
import type { Schedule, ScheduleInput } from "../../src/domain/schedule.ts";
import { BulkForm } from "../bulk-form.tsx";
import { BulkPreviewPage, type BulkLine, type BulkPreviewView } from "../bulk-preview.tsx";
import { BulkPage, Bulks, type BulkMove, type BulkView, type ItemLine } from "../bulk.tsx";
import { SharedPage } from "../release.tsx";
import { ScheduleForm } from "../schedule-form.tsx";
import { SchedulePage, Schedules, type ScheduleView } from "../schedules.tsx";
import { LINES as TOLD } from "./notices.tsx";
import { at, FAR, LONG, NASTY, story, type Story } from "./fixed.tsx";

const terms = { perTarget: 4, parallel: 16, failureLimit: 20, retries: 1, retryMinutes: 10, minutes: 1_440 };
const none: Counts = { waiting: 0, held: 0, changing: 0, done: 0, failed: 0, skipped: 0 };
const bulk = (state: Bulk["state"], over: Partial<Bulk> = {}): Bulk =>
  ({
    id: "blk_00000000000000000001",
    by: "per_operator",
    reason: "quarterly change of all web hosts",
    trigger: "bulk",
    schedule: null,
    how: "unique",
    apply: true,
    cut: false,
    terms,
    notify: { people: [], groups: [], addresses: [] },
    at: at(-3),
    until: at(1_437),
    why: null,
    movedBy: null,
    state,
    ...(state === "done" || state === "stopped" ? { endedAt: at(-1) } : {}),
    ...over,
  }) as Bulk;
const view = (b: Bulk, counts: Partial<Counts>, moves: readonly BulkMove[] = [], over: Partial<BulkView> = {}): BulkView => ({
  bulk: b,
  byName: "operator",
  movedByName: null,
  scheduleName: null,
  counts: { ...none, ...counts },
  moves,
  ...over,
});
const item = (no: number, name: string, state: ItemState, over: Partial<ItemLine> = {}): ItemLine => ({
  no,
  account: "acc_1",
  name,
  state,
  why: null,
  nextAt: null,
  rotation: null,
  rotationState: null,
  rotationWhy: null,
  ...over,
});
const ITEMS = [
  item(1, "app@db-1", "failed", { why: "the target refused: BAD PASSWORD: it is too short", rotationState: "refused" }),
  item(2, "old@db-1", "failed", {
    why: "not finished in time: the target does not answer. The broker goes on with it by itself",
    rotationState: "committed",
  }),
  item(3, "x@web-1", "skipped", { why: "held by requester until 2026-11-25 18:00 UTC" }),
  item(4, "root@web-1", "held", { why: "held by rosa, anders until 2026-11-25 18:00 UTC" }),
  item(5, "app1@web-1", "changing", { rotationState: "probing" }),
  item(6, "app2@web-1", "changing", { rotationState: "waiting", rotationWhy: "connect ECONNREFUSED", why: "1 session cut" }),
  item(7, "app3@web-1", "waiting", { why: "try 1 of 2: the host's rules say no", nextAt: at(8) }),
  item(8, `${LONG}@${FAR}`, "waiting"),
  item(9, "done@web-1", "done"),
  item(10, "done2@web-1", "done", { why: "changed when the hold ended" }),
];
const COUNTS = { waiting: 2, held: 1, changing: 2, done: 190, failed: 2, skipped: 1 };
const page = (v: BulkView, list: readonly ItemLine[] = ITEMS, state: ItemState | null = null) => (
  <BulkPage {...v} list={list} state={state} more={null} told={{ list: TOLD, manages: true }} />
);

const line = (name: string, over: Partial<BulkLine> = {}): BulkLine => ({
  id: "acc_1",
  name,
  standing: { word: "available" },
  holds: [],
  liveSessions: 0,
  administers: null,
  stops: null,
  waits: null,
  broken: [],
  ...over,
});
const held = {
  person: "per_r",
  personName: "rosa",
  until: at(30),
  exclusive: true,
  policy: "pol_1",
} as unknown as BulkLine["holds"][number];
const LINES = [
  line("app1@web-1"),
  line("root@web-1", { administers: "web-1" }),
  line("app2@web-1", {
    standing: { word: "held", by: "rosa", until: at(30) },
    holds: [held],
    liveSessions: 1,
    waits: "the end of its hold",
  }),
  line("fresh@web-1", { standing: { word: "unmanaged" }, stops: "it is not managed: adopt it first" }),
  line("strict@db-1", { broken: ["at least 32 characters", "2 or more symbols"] }),
  line(`${LONG}@${FAR}`),
];
const preview = (over: Partial<BulkPreviewView> = {}) => (
  <BulkPreviewPage
    list={LINES}
    how="unique"
    apply
    cut={false}
    reason={NASTY}
    carried={{ how: "unique" }}
    nobody={null}
    told={3}
    {...over}
  />
);

const input: ScheduleInput = {
  name: "nightly change of the web hosts",
  when: { kind: "every", n: 2, unit: "weeks", from: "2026-11-30", time: "02:00", zone: "Europe/Berlin" },
  choice: { accounts: [], targets: ["db-1"], groups: ["night shift"], search: "tag:web" },
  reason: "by the rules",
  window: { zone: "Europe/Berlin", open: [{ days: [6, 7], from: "01:00", to: "05:00" }] },
  terms,
  notify: { people: ["per_1"], groups: [], addresses: ["ops@example.org"] },
  notifyBefore: 60,
};
const schedule = (over: Partial<Schedule> = {}): Schedule =>
  ({ ...input, id: "sch_1", by: "per_operator", toldOf: null, lastRun: at(-1_440), state: "active", nextAt: at(600), ...over }) as Schedule;
const scheduled = (s: Schedule, over: Partial<ScheduleView> = {}): ScheduleView => ({
  schedule: s,
  byName: "operator",
  moves: s.state === "active" ? ["pause", "end"] : s.state === "paused" ? ["resume", "end"] : [],
  says: "every 2 weeks from 2026-11-30 at 02:00 (Europe/Berlin)",
  nextText: "Mon 2026-11-30 02:00",
  ...over,
});
const PLANNED = ["Mon 2026-11-30 02:00", "Mon 2026-11-30 03:30", "Mon 2026-12-14 02:00"].map((text, i) => ({
  id: "sch_1",
  name: i === 1 ? `${LONG} ${FAR}` : "nightly",
  at: at(600),
  text,
}));
const run = view(bulk("done"), { done: 197, failed: 3 }, [], { scheduleName: "nightly" });
const one = (v: ScheduleView, runs: readonly BulkView[] = [run]) => (
  <SchedulePage
    v={v}
    accounts={12}
    runs={runs}
    edits
    windowText="Sat, Sun 01:00–05:00 (Europe/Berlin)"
    told={2}
    nobody={null}
    deliveries={{ list: TOLD.slice(0, 2), manages: false }}
  />
);
const NOBODY = "Nobody will be mailed: no mail server is set (LOCKSTEP_SMTP_SERVER).";
const offers = { groups: ["night shift", `${LONG} ${FAR}`], targets: ["web-1"], untried: [] };
const empty = { accounts: [], targets: [], groups: [], search: "" };

export const BULK: readonly Story[] = [
  story("bulk changes", () => (
    <Bulks
      begins
      next={at(-9_000)}
      list={[
        view(bulk("running"), COUNTS, ["pause"]),
        view(bulk("halted", { why: "3 of 9 failed: more than 20 %" }), { failed: 3, done: 6, waiting: 90 }),
        run,
        view(bulk("done", { reason: NASTY }), { done: 4 }),
        view(bulk("stopped"), { done: 1, skipped: 9 }),
      ]}
    />
  )),
  story("bulk changes, none", () => <Bulks begins list={[]} next={null} />),
  story("bulk changes, none for an auditor", () => <Bulks begins={false} list={[]} next={null} />),
  story("bulk change, form", () => <BulkForm choice={empty} offers={offers} terms={terms} nobody={null} />),
  story("bulk change, form with accounts, nobody mailed", () => (
    <BulkForm
      choice={{ ...empty, accounts: ["root@web-1", `${LONG}@${FAR}`] }}
      offers={{ groups: [], targets: [], untried: ["switch-1", FAR] }}
      terms={terms}
      nobody={NOBODY}
    />
  )),
  story("bulk change, preview", () => preview()),
  story("bulk change, preview with a cut and a given password", () => preview({ how: "given", cut: true, nobody: NOBODY })),
  story("bulk change, preview of none", () => preview({ list: [LINES[3]!], told: 0 })),
  story("bulk change, running", () => page(view(bulk("running"), COUNTS, ["pause", "stop"]))),
  story("bulk change, paused", () => page(view(bulk("paused"), COUNTS, ["resume", "stop"], { movedByName: "second" }))),
  story("bulk change, halted", () =>
    page(view(bulk("halted", { why: "3 of 9 failed: more than 20 %" }), { failed: 3, done: 6, waiting: 91 }, ["resume", "stop"])),
  ),
  story("bulk change, stopping", () => page(view(bulk("stopping", { why: "stopped by operator" }), COUNTS))),
  story("bulk change, over", () => page(view(bulk("done"), { done: 200 }, ["retry"]), [ITEMS[8]!, ITEMS[9]!])),
  story("bulk change, over with failures", () =>
    page(view(bulk("done", { how: "given", reason: NASTY }), { done: 195, failed: 4, skipped: 1 }, ["retry"]), ITEMS.slice(0, 3)),
  ),
  story("bulk change, of a schedule", () => page(run, ITEMS.slice(0, 1))),
  story("bulk change, none in that state", () => page(view(bulk("running"), COUNTS), [], "failed")),
  story("bulk change, the password for all", () => <SharedPage password="kT7#mQ2!vX9@rB4%wZ6&" back="/bulk/blk_1" seconds={60} />),
  story("schedules", () => (
    <Schedules
      makes
      planned={PLANNED}
      list={[
        scheduled(schedule()),
        scheduled(schedule({ name: NASTY, state: "paused" } as never)),
        scheduled(schedule({ name: LONG, state: "ended", endedAt: at(-9) } as never), { nextText: null }),
      ]}
    />
  )),
  story("schedules, none", () => <Schedules makes list={[]} planned={[]} />),
  story("schedule", () => one(scheduled(schedule()))),
  story("schedule, paused, no run yet", () => one(scheduled(schedule({ state: "paused", lastRun: null } as never)), [])),
  story("schedule, over", () => one(scheduled(schedule({ state: "ended", endedAt: at(-9) } as never), { nextText: null }))),
  story("schedule, form", () => (
    <ScheduleForm
      id={null}
      input={input}
      offers={offers}
      notify={{ people: ["rosa"], groups: [], addresses: ["ops@example.org"] }}
      nobody={NOBODY}
      zones={["Europe/Berlin", "UTC"]}
    />
  )),
  story("schedule, form by cron", () => (
    <ScheduleForm
      id="sch_1"
      input={{ ...input, window: null, when: { kind: "cron", text: "30 2 * * sun", zone: "UTC" } }}
      offers={offers}
      notify={{ people: [], groups: [], addresses: [] }}
      nobody={null}
      zones={["UTC"]}
    />
  )),
];
