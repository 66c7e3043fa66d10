/** Stories of sessions and the player. */
import { PlayPage, SessionPage, Sessions } from "../sessions.tsx";
import { story, type Story } from "./fixed.tsx";
import { SESSIONS as LIST } from "./requests.tsx";

export const SESSIONS: readonly Story[] = [
  story("sessions", () => <Sessions list={LIST} plays live={false} />),
  story("sessions, none live", () => <Sessions list={[]} plays live />),
  ...LIST.map((s) => story(`session ${s.session.state}`, () => <SessionPage {...s} can={{ end: true, play: true }} />)),
  story("player", () => <PlayPage {...LIST[1]!} />),
];
