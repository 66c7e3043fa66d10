/** What passed between a person's hands and a device, as it may be kept. Rule: passwords stand in it by their placeholders alone; what the device said is scrubbed. */
import type { Part } from "./machine.ts";
import { withoutEcho } from "./screen.ts";
import type { Transcript } from "./transcript.ts";

/** `at`: milliseconds since the conversation began. */
export type Piece =
  | { readonly by: "person"; readonly at: number; readonly parts: readonly Part[]; readonly enter: boolean }
  | { readonly by: "device"; readonly at: number; readonly text: string };

export type ByHand = Extract<Piece, { by: "person" }>;

/** What the device said to a line, without the line's echo; a password's echo was scrubbed. */
export const answerTo = (sent: ByHand, text: string): string => {
  const line = sent.parts.map((p) => ("text" in p ? p.text : "[secret]")).join(""), rest = withoutEcho(text, line);
  return rest === "" ? text : rest;
};
const SHOWN = { present: "[present password]", new: "[new password]" } as const;
export const lineText = (parts: readonly Part[]): string => parts.map((p) => ("text" in p ? p.text : SHOWN[p.secret])).join("");
/** As the transcripts of trials are. */
export const shownTranscript = (pieces: readonly Piece[]): Transcript =>
  pieces.map((p) => (p.by === "person" ? { by: "broker", text: lineText(p.parts) } : { by: "device", text: p.text }));
/** As a terminal would have it: each line once. */
export const shownScreen = (pieces: readonly Piece[]): Transcript => pieces.map((p, i) => {
  const before = pieces[i - 1];
  if (p.by === "person") return { by: "broker", text: lineText(p.parts) };
  return { by: "device", text: before?.by === "person" ? answerTo(before, p.text) : p.text };
});
