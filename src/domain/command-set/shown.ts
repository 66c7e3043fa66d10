/** What passed between a person's hands and a device, as it may be kept. Rule: passwords stand in it by their placeholders alone; what the device said is scrubbed. */
import type { Part } from "./machine.ts";
import type { Transcript } from "./transcript.ts";

/** `at`: milliseconds since the conversation began. */
export type Piece =
  | { readonly by: "person"; readonly at: number; readonly parts: readonly Part[]; readonly enter: boolean }
  | { readonly by: "device"; readonly at: number; readonly text: string };

const SHOWN = { present: "[present password]", new: "[new password]" } as const;
export const lineText = (parts: readonly Part[]): string => parts.map((p) => ("text" in p ? p.text : SHOWN[p.secret])).join("");
/** As the transcripts of trials are. */
export const shownTranscript = (pieces: readonly Piece[]): Transcript =>
  pieces.map((p) => (p.by === "person" ? { by: "broker", text: lineText(p.parts) } : { by: "device", text: p.text }));
