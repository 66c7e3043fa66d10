/** Fields of forms that more than one page has. Rule: every field has a label a reader of screens hears; hints stand below it. */
import type { Child } from "hono/jsx";
import { Field } from "./parts.tsx";

type NumProps = { label: string; name: string; value: number; min: number; max: number; hint?: string };
export const Num = ({ label, name, value, min, max, hint }: NumProps) => (
  <Field label={label} hint={hint}>
    <input type="number" name={name} value={String(value)} min={String(min)} max={String(max)} required />
  </Field>
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
