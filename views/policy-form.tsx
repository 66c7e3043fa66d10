/** The form of a policy. Rule: it is SECTIONS in a frame; what it does and who could ask for what stand beside it, before it is saved. */
import { Untried } from "./grades.tsx";
import { here } from "./here.ts";
import { Field, PageHead, Post } from "./parts.tsx";
import { PolicySentences, SECTIONS, type Choices, type Draft } from "./policy-sections.tsx";
import type { Names } from "./policy-words.ts";

export type Tried = {
  readonly askers: readonly string[];
  readonly approvers: readonly string[];
  readonly accounts: readonly string[];
  readonly quorum: boolean;
  /** Targets it covers whose command set is a draft that was never tried there. */
  readonly untried: readonly string[];
};
/** `id` null: a new one. `draft` carries every term, the defaults of the domain where nobody chose. `wrong`: why it cannot be saved as it is. */
export type PolicyFormView = {
  readonly id: string | null;
  readonly draft: Draft;
  readonly from: Choices;
  readonly names: Names;
  readonly tried: Tried;
  /** What the targets' own rules say against a change at the end of each use, by the last pre-flight of each account. */
  readonly ahead: Ahead;
  readonly wrong?: string | undefined;
};
export type Ahead = {
  readonly warnings: readonly { readonly account: string; readonly says: string; readonly stops: boolean }[];
  readonly unknown: number;
};

const some = (list: readonly string[], none: string, most = 12): string =>
  list.length === 0 ? none : `${list.slice(0, most).join(", ")}${list.length > most ? ` and ${list.length - most} more` : ""}`;

const Who = ({ tried: t, approvals }: { tried: Tried; approvals: number }) => (
  <>
    <h2>Today that is</h2>
    <dl class="facts says">
      <div>
        <dt>{t.askers.length === 1 ? "1 person may ask" : `${t.askers.length} people may ask`}</dt>
        <dd class="wrap">{some(t.askers, "nobody")}</dd>
      </div>
      <div>
        <dt>{t.accounts.length === 1 ? "for 1 account" : `for ${t.accounts.length} accounts`}</dt>
        <dd class="wrap">{some(t.accounts, "none that is there today")}</dd>
      </div>
      <div>
        <dt>{t.approvers.length === 1 ? "1 person may approve" : `${t.approvers.length} people may approve`}</dt>
        <dd class="wrap">{some(t.approvers, "nobody")}</dd>
      </div>
    </dl>
    <Untried names={t.untried} so="Nobody is given an account there, and no password is changed, before a trial on that very device passed." />
    {t.quorum || t.askers.length === 0 ? null : (
      <p class="note warn">
        Too few approvers: {approvals} needed, and nobody votes on their own request. Some of these people could never be approved.
      </p>
    )}
  </>
);

const AHEAD = 12;
const Before = ({ ahead: a }: { ahead: Ahead }) =>
  a.warnings.length + a.unknown === 0 ? null : (
    <>
      <h2>Changed at the end of each use</h2>
      {a.warnings.slice(0, AHEAD).map((w) => (
        <p class={w.stops ? "note warn wrap" : "wrap"}>
          <b>{w.account}</b>: {w.says}
        </p>
      ))}
      {a.warnings.length > AHEAD ? <p class="muted">And {a.warnings.length - AHEAD} more.</p> : null}
      {a.unknown > 0 ? (
        <p class="muted">
          {a.unknown === 1 ? "1 account's target was" : `${a.unknown} accounts' targets were`} not asked for rules of their own yet: Pre-flight on the
          account's page does.
        </p>
      ) : null}
    </>
  );

type PreviewProps = Pick<PolicyFormView, "draft" | "names" | "tried" | "ahead" | "wrong">;
export const PolicyPreview = ({ draft, names, tried, ahead, wrong }: PreviewProps) => (
  <aside id="preview" class="card flat" aria-live="polite" aria-label="What the policy does" tabindex={0}>
    {wrong === undefined ? null : (
      <div class="notice bad" role="alert">
        {wrong}
      </div>
    )}
    <h2>What it does</h2>
    <PolicySentences policy={draft} names={names} />
    <Who tried={tried} approvals={draft.terms.approvals} />
    <Before ahead={ahead} />
  </aside>
);

/** Without scripts the form is sent to look; with them it is looked at while it changes. */
export const PolicyEdit = ({ id, draft: p, from, names, tried, ahead, wrong }: PolicyFormView) => {
  const look = {
    "hx-post": `/policies/try${id ? `?policy=${id}` : ""}`,
    "hx-trigger": "change delay:200ms",
    "hx-target": "#preview",
    "hx-swap": "outerHTML",
  };
  return (
    <>
      <PageHead title={id ? <span class="wrap">{p.name}</span> : "Add a policy"} sub={id ? (p.active ? "In force" : "Off") : undefined} />
      <div class="two">
        <Post action={id ? `/policies/${id}` : "/policies"} class="card">
          <div {...look} hx-include="closest form" hx-nonce={here().nonce}>
            <Field label="Name">
              <input name="name" required maxlength={80} value={p.name} />
            </Field>
            {SECTIONS.map((s) => (
              <fieldset class="section">
                <legend>{s.title}</legend>
                {s.fields(p, from)}
              </fieldset>
            ))}
          </div>
          <label class="check">
            <input type="checkbox" name="active" value="yes" checked={p.active} /> In force
          </label>
          {ahead.warnings.length > 0 ? (
            <label class="check">
              <input type="checkbox" name="seen" value="yes" /> I have seen what the targets say against it
            </label>
          ) : null}
          <div class="moves">
            <button type="submit">Save</button>
            <button type="submit" class="quiet" formaction={`/policies/try${id ? `?policy=${id}` : ""}`} formnovalidate>
              Try it: who could ask for what
            </button>
          </div>
        </Post>
        <PolicyPreview draft={p} names={names} tried={tried} ahead={ahead} wrong={wrong} />
      </div>
    </>
  );
};
