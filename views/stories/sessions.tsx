/** Stories of sessions and the player. */
import type { Flow } from "../../src/domain/ledger.ts";
import type { Covered } from "../coverage.tsx";
import { PlayPage } from "../player.tsx";
import { NO_FILTER, SearchPage, type HitView } from "../session-search.tsx";
import { SessionPage, Sessions } from "../sessions.tsx";
import type { Told } from "../story.tsx";
import { TerminalPage } from "../terminal.tsx";
import { TranscriptPage } from "../transcript.tsx";
import { WatchPage } from "../watch.tsx";
import { at, FAR, LONG, NASTY, story, type Story } from "./fixed.tsx";
import { SESSIONS as LIST } from "./requests.tsx";

const HEAD = { id: "ses_2", personName: "requester", accountName: "root", targetName: "web-1", openedAt: at(-9) };
const TERMINAL = { request: "req_1", account: LONG, target: FAR, me: "requester" };
const CHANNELS = [
  { no: 1, kind: "shell", command: null },
  { no: 2, kind: "exec", command: NASTY },
];
const ROWS = [
  { channel: 1, at: 400, kind: "printed", text: "Welcome to web-1\nLast login: yesterday" },
  { channel: 1, at: 12_400, kind: "command", text: "systemctl restart nginx" },
  { channel: 1, at: 12_500, kind: "typed", text: "systemctl restart nginx" },
  { channel: 1, at: 3_730_000, kind: "printed", text: NASTY },
  { channel: 2, at: 0, kind: "command", text: NASTY },
];
const inside = (row: number, facts: Record<string, unknown>, outcome = "ok"): Told => ({
  id: `evt_${row}`,
  row,
  at: at(-9 + row),
  what: "session.event",
  who: { kind: "broker", part: "proxy" },
  about: {},
  outcome,
  why: null,
  facts,
  index: row,
});
const INSIDE = [
  inside(1, { kind: "channel_opened", channel: 1, type: "exec", command: NASTY }),
  inside(2, { kind: "channel_closed", channel: 1, exit: 0, in: 0, out: 412 }),
  inside(3, { kind: "refused", what: "direct-tcpip" }, "refused"),
];
const FILTERED = { ...NO_FILTER, person: "requester", gaps: true };
const HITS: readonly HitView[] = [
  {
    row: 8,
    ...HEAD,
    channel: 1,
    at: 12_400,
    kind: "command",
    parts: [
      { text: "…sudo ", hit: false },
      { text: "rm", hit: true },
      { text: " -", hit: false },
      { text: "rf", hit: true },
      { text: " /srv/cache", hit: false },
    ],
  },
  { row: 7, ...HEAD, channel: 2, at: 0, kind: "printed", parts: [{ text: NASTY, hit: false }] },
];

const flow = (bytes: number, recorded: number, covered: number): Flow => ({ bytes, recorded, covered, sha256: null });
const NONE = flow(0, 0, 0);
const ROW = { record: "head", in: NONE, out: NONE, err: NONE, exit: null } as const;
const COVERED: Covered = {
  percent: "99.92 %",
  coverage: {
    proxied: 31_500_000,
    recorded: 16_790_000,
    covered: 31_474_800,
    score: 0.9992,
    gaps: [
      { channel: null, what: "the recording ends early", bytes: null },
      { channel: 1, what: "typed input: counted, not kept, by policy", bytes: 25_200 },
    ],
  },
  ledger: {
    chunks: 300,
    hash: "h",
    bytes: 1,
    complete: false,
    refused: { "forwarded-tcpip": 1, agent: 3 },
    channels: [
      { ...ROW, channel: 1, kind: "shell", record: "full", in: flow(25_200, 0, 0), out: flow(70_312, 70_312, 70_312), exit: 0 },
      { ...ROW, channel: 2, kind: "sftp", in: flow(31_000_000, 16_777_216, 31_000_000), exit: "SIGTERM" },
      { ...ROW, channel: 3, kind: "direct-tcpip", record: "digest", to: `${FAR}:5432`, in: flow(512, 0, 512), out: flow(90_000, 0, 90_000) },
      { ...ROW, channel: 201, kind: "exec", sums: 812, out: flow(300_000, 300_000, 300_000) },
    ],
  },
};
const WHOLE: Covered = {
  percent: "100 %",
  coverage: { ...COVERED.coverage, score: 1, covered: COVERED.coverage.proxied, gaps: [] },
  ledger: { ...COVERED.ledger, complete: true, refused: {}, channels: [] },
};

export const SESSIONS: readonly Story[] = [
  story("sessions", () => <Sessions list={LIST} plays watches live={false} />),
  story("sessions, none live", () => <Sessions list={[]} plays live />),
  ...LIST.map((s) => story(`session ${s.session.state}`, () => (
    <SessionPage {...s} can={{ end: true, play: true, watch: true }} covered={COVERED} />
  ))),
  story("session ended, not counted", () => <SessionPage {...LIST[1]!} can={{ end: false, play: true, watch: false }} covered={null} />),
  story("session ended, not in the search", () => (
    <SessionPage {...LIST[1]!} can={{ end: false, play: true, watch: false }} covered={WHOLE} unread />
  )),
  story("player", () => <PlayPage head={HEAD} channels={CHANNELS} chosen={2} />),
  story("player, one channel", () => <PlayPage head={HEAD} channels={CHANNELS.slice(0, 1)} chosen={null} />),
  story("transcript", () => <TranscriptPage head={HEAD} rows={ROWS} channels={CHANNELS} complete shortened={false} />),
  story("transcript, cut and shortened", () => (
    <TranscriptPage head={HEAD} rows={ROWS} channels={CHANNELS} complete={false} shortened />
  )),
  story("transcript, empty", () => <TranscriptPage head={HEAD} rows={[]} channels={[]} complete shortened={false} />),
  story("session, what happened inside", () => (
    <SessionPage {...LIST[1]!} can={{ end: true, play: true, watch: true }} covered={WHOLE} events={INSIDE} />
  )),
  story("session, more happened inside than one page holds", () => (
    <SessionPage {...LIST[1]!} can={{ end: true, play: true, watch: true }} covered={WHOLE} events={INSIDE} turn={{ first: false, next: 1042 }} />
  )),
  story("sessions, filtered", () => (
    <Sessions list={LIST} plays watches live={false} q={FILTERED} progress={{ left: 3, shortened: 1, unreadable: 2 }} />
  )),
  story("search", () => (
    <SearchPage
      hits={HITS}
      text={`"rm -rf" nginx`}
      q={NO_FILTER}
      next={7}
      progress={{ left: 1, shortened: 0, unreadable: 0 }}
      refused={null}
    />
  )),
  story("search, nothing", () => <SearchPage hits={[]} text={NASTY} q={FILTERED} next={null} progress={null} refused={null} />),
  story("search, refused", () => (
    <SearchPage hits={[]} text="-" q={NO_FILTER} next={null} progress={null} refused="Say one to 12 whole words." />
  )),
  story("terminal", () => <TerminalPage {...TERMINAL} policy={{ clipboardIn: true, clipboardOut: true, recordInput: false }} />),
  story("terminal, clipboard kept out", () => <TerminalPage {...TERMINAL} policy={{ clipboardIn: false, clipboardOut: false, recordInput: true }} />),
  story("watching", () => <WatchPage session="ses_1" request="req_1" account="root" target="web-1" person={NASTY} />),
];
