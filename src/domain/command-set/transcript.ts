/** What was said in one conversation with a device, as it may be shown and kept. Rule: it is made of scrubbed text alone. */
export type Said = { readonly by: "broker" | "device"; readonly text: string };
export type Transcript = readonly Said[];

/** As a person reads it: what the broker sent begins with an arrow. */
export const transcriptText = (t: Transcript): string => t.map((s) => (s.by === "broker" ? `→ ${s.text}` : s.text.replace(/^\n+|\n+$/g, ""))).filter((l) => l !== "").join("\n");
