/** People and groups. Rule: what could help its author is listed until somebody else confirms it. */
import type { Person, Role } from "../src/domain/person.ts";
import { Changes, SingleAdministrator, type ChangeView } from "./changes.tsx";
import type { GroupView } from "./policy-sections.tsx";
import { Ago, Badge, Empty, Field, Named, PageHead, Post, Table, Unfold } from "./parts.tsx";

export type PeopleView = {
  readonly people: readonly Person[];
  readonly groups: readonly GroupView[];
  readonly roles: readonly Role[];
  readonly changes: readonly ChangeView[];
  readonly me: Person;
  readonly alone: boolean;
  readonly lastLogins: ReadonlyMap<string, Date>;
};

export const Roles = ({ roles, checked }: { roles: readonly Role[]; checked: readonly Role[] }) => (
  <fieldset class="checks">
    <legend>Roles</legend>
    {roles.map((r) => (
      <label class="check">
        <input type="checkbox" name="roles" value={r} checked={checked.includes(r)} /> {r}
      </label>
    ))}
  </fieldset>
);

const AddPerson = ({ roles }: { roles: readonly Role[] }) => (
  <Unfold label="Add a person">
    <Post action="/people">
      <div class="pair">
        <Field label="Login name">
          <input name="name" required pattern="[a-z0-9._\-]{1,64}" autocapitalize="none" />
        </Field>
        <Field label="Full name">
          <input name="fullName" required maxlength={200} />
        </Field>
      </div>
      <div class="pair">
        <Field label="Mail (optional)">
          <input type="email" name="mail" />
        </Field>
        <Field label="Employee number (optional)" hint="Two logins with the same number are one person when votes are counted.">
          <input name="employeeNo" maxlength={200} />
        </Field>
      </div>
      <Field label="First password" hint="12 characters or more. Give it to them by a way you trust; they change it under My keys and tokens.">
        <input type="password" name="password" autocomplete="new-password" minlength={12} required />
      </Field>
      <Roles roles={roles} checked={["user"]} />
      <button class="small" type="submit">
        Add
      </button>
    </Post>
  </Unfold>
);
const AddGroup = ({ people }: { people: readonly Person[] }) => (
  <Unfold label="Add a group">
    <Post action="/groups">
      <Field label="Name">
        <input name="name" required maxlength={64} />
      </Field>
      <Members people={people} checked={[]} />
      <button class="small" type="submit">
        Add
      </button>
    </Post>
  </Unfold>
);
const Members = ({ people, checked }: { people: readonly Person[]; checked: readonly string[] }) => (
  <fieldset class="checks">
    <legend>Members</legend>
    {people.map((p) => (
      <label class="check">
        <input type="checkbox" name="members" value={p.id} checked={checked.includes(p.id)} /> {p.name}
      </label>
    ))}
  </fieldset>
);

const Row = ({ p, seen, waits }: { p: Person; seen: Date | null; waits: boolean }) => (
  <tr>
    <td>
      <Named href={`/people/${p.id}`} name={p.name} />
      <small class="muted block wrap">{p.fullName}</small>
    </td>
    <td>{p.roles.join(", ") || <span class="muted">none</span>}</td>
    <td data-th="Second factor">{p.totp ? "set up" : <span class="muted">no</span>}</td>
    <td data-th="Last login">
      <Ago at={seen} />
    </td>
    <td>
      {p.disabled ? <Badge tone="bad">disabled</Badge> : <Badge tone="ok">active</Badge>}
      {waits ? <small class="muted block">a change waits for a second person</small> : null}
    </td>
    <td class="end">
      <a class="button small quiet" href={`/people/${p.id}`}>
        Change
      </a>
    </td>
  </tr>
);

const Groups = ({ v }: { v: PeopleView }) => (
  <section>
    <header class="sec">
      <h2>Groups</h2>
    </header>
    {v.groups.length === 0 ? (
      <Empty title="No groups yet">Policies name groups of people: who may ask, and who approves.</Empty>
    ) : (
      <div class="stack">
        {v.groups.map((g) => (
          <div class="card flat">
            <header>
              <h3>{g.name}</h3>
              <span class="muted">
                {g.members.length} {g.members.length === 1 ? "member" : "members"}
              </span>
            </header>
            <Unfold label="Members">
              <Post action={`/groups/${g.id}`}>
                <input type="hidden" name="name" value={g.name} />
                <Members people={v.people} checked={g.members} />
                <button class="small" type="submit">
                  Save
                </button>
              </Post>
            </Unfold>
          </div>
        ))}
      </div>
    )}
    <AddGroup people={v.people} />
  </section>
);

export const PeoplePage = (v: PeopleView) => (
  <>
    <PageHead
      title="People"
      sub={`${v.people.length} ${v.people.length === 1 ? "person" : "people"}, ${v.groups.length} ${v.groups.length === 1 ? "group" : "groups"}`}
    />
    <SingleAdministrator alone={v.alone} manages={false} />
    <Changes changes={v.changes} me={v.me.id} />
    <Table label="People" head={["Name", "Roles", "Second factor", "Last login", "State", ""]} list>
      {v.people.map((p) => (
        <Row p={p} seen={v.lastLogins.get(p.id) ?? null} waits={v.changes.some((c) => c.subject === p.id)} />
      ))}
    </Table>
    <AddPerson roles={v.roles} />
    <Groups v={v} />
  </>
);
