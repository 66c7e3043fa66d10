/** A real receiver of webhooks on loopback, which checks signatures by the letter of Standard Webhooks and not with our code. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export type Call = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string };
export type Receiver = AsyncDisposable & {
  readonly origin: string; readonly calls: Call[];
  /** What it answers from now on; "hang": nothing at all. */
  answer: number | "hang"; location: string;
  /** What it answers to one call instead; undefined: as to any other. */
  judge: (body: string) => number | undefined;
};
export const receiver = async (): Promise<Receiver> => {
  const server = createServer((req, res) => {
    let body = "";
    req.setEncoding("utf8").on("data", (part: string) => { body += part; }).on("end", () => {
      out.calls.push({ path: req.url ?? "", headers: req.headers, body });
      const answer = out.judge(body) ?? out.answer;
      if (answer === "hang") return;
      res.writeHead(answer, out.location === "" ? {} : { location: out.location }).end("the receiver's own words");
    });
  });
  await new Promise<void>((ready) => { server.listen(0, "127.0.0.1", ready); });
  const out = {
    origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, calls: [] as Call[], answer: 200 as number | "hang", location: "",
    judge: (_body: string): number | undefined => undefined,
    [Symbol.asyncDispose]: async () => { server.closeAllConnections(); await new Promise((gone) => { server.close(gone); }); },
  };
  return out;
};

/** "The content to sign is id.timestamp.body, HMAC-SHA256 with the base64-decoded secret"; a timestamp older than five minutes is refused. */
export const verified = (key: string, { headers, body }: Call, now = Date.now()): boolean => {
  const id = String(headers["webhook-id"]), at = String(headers["webhook-timestamp"]),
    wanted = createHmac("sha256", Buffer.from(key.slice("whsec_".length), "base64")).update(`${id}.${at}.${body}`).digest();
  if (!/^\d+$/.test(at) || Math.abs(now / 1_000 - Number(at)) > 300) return false;
  return String(headers["webhook-signature"]).split(" ").some((s) => s.startsWith("v1,")
    && timingSafeEqual(Buffer.from(s.slice(3), "base64"), wanted));
};
