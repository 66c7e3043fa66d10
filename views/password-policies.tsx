/** Password policies and where they are bound. Rule: nothing of a password is on these pages. */
import type { PasswordPolicy } from "../src/domain/password-policy.ts";
import { FaultNote } from "./fault.tsx";
import { GradeBadge, type Graded } from "./grades.tsx";
import { Field, PageHead, Post, Press, Table } from "./parts.tsx";

export type PolicyUses = { readonly platforms: readonly string[]; readonly targets: readonly string[]; readonly accounts: number };
export type PasswordPolicyLine = { readonly name: string; readonly says: string; readonly builtIn: boolean; readonly uses: PolicyUses };

const Uses = ({ u }: { u: PolicyUses }) => {
  const words = [
    ...u.platforms.map((p) => `platform ${p}`),
    ...u.targets.slice(0, 3),
    ...(u.targets.length > 3 ? [`${u.targets.length - 3} more targets`] : []),
    ...(u.accounts > 0 ? [`${u.accounts} account${u.accounts === 1 ? "" : "s"}`] : []),
  ];
  return words.length === 0 ? <span class="muted">nothing by name</span> : <>{words.join(", ")}</>;
};

type Bindings = readonly (Graded & { readonly policy: string | null })[];
type ListProps = { readonly lines: readonly PasswordPolicyLine[]; readonly platforms: Bindings; readonly manages: boolean };
const Platforms = ({ lines, platforms, manages }: ListProps) => (
  <section>
    <h2>By platform</h2>
    <p class="muted">What targets of a kind go by, unless the target or the account names another. Where nothing is bound it is medium.</p>
    <Table label="By platform" head={["Platform", "Password policy"]}>
      {platforms.map((p) => (
        <tr>
          <td>{p.name} <GradeBadge grade={p.grade} /></td>
          <td>
            {manages ? (
              <Post action="/password-policies/platform" class="inline">
                <input type="hidden" name="platform" value={p.name} />
                <select name="policy" aria-label={`Password policy of ${p.name}`}>
                  <option value="" selected={p.policy === null}>
                    medium, as nothing is bound
                  </option>
                  {lines.map((l) => (
                    <option value={l.name} selected={l.name === p.policy}>
                      {l.name}
                    </option>
                  ))}
                </select>
                <button class="small quiet" type="submit">
                  Save
                </button>
              </Post>
            ) : (
              (p.policy ?? "medium, as nothing is bound")
            )}
          </td>
        </tr>
      ))}
    </Table>
  </section>
);

export const PasswordPolicies = (v: ListProps) => (
  <>
    <PageHead
      title="Password policies"
      sub="Every change goes through one check, whatever asked for it. The most specific binding wins: account, target, platform."
    >
      {v.manages ? (
        <a class="button small" href="/password-policies/new">
          Add a policy
        </a>
      ) : null}
      <a class="button small quiet" href="/password-policies/violations">
        Violations
      </a>
    </PageHead>
    <Table label="Password policies" head={["Policy", "What it asks for", "Bound to"]} list>
      {v.lines.map((l) => (
        <tr>
          <td>
            <a class="wrap" href={`/password-policies/${l.name}`}>
              <b>{l.name}</b>
            </a>
            {l.builtIn ? <small class="muted block">built in</small> : null}
          </td>
          <td class="wrap">{l.says}</td>
          <td class="wrap">
            <Uses u={l.uses} />
          </td>
        </tr>
      ))}
    </Table>
    <div class="stack">
      <Platforms {...v} />
    </div>
  </>
);

export type PolicyDraft = Omit<PasswordPolicy, "name"> & { readonly name: string };
const COUNTS = [
  ["length", "At least", "Characters; a generated one has exactly so many.", 8, 128],
  ["maxLength", "At most", "Some targets cut off what is longer.", 8, 512],
  ["lower", "Lower-case letters", "", 0, 64],
  ["upper", "Upper-case letters", "", 0, 64],
  ["digit", "Digits", "", 0, 64],
  ["symbol", "Symbols", "", 0, 64],
  ["maxRepeat", "The same in a row", "aaa is three.", 1, 10],
  ["history", "Not one of the last", "Compared in the vault; 0 = only not the one before.", 0, 100],
  ["minAgeHours", "Kept at least (hours)", "Stops wishes and schedules, never a change that is due.", 0, 8760],
  ["maxAgeDays", "Changed after (days)", "By itself, as soon as nobody uses it; 0 = never for its age.", 0, 3650],
] as const;
const FLAGS = [
  ["noLogin", "Not the login name"],
  ["noWords", "No well-known word, with figures for letters neither (P@ssw0rd)"],
  ["noSequences", "No run such as abcd or 4321"],
] as const;
const TEXTS = [
  ["symbols", "Symbols the generator uses", "A typed password may hold others."],
  ["allowed", "Nothing but these characters", "Empty: any. For devices that take few."],
  ["forbidden", "Never these characters", "Beside what the platform cannot take anyway."],
] as const;

type EditProps = {
  readonly draft: PolicyDraft;
  /** Its name; null while it has none. */
  readonly id: string | null;
  readonly fixed?: boolean;
  readonly uses?: PolicyUses;
  readonly wrong?: string;
};
const Fields = ({ d }: { d: PolicyDraft }) => (
  <>
    <div class="pair">
      {COUNTS.map(([key, label, hint, min, max]) => (
        <Field label={label} hint={hint}>
          <input type="number" name={key} value={Number.isNaN(d[key]) ? "" : String(d[key])} min={min} max={max} required />
        </Field>
      ))}
    </div>
    {FLAGS.map(([key, label]) => (
      <label class="check">
        <input type="checkbox" name={key} value="yes" checked={d[key]} /> {label}
      </label>
    ))}
    {TEXTS.map(([key, label, hint]) => (
      <Field label={label} hint={hint}>
        <input name={key} value={d[key]} maxlength={200} autocapitalize="none" spellcheck={false} autocomplete="off" />
      </Field>
    ))}
  </>
);

export const PasswordPolicyEdit = ({ draft: d, id, fixed, uses, wrong }: EditProps) => (
  <>
    <PageHead title={<span class="wrap">{id ?? "Add a password policy"}</span>} sub={uses ? <Uses u={uses} /> : undefined}>
      {id ? (
        <a class="button small quiet" href={`/password-policies/new?from=${encodeURIComponent(id)}`}>
          Copy it
        </a>
      ) : null}
      <a class="button small quiet" href="/password-policies">
        All policies
      </a>
    </PageHead>
    {wrong === undefined ? null : <FaultNote title="Not saved" message={wrong} />}
    <section class="card narrow">
      {fixed ? <p class="note">It cannot be changed here: copy it under another name.</p> : null}
      <Post action={id ? `/password-policies/${id}` : "/password-policies"}>
        {id ? null : (
          <Field label="Name" hint="a-z, 0-9, dot, dash, underscore; it stays.">
            <input name="name" value={d.name} required maxlength={40} autocapitalize="none" spellcheck={false} />
          </Field>
        )}
        <fieldset disabled={fixed ? true : undefined}>
          <Fields d={d} />
          {fixed ? null : (
            <>
              <p class="muted">
                Saved at once, for the next change of each account. What lets weaker passwords through helps its author only once somebody else has
                confirmed it.
              </p>
              <button type="submit">Save</button>
            </>
          )}
        </fieldset>
      </Post>
      {id && !fixed ? (
        <footer class="moves">
          <Press action={`/password-policies/${id}/remove`} look="danger">
            Remove
          </Press>
        </footer>
      ) : null}
    </section>
  </>
);
