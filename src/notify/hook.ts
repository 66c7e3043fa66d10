/**
 * A webhook out of the door, signed as Standard Webhooks says. Rule: it dials only an address that was just looked at, follows nothing, and of the
 * answer it keeps the status alone: whoever names a destination must not read other people's servers through it.
 */
import { createHmac } from "node:crypto";
import { lookup as resolve, type LookupAddress } from "node:dns";
import { request as http, type IncomingMessage, type RequestOptions } from "node:http";
import { request as https } from "node:https";
import { revealBytes, reveal } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Posted } from "./send.ts";

/** `key`: `whsec_` and base64, as its receiver has it. `id` stays the same for each try and each redelivery. */
export type HookCall = { readonly url: Secret; readonly key: Secret; readonly id: string; readonly at: Date; readonly body: string };
export type Poster = { post(call: HookCall): Promise<Posted> };
/** Why an address must not be dialled, or null. */
export type Refuse = (address: string) => string | null;

export const signature = (key: Secret, id: string, seconds: number, body: string): string => {
  const bytes = Buffer.from(revealBytes(key).toString("utf8").replace(/^whsec_/, ""), "base64");
  try { return `v1,${createHmac("sha256", bytes).update(`${id}.${String(seconds)}.${body}`).digest("base64")}`; } finally { bytes.fill(0); }
};

class Refused extends Error {}
type Found = (e: Error | null, addresses?: LookupAddress[]) => void;
/** Every address of the name is looked at, and those very addresses are dialled: a name that changes its mind in between changes nothing. */
const looked = (refuse: Refuse) => (host: string, _options: unknown, done: Found): void => {
  resolve(host, { all: true }, (e, addresses) => {
    const why = e ? null : addresses.map((a) => refuse(a.address)).find((w) => w !== null);
    if (e || why) done(why ? new Refused(why) : e); else done(null, addresses);
  });
};
const literal = (host: string): string | null => (/^\d+\.\d+\.\d+\.\d+$/.test(host) ? host : host.startsWith("[") ? host.slice(1, -1) : null);

/** These speak of the way: who we are, where it leads, too much at once. Any other 4xx is about this one message and holds up no other. */
const OF_THE_WAY: ReadonlySet<number> = new Set([401, 403, 404, 408, 429]);
const answer = (res: IncomingMessage): Posted => {
  const status = res.statusCode ?? 0, said = `${String(status)} ${(res.statusMessage ?? "").replace(/[^\x20-\x7e]/g, " ").slice(0, 80)}`.trim();
  res.destroy();
  if (status >= 200 && status < 300) return { sent: said };
  if (status === 410) return { refused: `${said}: the receiver says it is gone for good` };
  return { later: status >= 300 && status < 400 ? `${said}: redirects are not followed; name the final address` : said,
    wide: status < 400 || status >= 500 || OF_THE_WAY.has(status) };
};

const headersOf = ({ key, id, body }: HookCall, now: Date): Record<string, string> => {
  const seconds = Math.floor(now.getTime() / 1_000);
  return {
    "content-type": "application/json; charset=utf-8", "content-length": String(Buffer.byteLength(body)), "user-agent": "Lockstep",
    "webhook-id": id, "webhook-timestamp": String(seconds), "webhook-signature": signature(key, id, seconds, body),
  };
};

/** `limit`: milliseconds for the whole call. */
export const poster = (limit: number, refuse: Refuse): Poster => ({
  post: (call) => new Promise<Posted>((done) => {
    const later = (e: unknown) => { done({ later: e instanceof Refused ? `Not sent: ${e.message}.` : e instanceof Error
      ? (e as NodeJS.ErrnoException).code ?? e.name : "failed", wide: true }); };
    try {
      const url = new URL(reveal(call.url)), fixed = literal(url.hostname), why = fixed === null ? null : refuse(fixed);
      if (why !== null) { later(new Refused(why)); return; }
      const options = { method: "POST", headers: headersOf(call, call.at), lookup: looked(refuse) as never, signal: AbortSignal.timeout(limit),
        agent: false } satisfies RequestOptions;
      const req = (url.protocol === "https:" ? https : http)(url, options, (res) => { done(answer(res)); });
      req.once("error", later).end(call.body);
    } catch (e) { later(e); }
  }),
});
