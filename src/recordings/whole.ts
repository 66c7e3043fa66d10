/**
 * What frames say in JSON, both ways. Rule: JSON that does not fit one frame follows it in marks, in full; what cannot be read hides nothing but
 * itself. Until this file was there such JSON was split over frames of its own type: those are put together again.
 */
import { FRAME_DATA, type Frame, type FrameType } from "./frame.ts";

export type Said = Readonly<Record<string, unknown>>;
const IN_JSON: ReadonlySet<FrameType> = new Set(["manifest", "opened", "closed", "end", "event"]);

/** The frame's own JSON, and what the marks right behind it hold. `follows`: that many bytes. */
export const fitted = (what: object): { readonly own: Buffer; readonly marks: Buffer | undefined } => {
  const all = Buffer.from(JSON.stringify(what)), kind = (what as Said)["kind"];
  if (all.length <= FRAME_DATA) return { own: all, marks: undefined };
  return { own: Buffer.from(JSON.stringify({ ...(typeof kind === "string" ? { kind: kind.slice(0, 64) } : {}), follows: all.length })), marks: all };
};

const parse = (frames: readonly Frame[]): Said | null => {
  try {
    const said: unknown = JSON.parse(Buffer.concat(frames.map((f) => f.data)).toString("utf8"));
    return typeof said === "object" ? said as Said | null : null;
  } catch { return null; }
};
/** Of an `opened` frame by itself; empty where it cannot be read. */
export const kindOf = (frame: Frame): string => { const kind = parse([frame])?.["kind"]; return typeof kind === "string" ? kind : ""; };

/** A frame whose JSON is not all there yet. `said`: its own, where the rest comes in marks. */
type Held = { readonly head: Frame; readonly said: Said | null; readonly parts: Frame[] };
const typeOfRest = ({ head, said }: Held): FrameType => (said === null ? head.type : "mark");
const isNext = (held: Held, frame: Frame): boolean => {
  const last = held.parts.at(-1) ?? held.head;
  return frame.type === typeOfRest(held) && frame.channel === last.channel && frame.seq === last.seq + 1;
};
/** Its JSON; null: it is not there; undefined: there may be more. */
const wholeOf = ({ head, said, parts }: Held): Said | null | undefined => {
  if (said === null) return parse([head, ...parts]) ?? ((parts.at(-1) ?? head).data.length < FRAME_DATA ? null : undefined);
  return parts.reduce((sum, p) => sum + p.data.length, 0) < Number(said["follows"]) ? undefined : parse(parts);
};

/** `said`: undefined of a frame that is no JSON, null where it cannot be read. */
export type Each = (frame: Frame, said: Said | null | undefined) => void;
/** Frames in their order, each with what it says, which may be told a few frames later. `end` when no more come. */
export const whole = (each: Each): { add(frame: Frame): void; end(): void } => {
  let held: Held | undefined;
  const end = (): void => {
    const h = held;
    held = undefined;
    if (h === undefined) return;
    each(h.head, h.said);
    for (const part of h.parts) each(part, h.said === null ? null : undefined);
  };
  const settle = (h: Held): void => {
    const said = wholeOf(h);
    if (said === null) return end();
    if (said === undefined) return;
    held = undefined;
    each(h.head, said);
  };
  const begin = (frame: Frame): void => {
    const said = parse([frame]);
    if (said !== null && typeof said["follows"] !== "number") return each(frame, said);
    held = { head: frame, said, parts: [] };
    settle(held);
  };
  return {
    end,
    add: (frame) => {
      if (held !== undefined && isNext(held, frame)) { held.parts.push(frame); return settle(held); }
      end();
      if (IN_JSON.has(frame.type)) begin(frame); else each(frame, undefined);
    },
  };
};
