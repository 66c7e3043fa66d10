/** Stories of notices: the log, who is told what, webhooks. */
import { Here } from "../here.ts";
import type { NoticeKind } from "../../src/domain/notice.ts";
import { DeliveryLog, type DeliveryLine, type LogView } from "../delivery-log.tsx";
import { NoticeSettings, type ChoiceLine, type SettingsView } from "../notice-settings.tsx";
import { MePage } from "../me.tsx";
import { WebhookKey, type WebhookLine } from "../webhooks.tsx";
import { as, at, FAR, HERE, LONG, NASTY, now, requester, story, type Story } from "./fixed.tsx";

const kinds = [
  { kind: "request_waiting" as NoticeKind, title: "A request waits for your vote" },
  { kind: "rotation_failed" as NoticeKind, title: "A password could not be changed" },
  { kind: "password_typed" as NoticeKind, title: "Somebody typed a password into the vault" },
];
export const CHOICES: readonly ChoiceLine[] = kinds.map((k, i) => ({ ...k, on: i !== 1, fixed: i === 2 }));

const line = (state: string, to: string, said: string, more: object = {}, subject = "requester asks for root@web-1"): DeliveryLine =>
  as<DeliveryLine>({
    delivery: { id: `dlv_${state}`, state, channel: "mail", to, tries: 1, said, at: at(-30), nextAt: null, againOf: null, ...more },
    notice: { id: "ntc_1", kind: "request_waiting", subject, lines: [], path: "/requests/req_1", about: {}, at: at(-30) },
  });
export const LINES = [
  line("sent", "approver@example.org", "250 OK id=1xWGHY-0002bE-2p"),
  line("waiting", "grey@example.org", "451 Greylisted, come back later", { tries: 2, nextAt: at(4) }),
  line("waiting", "ops", "", { tries: 0, channel: "webhook", nextAt: at(0) }),
  line("refused", `${LONG}@${FAR}.example.org`, "550 No such person here", {}, NASTY),
  line("given_up", "gone@example.org", "192.0.2.25:587 cannot be reached: the connection was refused", { tries: 81, againOf: "dlv_0" }),
  line("unsent", "outsider", "No mail address is known for outsider.", { tries: 0 }),
];
const log: LogView = {
  list: LINES,
  q: { text: "", state: "", kind: "", channel: "" },
  kinds,
  states: ["waiting", "sent", "refused", "given_up", "unsent"],
  more: "dlv_unsent",
  manages: true,
};

const hook = (name: string, more: Partial<WebhookLine> = {}): WebhookLine => ({
  id: `whk_${name.slice(0, 4)}`,
  name,
  format: "slack",
  host: "https://hooks.example.org",
  kinds: [],
  collection: null,
  active: true,
  failingSince: null,
  offWhy: null,
  lastOkAt: at(-4),
  ...more,
});
const settings: SettingsView = {
  mail: { server: "mail.example.org:587", from: "lockstep@example.org" },
  rules: [
    { id: "nrl_1", kinds: ["rotation_failed"], collection: "col_1", people: ["ada"], groups: ["Web operations"], addresses: ["oncall@example.org"] },
    { id: "nrl_2", kinds: [], collection: null, people: [], groups: [], addresses: [`${LONG}@${FAR}.example.org`] },
  ],
  hooks: [
    hook("ops"),
    hook("siem", { format: "generic", failingSince: at(-300), kinds: ["rotation_failed", "password_typed"] }),
    hook(LONG, { format: "teams", active: false, offWhy: "it has failed since 2026-11-20T08:00:00.000Z: 503 Service Unavailable" }),
  ],
  kinds,
  collections: [{ id: "col_1", name: "Web servers" }],
  groups: ["Web operations"],
  manages: true,
};
const unmailed = (body: () => unknown) => () => <Here.Provider value={{ ...HERE, mails: false }}>{body() as never}</Here.Provider>;

export const NOTICES: readonly Story[] = [
  story("notices", () => <DeliveryLog {...log} />),
  story("notices, as an auditor", () => <DeliveryLog {...log} manages={false} more={null} />),
  story("notices, none, and no mail server", unmailed(() => <DeliveryLog {...log} list={[]} more={null} />)),
  story("notices, nothing matches", () => <DeliveryLog {...log} list={[]} more={null} q={{ ...log.q, text: "x", state: "refused" }} />),
  story("who is told what", () => <NoticeSettings {...settings} />),
  story("who is told what, as an auditor", () => <NoticeSettings {...settings} manages={false} />),
  story("who is told what, new", unmailed(() => <NoticeSettings {...settings} mail={null} rules={[]} hooks={[]} />)),
  story("webhook's key", () => <WebhookKey text="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" name="siem" />),
  story(
    "me, without a mail address or server",
    unmailed(() => <MePage person={requester} keys={[]} tokens={[]} now={now} groups={[]} choices={CHOICES} />),
  ),
];
