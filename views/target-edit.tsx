/** Editing a target. Rule: what decides where passwords go is set apart, and the page says what changing it does before it is pressed. */
import type { Target } from "../src/domain/target.ts";
import { Words } from "./inputs.tsx";
import { Field, PageHead, Post } from "./parts.tsx";
import type { PlatformChoice } from "./target-new.tsx";
import { Through, type WayChoice } from "./through.tsx";

/** One setting of the platform, as its connector's schema tells it. */
export type Setting = {
  readonly name: string;
  readonly kind: "text" | "number" | "tick" | "lines" | "choice" | "block" | "json";
  readonly value: string;
  readonly choices: readonly string[];
  readonly required: boolean;
  readonly says: string;
};
export type Owner = { readonly id: string; readonly name: string };
export type EditView = {
  readonly target: Target;
  readonly settings: readonly Setting[];
  readonly owners: readonly Owner[];
  readonly accounts: number;
  /** Of a device: the command sets it could go by. */
  readonly platforms: readonly PlatformChoice[];
  readonly ways: readonly WayChoice[];
};

const words = (name: string): string => {
  if (name === "tls") return "TLS";
  const text = name.replace(/([A-Z])/g, (c) => ` ${c.toLowerCase()}`);
  return text[0]!.toUpperCase() + text.slice(1);
};
const Input = ({ s }: { s: Setting }) => {
  const name = `set_${s.name}`;
  switch (s.kind) {
    case "lines":
    case "block":
    case "json":
      return (
        <textarea name={name} rows={s.kind === "lines" ? 3 : 5} spellcheck={false} required={s.required} class="mono">
          {s.value}
        </textarea>
      );
    case "choice":
      return (
        <select name={name}>
          {s.choices.map((c) => (
            <option value={c} selected={c === s.value}>
              {c}
            </option>
          ))}
        </select>
      );
    default:
      return <input name={name} type={s.kind === "number" ? "number" : "text"} value={s.value} required={s.required} spellcheck={false} />;
  }
};
const SettingRow = ({ s }: { s: Setting }) =>
  s.kind === "tick" ? (
    <label class="check">
      <input type="checkbox" name={`set_${s.name}`} value="yes" checked={s.value === "yes"} /> {words(s.name)}
      {s.says ? <small class="muted">{s.says}</small> : null}
    </label>
  ) : (
    <Field label={words(s.name)} hint={s.says || (s.kind === "lines" ? "One a line." : undefined)}>
      <Input s={s} />
    </Field>
  );

const Where = ({ v }: { v: EditView }) => (
  <section class="card narrow">
    <header>
      <h2>Where passwords go</h2>
    </header>
    <p class="note warn">
      Another address, port, way or setting makes it another machine:{" "}
      {v.accounts === 1 ? "its account is" : `its ${v.accounts} accounts are`} blocked, and nothing is sent there until its owner or another
      admin accepts. You cannot accept your own change.
    </p>
    <Post action={`/targets/${v.target.id}/where`}>
      <div class="pair">
        <Field label="Host or address">
          <input name="host" required value={v.target.host} autocapitalize="none" spellcheck={false} />
        </Field>
        <Field label="Port">
          <input type="number" name="port" min="1" max="65535" value={v.target.port} required />
        </Field>
      </div>
      <Through ways={v.ways} chosen={v.target.link === "direct" ? [] : v.target.link.split(" ")} />
      {v.platforms.length === 0 ? null : (
        <Field label="Command set" hint="Another one is bound in its newest text.">
          <select name="platform">
            {v.platforms.map((p) => (
              <option value={p.name} selected={p.name === v.target.platform}>
                {p.called}
                {p.grade === undefined ? "" : ` · ${p.grade}`}
              </option>
            ))}
          </select>
        </Field>
      )}
      {v.settings.map((s) => (
        <SettingRow s={s} />
      ))}
      <button type="submit">Change where passwords go</button>
    </Post>
  </section>
);

export const TargetEdit = (v: EditView) => (
  <>
    <PageHead title={<span class="wrap">Edit {v.target.name}</span>} sub="Its name stays: policies and people know it by it.">
      <a class="button small quiet" href={`/targets/${v.target.id}`}>
        The target
      </a>
    </PageHead>
    <section class="card narrow">
      <Post action={`/targets/${v.target.id}/about`}>
        <Words
          label="Tags"
          name="tags"
          value={v.target.tags}
          hint="Policies bind by tag, so a change of them waits for a second person where it helps you."
        />
        <Field label="Owner" hint="Manages this target and its accounts; accepts a changed identity.">
          <select name="owner">
            {v.owners.map((o) => (
              <option value={o.id} selected={o.id === v.target.owner}>
                {o.name}
              </option>
            ))}
          </select>
        </Field>
        <button type="submit">Save</button>
      </Post>
    </section>
    <Where v={v} />
  </>
);
