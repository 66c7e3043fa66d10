/** How a target is reached, in forms. Rule: the order on the page is the order in which they are tried; what cannot be chosen is not shown. */
import { Field } from "./parts.tsx";

/** An agent or a gateway that may be named. */
export type WayChoice = { readonly id: string; readonly name: string; readonly mode: "agent" | "gateway" };
const MOST = 4;
const DIRECT = "this broker, directly";

const labelOf = (w: WayChoice, all: readonly WayChoice[]): string => {
  const twice = all.filter((other) => other.name === w.name).length > 1;
  return `${w.name} (${w.mode}${twice ? `, …${w.id.slice(-6)}` : ""})`;
};
const Choose = ({ n, none, ways, value }: { n: number; none: string; ways: readonly WayChoice[]; value: string | undefined }) => (
  <select name={`through${n}`} aria-label={`Way ${n}`}>
    <option value="">{none}</option>
    {ways.map((w) => (
      <option value={w.id} selected={w.id === value}>
        {labelOf(w, ways)}
      </option>
    ))}
  </select>
);

/** One that is chosen already and not theirs to choose keeps its place, by its id. */
const withChosen = (ways: readonly WayChoice[], chosen: readonly string[]): readonly WayChoice[] => [
  ...ways,
  ...chosen.filter((id) => !ways.some((w) => w.id === id)).map((id) => ({ id, name: id, mode: "gateway" as const })),
];

export const Through = ({ ways: offered, chosen }: { ways: readonly WayChoice[]; chosen: readonly string[] }) => {
  const ways = withChosen(offered, chosen), more = Math.min(MOST, ways.length);
  if (ways.length === 0) return null;
  return (
    <>
      <Field label="Reached through" hint="A gateway carries only to what stands on its own list: put the target's host and port there, too.">
        <Choose n={1} none={DIRECT} ways={ways} value={chosen[0]} />
      </Field>
      {more < 2 ? null : (
        <details open={chosen.length > 1}>
          <summary>If that one is away</summary>
          {Array.from({ length: more - 1 }, (_, i) => (
            <Field label={i === 0 ? "then through" : "and then"}>
              <Choose n={i + 2} none="nothing else" ways={ways} value={chosen[i + 1]} />
            </Field>
          ))}
        </details>
      )}
    </>
  );
};
/** What such a form sends. */
export const throughFields = (f: Readonly<Record<string, string>>): string[] =>
  Array.from({ length: MOST }, (_, i) => f[`through${i + 1}`] ?? "").filter((id) => id !== "");

export const wayText = (names: readonly string[]): string => (names.length === 0 ? "directly, from this broker" : `through ${names.join(", else ")}`);
