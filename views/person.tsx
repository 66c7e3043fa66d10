/** The page of one person. Rule: what could help its author is said to wait before it is pressed. */
import type { Person, Role } from "../src/domain/person.ts";
import { Changes, type ChangeView } from "./changes.tsx";
import { AddKey } from "./inputs.tsx";
import { Ago, Badge, Facts, Field, PageHead, Post, Press, Unfold } from "./parts.tsx";
import { Roles } from "./people.tsx";

export type PersonView = {
  readonly person: Person;
  readonly roles: readonly Role[];
  readonly self: boolean;
  readonly me: string;
  readonly groups: readonly string[];
  readonly keys: readonly { readonly fingerprint: string; readonly label: string }[];
  readonly lastLogin: Date | null;
  readonly changes: readonly ChangeView[];
};

const Edit = ({ v: { person: p, roles } }: { v: PersonView }) => (
  <section class="card narrow">
    <Post action={`/people/${p.id}`}>
      <Field label="Full name">
        <input name="fullName" value={p.fullName} required maxlength={200} />
      </Field>
      <div class="pair">
        <Field label="Mail">
          <input name="mail" value={p.mail ?? ""} />
        </Field>
        <Field label="Employee number">
          <input name="employeeNo" value={p.employeeNo ?? ""} />
        </Field>
      </div>
      <Roles roles={roles} checked={p.roles} />
      <small class="muted block">Roles, mail and employee number wait for a second person where they help you.</small>
      <button type="submit">Save</button>
    </Post>
  </section>
);

const Keys = ({ v: { person: p, keys } }: { v: PersonView }) => (
  <section class="card narrow">
    <header>
      <h2>SSH keys</h2>
    </header>
    {keys.length === 0 ? <p class="muted">None yet.</p> : null}
    <ul class="rows">
      {keys.map((k) => (
        <li>
          <div>
            <b class="wrap">{k.label}</b> <code class="wrap">{k.fingerprint}</code>
          </div>
          <Post action={`/people/${p.id}/keys/remove`} class="inline">
            <input type="hidden" name="fingerprint" value={k.fingerprint} />
            <button class="small quiet" type="submit" aria-label={`Remove the key ${k.label}`}>
              Remove
            </button>
          </Post>
        </li>
      ))}
    </ul>
    <Unfold label="Add a key">
      <AddKey
        action={`/people/${p.id}/keys`}
        hint="One line of a .pub file. Somebody else's key is a credential you give: it waits for a second person where it helps you."
      />
    </Unfold>
  </section>
);

const Access = ({ v: { person: p, self } }: { v: PersonView }) =>
  self ? (
    <p class="muted">You cannot take your own administrator's rights or second factor away; another admin can.</p>
  ) : (
    <footer class="moves">
      {p.totp ? (
        <Unfold label="Reset the second factor">
          <p>Their logins end now. At the next one they set up another. Be sure that it is they who ask: call them back.</p>
          <Press action={`/people/${p.id}/reset-factor`} look="danger">
            Reset it
          </Press>
        </Unfold>
      ) : null}
      <Press action={`/people/${p.id}/${p.disabled ? "enable" : "disable"}`} look={p.disabled ? "quiet" : "danger"}>
        {p.disabled ? "Enable" : "Disable and cut sessions"}
      </Press>
    </footer>
  );

export const PersonPage = (v: PersonView) => {
  const p = v.person;
  return (
    <>
      <PageHead title={<span class="wrap">{p.fullName}</span>} sub={p.name} />
      <Changes changes={v.changes} me={v.me} />
      <section class="card narrow">
        <Facts
          rows={[
            ["State", p.disabled ? <Badge tone="bad">disabled</Badge> : <Badge tone="ok">active</Badge>],
            ["Last login", <Ago at={v.lastLogin} />],
            ["Second factor", p.totp ? "set up" : "not set up"],
            ["Groups", v.groups.join(", ") || "none"],
          ]}
        />
        <Access v={v} />
      </section>
      <Edit v={v} />
      <Keys v={v} />
      <p>
        <a href={`/audit?about=${p.id}`}>Everything about this person in the audit log</a>
      </p>
    </>
  );
};
