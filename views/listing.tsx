/** A text by its lines. Rule: a mistake stands under the line it is about. */
import type { Mistake } from "../src/domain/command-set/parse.ts";

/** Numbered lines; a mistake stands under the line it is about. */
export const Listing = ({ text, mistakes = [] }: { text: string; mistakes?: readonly Mistake[] }) => (
  <ol class="listing" tabindex={0} aria-label="The text, line by line">
    {text
      .replace(/\n$/, "")
      .split("\n")
      .map((line, i) => (
        <li class={mistakes.some((m) => m.line === i + 1) ? "wrong" : undefined} id={`line-${i + 1}`}>
          <code>{line === "" ? " " : line}</code>
          {mistakes
            .filter((m) => m.line === i + 1)
            .map((m) => (
              <p>
                {m.key === "" ? null : <code>{m.key}</code>} {m.says}
              </p>
            ))}
        </li>
      ))}
  </ol>
);
