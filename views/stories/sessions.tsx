/** Stories of sessions and the player. */
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

export const SESSIONS: readonly Story[] = [
  story("sessions", () => <Sessions list={LIST} plays watches live={false} />),
  story("sessions, none live", () => <Sessions list={[]} plays live />),
  ...LIST.map((s) => story(`session ${s.session.state}`, () => <SessionPage {...s} can={{ end: true, play: true, watch: true }} />)),
  story("player", () => <PlayPage head={HEAD} channels={CHANNELS} chosen={2} />),
  story("player, one channel", () => <PlayPage head={HEAD} channels={CHANNELS.slice(0, 1)} chosen={null} />),
  story("transcript", () => <TranscriptPage head={HEAD} rows={ROWS} channels={CHANNELS} complete shortened={false} />),
  story("transcript, cut and shortened", () => (
    <TranscriptPage head={HEAD} rows={ROWS} channels={CHANNELS} complete={false} shortened />
  )),
  story("transcript, empty", () => <TranscriptPage head={HEAD} rows={[]} channels={[]} complete shortened={false} />),
  story("session, what happened inside", () => <SessionPage {...LIST[1]!} can={{ end: true, play: true, watch: true }} events={INSIDE} />),
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
