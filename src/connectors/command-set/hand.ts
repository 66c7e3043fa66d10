/**
 * A device's command line in a person's hands, line by line. Rules: no password is held here: one is handed in for the line it goes into and
 * written at once; what the device said is raw until `keptOf` has scrubbed the whole of it, and nobody but that reads it.
 */
import type { Part, Piece } from "../../domain/command-set/index.ts";
import { visible } from "../../domain/command-set/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Link } from "../../kernel/link.ts";
import { reveal, revealBytes } from "../../kernel/reveal.ts";
import type { Secret } from "../../kernel/secret.ts";
import { times } from "../../kernel/times.ts";
import type { Line } from "../../wires/line.ts";
import { MARK, scrubbing } from "../../wires/scrub.ts";
import { connectSsh, openLine } from "../../wires/ssh.ts";
import { telnetLine } from "../../wires/telnet.ts";
import type { Credential } from "../connector.ts";
import { DeviceFailure, failureOf } from "./reach.ts";
import type { Settings } from "./settings.ts";

export { DeviceFailure, failureOf };
const LIMIT = times();
/** Of one conversation, in characters. */
const MOST = 200_000;

export type Hand = {
  /** `secret` is asked for at the moment its bytes leave. */
  write(parts: readonly Part[], enter: boolean, secret: (which: "present" | "new") => Secret): void;
  /** Until the device has answered and fallen silent, or that long. */
  quiet(quietMs: number, atMostMs: number): Promise<void>;
  /** Raw: it may show a password that it was sent. */
  raw(): readonly Piece[];
  ended(): boolean;
  close(): void;
};

const handOf = (line: Line, clock: Clock, end: () => void): Hand => {
  const begun = clock.mono(), pieces: { piece: Piece }[] = [];
  let size = 0, heardAt = -1, over = false;
  const now = (): number => Math.round(clock.mono() - begun);
  const close = (): void => { over = true; line.close(); end(); };
  line.listen((text) => {
    size += text.length;
    heardAt = clock.mono();
    if (size > MOST) return close();
    const last = pieces.at(-1);
    if (last?.piece.by === "device") last.piece = { ...last.piece, text: last.piece.text + text }; else pieces.push({ piece: { by: "device", at: now(), text } });
  }, () => { over = true; });
  return {
    raw: () => pieces.map((p) => p.piece), ended: () => over, close,
    write: (parts, enter, secret) => {
      pieces.push({ piece: { by: "person", at: now(), parts, enter } });
      heardAt = -1;
      line.write(Buffer.concat([...parts.map((p) => ("text" in p ? Buffer.from(p.text) : revealBytes(secret(p.secret)))), Buffer.from(enter ? line.enter : "")]));
    },
    quiet: async (quietMs, atMostMs) => {
      for (const from = clock.mono(); !over && clock.mono() - from < atMostMs;) {
        if (heardAt >= 0 && clock.mono() - heardAt >= quietMs) return;
        await new Promise<void>((r) => { setTimeout(r, LIMIT.settle); });
      }
    },
  };
};

/** Over SSH `who` is logged in when it returns, over the pinned key; over Telnet the person does that by hand. Rejects with what failureOf reads. */
export const openHand = async (c: Settings, link: Link, who: Credential, clock: Clock, signal: AbortSignal): Promise<Hand> => {
  if (c.over === "telnet") {
    const stream = await link.connect(AbortSignal.any([signal, AbortSignal.timeout(LIMIT.targetDial)]));
    return handOf(telnetLine(stream), clock, () => undefined);
  }
  const client = await connectSsh({ link, username: who.name, auth: { password: who.secret }, hostKeys: c.hostKeys, timeoutMs: LIMIT.targetDial, signal });
  client.on("error", () => undefined);
  try { return handOf(await openLine(client, null, signal), clock, () => client.end()); } catch (e) { client.end(); throw e; }
};

/** What may be kept and shown of it. Scrubbed as one text, so that a password in pieces is found, and cut again where it was. */
export const keptOf = (raw: readonly Piece[], secrets: readonly Secret[]): Piece[] => {
  const scrub = scrubbing(...secrets), device = scrub(raw.map((p) => (p.by === "device" ? visible(p.text) : "")).join(MARK)).split(MARK);
  return raw.map((p, i): Piece => (p.by === "device" ? { ...p, text: device[i] ?? "" } : p)).filter((p) => p.by === "person" || p.text !== "");
};

export type Known = { readonly present: Secret; readonly next: Secret; /** Everything else that may not be seen: older ones, those of others. */ readonly others: readonly Secret[] };
const HOLE = /\{\{(.*?)\}\}/g, LONGEST = 400;
const NO_PASSWORD = "This line holds a password that the vault knows, or a part of one. Write {{new}} or {{present}} where it stands.";
/** A line as a person typed it, with placeholders where passwords go; a password that was typed in clear becomes its placeholder. A sentence: it is not sent. */
export const readLine = (text: string, names: { readonly account: string; readonly user: string }, known: Known): readonly Part[] | string => {
  // eslint-disable-next-line no-control-regex
  if (text.length > LONGEST || /[\x00-\x1f\x7f]/.test(text)) return `One line, at most ${LONGEST} characters, without control characters.`;
  const wrong = [...text.matchAll(HOLE)].map((m) => m[1]!).find((name) => !["new", "present", "account", "user"].includes(name));
  if (wrong !== undefined) return `There is no {{${wrong}}}: a line may hold {{new}}, {{present}}, {{account}} and {{user}}.`;
  const filled = text.replaceAll("{{account}}", () => names.account).replaceAll("{{user}}", () => names.user);
  const parts = [["new", known.next], ["present", known.present]].reduce<Part[]>((list, [which, secret]) => list.flatMap((p) => ("text" in p ? split(p.text, which as "new" | "present", secret as Secret) : [p])), [{ text: filled }]);
  if (parts.filter((p) => "secret" in p).length > 1) return "One password a line: a step of a command set sends no more.";
  const scrub = scrubbing(known.present, known.next, ...known.others);
  // Also where two texts beside a placeholder are a password together.
  const plain = parts.map((p) => ("text" in p ? p.text : "")).join(MARK);
  return scrub(plain) === plain ? parts : NO_PASSWORD;
};
const split = (text: string, which: "new" | "present", secret: Secret): Part[] => {
  const out: Part[] = [];
  text.split(`{{${which}}}`).flatMap((t) => t.split(reveal(secret))).forEach((plain, i) => {
    if (i > 0) out.push({ secret: which });
    if (plain !== "") out.push({ text: plain });
  });
  return out.length === 0 ? [{ text: "" }] : out;
};

const ORDINARY = /^(?:passwo|passph|passco|secret|enable|config|change|accoun|admini|operat|manage|defaul|system|switch|router|device|welcom)/i;
/** Why a password cannot be kept out of what a device says: scrubbing it would take ordinary words too. */
export const untellable = (secret: Secret): string | null => {
  const text = reveal(secret);
  if (text.length >= 8 && !ORDINARY.test(text) && !/^[a-z]+$/i.test(text)) return null;
  return "The present password of who logs in is short or an ordinary word, so it could not be told from what the device says. Change it by hand once, to one of eight characters or more that are not letters alone, and type that into the vault.";
};
