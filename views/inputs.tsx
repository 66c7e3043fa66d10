/** Fields of forms that more than one page has. Rule: every field has a label a reader of screens hears; hints stand below it. */
import type { Child } from "hono/jsx";
import type { Policy } from "../src/domain/policy.ts";
import { Field, Post } from "./parts.tsx";

/** A policy's numbers, under the names the form's reader knows them by. */
export type NumberTerm = { [K in keyof Policy["terms"]]: Policy["terms"][K] extends number ? K : never }[keyof Policy["terms"]];
type TermProps = { t: Policy["terms"]; name: NumberTerm; label: string; of: readonly [min: number, max: number]; hint?: string };
export const Term = ({ t, name, label, of: [min, max], hint }: TermProps) => (
  <Field label={label} hint={hint}>
    <input type="number" name={name} value={String(t[name])} min={String(min)} max={String(max)} required />
  </Field>
);
/** What a list is narrowed by: the first option is all of them. */
type ChoiceProps = { name: string; label: string; all: string; of: readonly string[]; chosen: string; words?: (one: string) => string };
export const Choice = ({ name, label, all, of, chosen, words = (w) => w }: ChoiceProps) => (
  <select name={name} aria-label={label}>
    <option value="">{all}</option>
    {of.map((one) => (
      <option value={one} selected={one === chosen}>
        {words(one)}
      </option>
    ))}
  </select>
);
export const FromTo = ({ from, to }: { from: string; to: string }) => (
  <>
    <label class="short">
      from <input type="date" name="from" value={from} />
    </label>
    <label class="short">
      to <input type="date" name="to" value={to} />
    </label>
  </>
);
/** `clear`: where nothing is narrowed; null when nothing is. */
export const Narrow = ({ clear }: { clear: string | null }) => (
  <>
    <button class="small" type="submit">
      Filter
    </button>
    {clear === null ? null : (
      <a class="button small quiet" href={clear}>
        Clear
      </a>
    )}
  </>
);
/** A list as one line of words. */
export const Words = ({
  label,
  name,
  value,
  hint,
  like,
}: {
  label: string;
  name: string;
  value: readonly string[];
  hint?: string;
  like?: string;
}) => (
  <Field label={label} hint={hint}>
    <input name={name} value={value.join(" ")} placeholder={like} autocapitalize="none" spellcheck={false} />
  </Field>
);
type LinesProps = { label: string; name: string; value: readonly string[]; hint?: string; like?: string };
/** A list with one thing a line: they may hold blanks. */
export const Lines = ({ label, name, value, hint, like }: LinesProps) => (
  <Field label={label} hint={hint}>
    <textarea name={name} rows={3} placeholder={like} autocapitalize="none" spellcheck={false}>
      {value.join("\n")}
    </textarea>
  </Field>
);
type PickProps = { label: string; name: string; value: string; options: Readonly<Record<string, string>>; hint?: string };
export const Pick = ({ label, name, value, options, hint }: PickProps) => (
  <Field label={label} hint={hint}>
    <select name={name}>
      {Object.entries(options).map(([id, words]) => (
        <option value={id} selected={id === value}>
          {id}: {words}
        </option>
      ))}
    </select>
  </Field>
);
export const Tick = ({ name, checked, value = "yes", children }: { name: string; checked: boolean; value?: string; children?: Child }) => (
  <label class="check">
    <input type="checkbox" name={name} value={value} checked={checked} /> {children}
  </label>
);
/** A public SSH key and what it is called. */
export const AddKey = ({ action, hint }: { action: string; hint: string }) => (
  <Post action={action}>
    <Field label="Public key" hint={hint}>
      <textarea name="key" rows={3} required spellcheck={false} class="mono"></textarea>
    </Field>
    <Field label="Name (optional)">
      <input name="label" maxlength={80} placeholder="laptop" />
    </Field>
    <button class="small" type="submit">
      Add
    </button>
  </Post>
);
/** A password somebody chooses; once more, because nobody sees what is typed. */
export const TypedTwice = () => (
  <>
    <Field label="Password">
      <input type="password" name="password" autocomplete="new-password" maxlength={1024} />
    </Field>
    <Field label="Once more">
      <input type="password" name="again" autocomplete="new-password" maxlength={1024} />
    </Field>
  </>
);
/** An account's present secret, given to the vault: a line that nobody reads, or the text of a key. */
type PresentProps = { keys: boolean; label: string; keyLabel: string; hint?: string; required?: boolean };
export const Present = ({ keys, label, keyLabel, hint, required = false }: PresentProps) =>
  keys ? (
    <Field label={keyLabel} hint={`The whole text of the file, from BEGIN to END, without a passphrase. ${hint ?? ""}`.trim()}>
      <textarea class="mono" name="password" rows={7} maxlength={16384} autocomplete="off" spellcheck={false} required={required} />
    </Field>
  ) : (
    <Field label={label} hint={hint}>
      <input type="password" name="password" autocomplete="off" maxlength={1024} required={required} />
    </Field>
  );
