/** Small pieces about telling people. Rule: a page that would mail says beforehand when nobody will be mailed. */
import type { State } from "../src/domain/delivery.ts";
import type { NoticeKind } from "../src/domain/notice.ts";
import { here } from "./here.ts";
import { Badge, type Tone } from "./parts.tsx";

export type KindLine = { readonly kind: NoticeKind; readonly title: string };

/** Nothing where mail goes out. */
export const NobodyMailed = () =>
  here().mails ? null : (
    <p class="notice warn">
      Nobody will be mailed: no mail server is set. Whoever runs the broker sets one with <code>LOCKSTEP_SMTP_SERVER</code>.
    </p>
  );

const WORD: Readonly<Record<State, readonly [Tone, string]>> = {
  waiting: ["busy", "waiting"],
  sent: ["ok", "sent"],
  refused: ["bad", "refused"],
  given_up: ["bad", "given up"],
  unsent: ["warn", "not sent"],
};
export const DeliveryState = ({ state, tries }: { state: State; tries: number }) => (
  <Badge tone={WORD[state][0]}>{state === "waiting" && tries > 0 ? "trying again" : WORD[state][1]}</Badge>
);
export const stateWord = (s: State): string => WORD[s][1];

/** Which kinds: none ticked means all of them. */
export const Kinds = ({ kinds, checked }: { kinds: readonly KindLine[]; checked: readonly NoticeKind[] }) => (
  <fieldset class="checks tall">
    <legend>What (none ticked: everything)</legend>
    {kinds.map((k) => (
      <label class="check">
        <input type="checkbox" name="kinds" value={k.kind} checked={checked.includes(k.kind)} /> {k.title}
      </label>
    ))}
  </fieldset>
);
export type CollectionLine = { readonly id: string; readonly name: string };
export const About = ({ collections, chosen }: { collections: readonly CollectionLine[]; chosen: string | null }) => (
  <label class="field">
    <span>About</span>
    <select name="collection">
      <option value="">everything</option>
      {collections.map((c) => (
        <option value={c.id} selected={c.id === chosen}>
          the group {c.name}
        </option>
      ))}
    </select>
    <small>Groups of targets and accounts are made under Targets, Groups.</small>
  </label>
);
/** In words, for a line of a list. */
type Scope = { readonly kinds: readonly NoticeKind[]; readonly collection: string | null };
export const scopeOf = (s: Scope, all: readonly KindLine[], collections: readonly CollectionLine[]): string => {
  const kinds = s.kinds.length === 0 ? "everything" : s.kinds.map((k) => all.find((a) => a.kind === k)?.title ?? k).join("; ");
  return s.collection === null ? kinds : `${kinds}, about ${collections.find((c) => c.id === s.collection)?.name ?? "a group that is gone"}`;
};
