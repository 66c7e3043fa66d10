/** Stories of sessions, the player and the audit log. */
import { Audit } from "../audit.tsx";
import { PlayPage, SessionPage, Sessions } from "../sessions.tsx";
import { NASTY, story, type Story } from "./fixed.tsx";
import { SESSIONS as LIST, STORY } from "./requests.tsx";

export const SESSIONS: readonly Story[] = [
  story("sessions", () => <Sessions list={LIST} plays live={false} />),
  story("sessions, none live", () => <Sessions list={[]} plays live />),
  ...LIST.map((s) => story(`session ${s.session.state}`, () => <SessionPage {...s} can={{ end: true, play: true }} />)),
  story("player", () => <PlayPage {...LIST[1]!} />),
  story("audit", () => <Audit events={STORY} q={{ text: "", what: "", about: "req_1" }} names={["login.ok"]} more />),
  story("audit, none", () => <Audit events={[]} q={{ text: NASTY, what: "", about: "" }} names={[]} more={false} />),
];
