/** What matters to a vote, in a terminal. Rule: the API's own sentences. */
import { relative } from "./print.ts";
import type { RequestDetail } from "./shapes.ts";

export const weighedRows = ({ weighed: w }: RequestDetail, now: Date): [string, string][] => (w === null ? [] : [
  ["account now", w.state], ["live sessions", w.live.map((l) => `${l.by} (${relative(l.since, now)})`).join(", ") || "none"], ...(w.queued > 0 ? [["in its queue", String(w.queued)] as [string, string]] : []),
  ...w.notes.map((n): [string, string] => ["note", `${n.says}${n.at ? ` (${relative(n.at, now)})` : ""}`]),
]);
