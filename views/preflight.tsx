/** What a target's own rules mean for the changes of one account. Rule: what it did not say is not called fine. */
import type { Conflict } from "../src/domain/preflight.ts";
import { Badge, Facts, PageHead, Press } from "./parts.tsx";

export type PreflightView = {
  readonly id: string;
  /** `root@web-1`. */
  readonly name: string;
  readonly policy: string;
  readonly rules: Readonly<Record<string, number | undefined>> | null;
  readonly why: string | null;
  readonly conflicts: readonly Conflict[];
};
const WORDS: readonly (readonly [string, string])[] = [
  ["minLength", "Characters at least"],
  ["maxLength", "Characters at most"],
  ["lower", "Lower-case letters"],
  ["upper", "Upper-case letters"],
  ["digit", "Digits"],
  ["symbol", "Symbols"],
  ["classes", "Kinds of characters"],
  ["maxRepeat", "The same in a row"],
  ["remembers", "Old passwords it remembers"],
  ["minAgeDays", "Days it must be kept"],
  ["maxAgeDays", "Days until it expires"],
  ["lockAfter", "Locks after refused logins"],
  ["lockSeconds", "Locked for, in seconds"],
];

export const PreflightPage = ({ id, name, policy, rules, why, conflicts }: PreflightView) => (
  <>
    <PageHead
      title={<span class="wrap">Pre-flight of {name}</span>}
      sub={`The target's own rules beside password policy ${policy}. Nothing was changed.`}
    >
      <Press action={`/accounts/${id}/preflight`} look="quiet">
        Ask again
      </Press>
      <a class="button small quiet" href={`/accounts/${id}`}>
        The account
      </a>
    </PageHead>
    <section class="card">
      {rules === null ? (
        <p class="note warn wrap">The target did not tell its rules: {why}</p>
      ) : conflicts.length === 0 ? (
        <p class="note">Nothing the target says stands against it.</p>
      ) : (
        conflicts.map((c) => (
          <p class="wrap">
            <Badge tone={c.stops ? "bad" : "warn"}>{c.stops ? "stops changes" : "worth knowing"}</Badge> {c.says}
          </p>
        ))
      )}
      {rules === null ? null : (
        <Facts rows={WORDS.map(([key, label]) => [label, rules[key] === undefined ? <span class="muted">not said</span> : String(rules[key])])} />
      )}
    </section>
  </>
);
