/** Stories of sessions and the player. */
import { PlayPage, SessionPage, Sessions } from "../sessions.tsx";
import { TerminalPage } from "../terminal.tsx";
import { WatchPage } from "../watch.tsx";
import { FAR, LONG, NASTY, story, type Story } from "./fixed.tsx";
import { SESSIONS as LIST } from "./requests.tsx";

const TERMINAL = { request: "req_1", account: LONG, target: FAR, me: "requester" };
export const SESSIONS: readonly Story[] = [
  story("sessions", () => <Sessions list={LIST} plays watches live={false} />),
  story("sessions, none live", () => <Sessions list={[]} plays live />),
  ...LIST.map((s) => story(`session ${s.session.state}`, () => <SessionPage {...s} can={{ end: true, play: true, watch: true }} />)),
  story("player", () => <PlayPage {...LIST[1]!} />),
  story("terminal", () => <TerminalPage {...TERMINAL} policy={{ clipboardIn: true, clipboardOut: true, recordInput: false }} />),
  story("terminal, clipboard kept out", () => <TerminalPage {...TERMINAL} policy={{ clipboardIn: false, clipboardOut: false, recordInput: true }} />),
  story("watching", () => <WatchPage session="ses_1" request="req_1" account="root" target="web-1" person={NASTY} />),
];
