/** Pages of busy desktops, in a process of their own so that no key waits for them. Rule: it reads of what it is shown only what has to be answered. */
import WebSocket from "ws";

/** A page's place: where, and what it says first. */
export type Seat = { readonly url: string; readonly protocols: readonly string[]; readonly headers: Readonly<Record<string, string>>; readonly start: string | null };
export type Counted = { readonly kind: "counted"; readonly bytes: number; readonly open: number };
export type FromCrowd = { readonly kind: "sat" } | Counted | { readonly kind: "failed"; readonly why: string };

/** Base 64 holds neither `.` nor `;`, so no picture looks like one. */
const SYNC = /4\.sync,\d+\.(\d+);/g;
/** Answers `sync` as a page does; `heard` gets every message that is Guacamole's. */
export const sit = (seat: Seat, heard: (text: string, bytes: number) => void, over: (why: string) => void): WebSocket => {
  const ws = new WebSocket(seat.url, [...seat.protocols], { headers: { ...seat.headers }, perMessageDeflate: false });
  ws.on("open", () => { if (seat.start !== null) ws.send(seat.start); }).on("error", (e) => over(e.message)).on("close", (code, why) => over(`closed: ${code} ${why.toString()}`));
  ws.on("message", (data) => {
    const text = (data as Buffer).toString("latin1");
    if (text.startsWith("{")) { if (text.includes("\"ended\"")) over(text); return; }
    for (const [, time = ""] of text.matchAll(SYNC)) ws.send(`4.sync,${time.length}.${time};`);
    heard(text, (data as Buffer).length);
  });
  return ws;
};
/** The first picture on the screen itself; the pointer's is on a layer below zero. */
const DRAWN = /3\.img,\d+\.\d+,\d+\.\d+,1\.0,/;
export const isDrawn = (text: string): boolean => DRAWN.test(text);

if (process.send) {
  const tell = (message: FromCrowd): void => { process.send!(message); };
  let bytes = 0, open = 0;
  process.on("message", (message: { kind: "sit"; seat: Seat } | { kind: "count" }) => {
    if (message.kind === "count") return tell({ kind: "counted", bytes, open });
    let drawn = false;
    sit(message.seat, (text, n) => { bytes += n; if (!drawn && isDrawn(text)) { drawn = true; open += 1; tell({ kind: "sat" }); } }, (why) => tell({ kind: "failed", why }));
  });
  process.on("disconnect", () => process.exit(0));
}
