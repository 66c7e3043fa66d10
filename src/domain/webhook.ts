/** Webhooks as data: where they may lead, and what each format says. Rule: text of people is text there too: it pings nobody and hides no link. */
import { z } from "zod";
import { isFrom } from "./networks.ts";
import { NoticeKind, type Told } from "./notice.ts";

export const FORMATS = ["generic", "slack", "teams", "mattermost"] as const;
export type Format = (typeof FORMATS)[number];

/** Metadata services of clouds, link-local, multicast, nowhere; and addresses that carry another one inside. */
const NEVER = [
  "0.0.0.0/8", "169.254.0.0/16", "100.100.100.200", "168.63.129.16", "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4",
  "::", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::254", "64:ff9b::/96", "2002::/16", "::ffff:0:0/96",
];
const LOOPBACK = ["127.0.0.0/8", "::1"];
/** Asked for every address a name leads to, at every send. Null: it may be dialled. */
export const refusedAddress = (address: string, loopback: boolean): string | null => {
  if (isFrom(address, NEVER)) return `${address} is a link-local, metadata or otherwise special address: webhooks do not go there`;
  return !loopback && isFrom(address, LOOPBACK) ? `${address} is this machine: webhooks go there only with LOCKSTEP_WEBHOOKS_TO_LOOPBACK=yes` : null;
};

const literal = (host: string): string | null => (/^\d+\.\d+\.\d+\.\d+$/.test(host) ? host : host.startsWith("[") ? host.slice(1, -1) : null);
/** What is wrong with it, or null. Names are looked up when something is sent, each time. */
export const wrongUrl = (text: string, loopback: boolean): string | null => {
  if (!URL.canParse(text)) return "is no address such as https://chat.example.org/hooks/abc";
  const url = new URL(text), host = literal(url.hostname);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must begin with https:// or http://";
  if (url.username !== "" || url.password !== "") return "must hold no login: what arrives is signed";
  if (url.hash !== "") return "must hold no #";
  return host === null ? null : refusedAddress(host, loopback);
};

export const WebhookInput = z.object({
  name: z.string().trim().min(1, "give it a name").max(80), format: z.enum(FORMATS).default("generic"),
  /** Not given: it stays as it is. */
  url: z.string().trim().max(2_000).optional(),
  kinds: z.array(NoticeKind).max(50).default([]), collection: z.string().max(80).nullable().default(null), active: z.boolean().default(true),
});
export type WebhookInput = z.infer<typeof WebhookInput>;

type Body = Pick<Told, "id" | "kind" | "subject" | "lines" | "path" | "about" | "at">;
const linkOf = (n: Body, origin: string): string | null => (n.path === null ? null : `${origin}${n.path}`);
const slackText = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replace(/[*_~`]/g,
  "\u200b$&");
const cardText = (text: string): string => text.replace(/[\\[\]()*_#`!<>~]/g, "\\$&");
/** Inside a block of code nothing is a mention or a link; its end cannot be written there. */
const block = (lines: readonly string[]): string => `\`\`\`\n${lines.join("\n").replaceAll("`", "'")}\n\`\`\``;

const generic = (n: Body, origin: string) =>
  ({ type: n.kind, timestamp: n.at.toISOString(), data: { id: n.id, subject: n.subject, lines: n.lines, url: linkOf(n, origin), about: n.about } });
const slack = (n: Body, origin: string) => {
  const link = linkOf(n, origin);
  return { text: [`*${slackText(n.subject)}*`, ...n.lines.map(slackText), ...(link === null ? [] : [`<${link}|Open in Lockstep>`])].join("\n"),
    link_names: false, unfurl_links: false };
};
const mattermost = (n: Body, origin: string) => {
  const link = linkOf(n, origin);
  return { username: "Lockstep", text: [block([n.subject, ...n.lines]), ...(link === null ? [] : [`[Open in Lockstep](${link})`])].join("\n") };
};
const teams = (n: Body, origin: string) => {
  const link = linkOf(n, origin), text = (words: string, more: object = {}) => ({ type: "TextBlock", text: cardText(words), wrap: true, ...more });
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json", type: "AdaptiveCard", version: "1.4",
    body: [text(n.subject, { weight: "Bolder" }), ...n.lines.filter((l) => l !== "").map((l) => text(l, { spacing: "Small" }))],
    ...(link === null ? {} : { actions: [{ type: "Action.OpenUrl", title: "Open in Lockstep", url: link }] }),
  };
  return { type: "message", attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content }] };
};
const BODIES: Readonly<Record<Format, (n: Body, origin: string) => object>> = { generic, slack, teams, mattermost };
export const webhookBody = (format: Format, n: Body, origin: string): string => JSON.stringify(BODIES[format](n, origin));
