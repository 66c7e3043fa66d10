/** What became of the last listing of a target, and what it changed. Rule: a listing that failed says so, and that what stands below is older. */
import type { Change, Discovery } from "../src/domain/discovery.ts";
import { Ago } from "./parts.tsx";

const WORDS: readonly (readonly [Change, string])[] = [
  ["new", "new"],
  ["back", "back"],
  ["gone", "gone"],
  ["became_privileged", "became privileged"],
  ["no_longer_privileged", "no longer privileged"],
  ["enabled", "opened"],
  ["disabled", "shut"],
  ["new_keys", "with new keys"],
];
const differences = (d: Discovery<"done">): string => {
  if (d.first) return "There is no list before it to compare with.";
  const said = WORDS.filter(([c]) => d.counts[c] > 0).map(([c, word]) => `${d.counts[c]} ${word}`);
  return said.length === 0 ? "Nothing changed since the list before." : `Since the list before: ${said.join(", ")}.`;
};
type Seen = { readonly last: Discovery | null; readonly whole: Discovery<"done"> | null; readonly cannot: string | null };
export const ListingState = ({ v }: { v: Seen }) => (
  <>
    {v.cannot ? <p class="notice warn">{v.cannot}</p> : null}
    {v.last?.state === "waiting" || v.last?.state === "running" ? (
      <p class="notice" role="status">
        {v.last.state === "waiting" ? "Waiting for its turn." : "The target is being asked."} It was begun <Ago at={v.last.at} />.
      </p>
    ) : null}
    {v.last?.state === "failed" ? (
      <p class="notice bad">
        It could not be listed <Ago at={v.last.endedAt} />: {v.last.why}.{" "}
        {v.whole ? "What stands here is the list before." : "Nothing is known of it yet."}
      </p>
    ) : null}
    {v.whole ? <p>{differences(v.whole)}</p> : null}
  </>
);
