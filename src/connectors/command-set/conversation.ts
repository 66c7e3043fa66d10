/**
 * A line and the machine that walks lists over it. Rules: secrets are put in here, at the moment they leave; everything that is kept of what
 * was said went through the scrubber; the caller's signal ends it at once.
 */
import type { Alternative, Over, Rules, Said, Sent, Step, Talk, Transcript } from "../../domain/command-set/index.ts";
import { begin, dueAt, hangUp, hear, visible, wake, withoutEcho } from "../../domain/command-set/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { reveal, revealBytes } from "../../kernel/reveal.ts";
import type { Secret } from "../../kernel/secret.ts";
import { times } from "../../kernel/times.ts";
import type { Line } from "../../wires/line.ts";
import { MARK, scrubbing } from "../../wires/scrub.ts";

export type Held = { readonly present: Secret; readonly next?: Secret | undefined };
const CALLED_OFF = "called off before it was over";
/** Of one conversation; a device that says more is not listened to. */
const MOST = 1_048_576, KEPT = 32_768;
const LIMIT = times();
const SHOWN = { present: "[present password]", new: "[new password]" } as const;

export type Conversation = {
  walk(steps: readonly Step[], errors: readonly Alternative[], names: { account: string; user: string }): Promise<Over>;
  /** Nobody is there any more. */
  gone(): boolean;
  transcript(): Transcript;
  scrub(text: string): string;
  close(): void;
};
type Piece = { readonly by: "broker" | "device"; text: string; readonly hide: boolean };

export const converse = (line: Line, held: Held, clock: Clock, signal: AbortSignal, onSend: (sent: Sent) => void): Conversation => {
  const scrub = scrubbing(held.present, held.next), pieces: Piece[] = [];
  const secretOf = (which: "present" | "new"): Secret => (which === "present" ? held.present : held.next ?? held.present);
  const plain = (sent: Sent): string => sent.parts.map((p) => ("text" in p ? p.text : reveal(secretOf(p.secret)))).join("");
  let last: Talk | undefined, end: { exit: number | null } | null = null, size = 0, on: Listener | null = null;

  const note = (by: Piece["by"], text: string, hide: boolean): void => {
    const newest = pieces.at(-1);
    if (newest?.by === by && by === "device") newest.text = (newest.text + text).slice(-KEPT); else pieces.push({ by, text, hide });
  };
  const send = (sent: Sent): void => {
    onSend(sent);
    note("broker", sent.parts.map((p) => ("text" in p ? p.text : SHOWN[p.secret])).join(""), sent.hide);
    const bytes = sent.parts.map((p) => ("text" in p ? Buffer.from(p.text) : revealBytes(secretOf(p.secret))));
    line.write(Buffer.concat([...bytes, Buffer.from(sent.enter ? line.enter : "")]));
  };
  /** Between two walks nobody decides anything; what comes then is the next one's. */
  let between = "";
  const heard = (text: string): void => {
    size += text.length;
    note("device", text, pieces.findLast((p) => p.by === "broker")?.hide ?? false);
    if (on === null) between = (between + text).slice(-KEPT); else on.heard(text);
  };
  line.listen(heard, (e) => { end ??= e; on?.ended(); });

  const wire: Wire = {
    clock, signal, plain, send, ended: () => end, tooMuch: () => size > MOST,
    take: () => { const text = between; between = ""; return text; },
    on: (now) => { on = now; },
  };
  const walk: Conversation["walk"] = async (steps, errors, names) => {
    const unecho = (text: string, sent: Sent): string => withoutEcho(text, plain(sent));
    const { over, talk } = await walked(wire, { steps, errors, names, settle: LIMIT.settle, atLeast: LIMIT.settleAtLeast, unecho }, last);
    last = talk;
    return { ...over, why: scrub(over.why).slice(0, 300) };
  };
  return { walk, scrub, gone: () => end !== null, transcript: () => rendered(pieces, scrub), close: () => line.close() };
};

type Listener = { heard(text: string): void; ended(): void };
type Wire = {
  readonly clock: Clock; readonly signal: AbortSignal;
  plain(sent: Sent): string; send(sent: Sent): void;
  ended(): { readonly exit: number | null } | null; tooMuch(): boolean;
  /** What came while nobody walked. */
  take(): string;
  on(listener: Listener | null): void;
};
/** One list, to its end: the machine is woken when it is due and told what comes. */
const walked = (w: Wire, rules: Rules, before: Talk | undefined): Promise<{ over: Over; talk: Talk }> => new Promise((resolve) => {
  const { clock, signal } = w;
  let talk = hear(begin(rules, clock.mono(), before), w.take(), clock.mono()), timer: NodeJS.Timeout | undefined;
  const done = (over: Over): void => { clearTimeout(timer); signal.removeEventListener("abort", late); w.on(null); resolve({ over, talk }); };
  const fail = (why: string): void => done({ is: "unknown", why, step: talk.step, asked: talk.asked, begun: talk.begun, made: talk.made });
  const late = (): void => fail((signal.reason as { name?: string } | undefined)?.name === "TimeoutError" ? "the device did not answer in time" : CALLED_OFF);
  const pump = (): void => {
    clearTimeout(timer);
    if (w.tooMuch()) return fail("the device said more than anybody listens to");
    for (;;) {
      const end = w.ended(), now = clock.mono();
      if (talk.over !== null) return done(talk.over);
      if (end !== null) { talk = hangUp(talk, end, now); continue; }
      const wait = dueAt(talk)! - now;
      if (wait > 0) { timer = setTimeout(pump, wait); return; }
      talk = wake(talk, now);
      if (talk.out !== null) w.send(talk.out);
    }
  };
  w.on({ heard: (text) => { talk = hear(talk, text, clock.mono()); pump(); }, ended: pump });
  if (signal.aborted) return late();
  signal.addEventListener("abort", late, { once: true });
  pump();
});

/** Scrubbed as one text, so that a secret in pieces is found, and cut again where it was. */
const rendered = (pieces: readonly Piece[], scrub: (text: string) => string): Transcript => {
  const shown = pieces.map((p) => (p.by === "broker" ? "" : p.hide ? "(not shown)" : visible(p.text)));
  const device = scrub(shown.join(MARK)).split(MARK);
  const said = pieces.map((p, i): Said => ({ by: p.by, text: p.by === "broker" ? p.text : device[i] ?? "" }));
  return said.filter((s) => s.text !== "");
};
