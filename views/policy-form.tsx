/** The form of a policy. Rule: it is SECTIONS in a frame; what it does stands beside it in words, before it is saved. */
import { PageHead, Post } from "./parts.tsx";
import { PolicySentences, SECTIONS, type Choices, type Draft } from "./policy-sections.tsx";
import type { Names } from "./policy-words.ts";
import { Field } from "./parts.tsx";

/** `id` null: a new one. `draft` carries every term, the defaults of the domain where nobody chose. */
export type PolicyFormView = { readonly id: string | null; readonly draft: Draft; readonly from: Choices; readonly names: Names };

export const PolicyPreview = ({ draft, names }: { draft: Draft; names: Names }) => (
  <section id="preview" class="card flat" aria-live="polite">
    <h2>What it does</h2>
    <PolicySentences policy={draft} names={names} />
  </section>
);

export const PolicyEdit = ({ id, draft: p, from, names }: PolicyFormView) => (
  <>
    <PageHead title={id ? <span class="wrap">{p.name}</span> : "Add a policy"} sub={id ? (p.active ? "In force" : "Off") : undefined} />
    <div class="two">
      <Post action={id ? `/policies/${id}` : "/policies"} class="card">
        <Field label="Name">
          <input name="name" required maxlength={80} value={p.name} />
        </Field>
        {SECTIONS.map((s) => (
          <fieldset class="section">
            <legend>{s.title}</legend>
            {s.fields(p, from)}
          </fieldset>
        ))}
        <label class="check">
          <input type="checkbox" name="active" value="yes" checked={p.active} /> In force
        </label>
        <button type="submit">Save</button>
      </Post>
      <PolicyPreview draft={p} names={names} />
    </div>
  </>
);
