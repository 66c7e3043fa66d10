/** Access policies. Rule: a policy reads as a sentence before it reads as a form. */
import type { Person } from "../src/domain/person.ts";
import type { Policy } from "../src/domain/policy.ts";
import { Badge, Empty, Facts, Field, minutes, PageHead, Post, Table } from "./parts.tsx";
import { Changes, type ChangeView, type GroupView } from "./people.tsx";
import { PRESET } from "./words.tsx";

export type Names = ReadonlyMap<string, string>;
const list = (ids: readonly string[], names: Names): string => ids.map((id) => names.get(id) ?? id).join(", ");
const whom = (people: readonly string[], groups: readonly string[], names: Names, none: string): string => [...groups.map((g) => `group ${names.get(g) ?? g}`), ...(people.length > 0 ? [list(people, names)] : [])].join(", ") || none;
const which = ({ binding: b }: Policy): string => {
  const parts = [b.accountNames.length > 0 ? b.accountNames.join(", ") : "every account", b.targets.length > 0 ? `on ${b.targets.join(", ")}` : "on every target", b.tags.length > 0 ? `tagged ${b.tags.join(" or ")}` : "", b.platforms.length > 0 ? `of ${b.platforms.join(", ")}` : ""];
  return parts.filter(Boolean).join(" ");
};

export const Policies = ({ policies, names, changes, me, manages }: { policies: readonly Policy[]; names: Names; changes: readonly ChangeView[]; me: string; manages: boolean }) => (
  <>
    <PageHead title="Policies" sub="Who may ask for which accounts, and how. What no policy gives you does not exist for you.">{manages ? <a class="button small" href="/policies/new">Add a policy</a> : null}</PageHead>
    <Changes changes={changes} me={me} />
    {policies.length === 0 ? <Empty title="No policies yet">Until there is one, nobody can ask for anything.</Empty> : (
      <Table label="Policies" head={["Policy", "May ask", "For", "Approval", "Longest"]}>{policies.map((p) => (
        <tr><td><a href={`/policies/${p.id}`}><b class="wrap">{p.name}</b></a>{p.active ? null : <> <Badge tone="quiet">off</Badge></>}<small class="muted block">{PRESET[p.terms.preset]}</small></td><td class="wrap">{whom(p.binding.requesters, p.binding.requesterGroups, names, "nobody")}</td><td class="wrap">{which(p)}</td>
          <td class="wrap">{p.terms.approvals} of {whom(p.binding.approvers, p.binding.approverGroups, names, "nobody: shut")}</td><td>{minutes(p.terms.maxMinutes)}</td></tr>
      ))}</Table>
    )}
  </>
);

export type PolicyForm = { readonly policy: Policy | null; readonly people: readonly Person[]; readonly groups: readonly GroupView[] };
const Who = ({ label, name, people, groups, checked }: { label: string; name: string; people: readonly Person[]; groups: readonly GroupView[]; checked: readonly string[] }) => (
  <fieldset class="checks"><legend>{label}</legend>{groups.map((g) => <label class="check"><input type="checkbox" name={`${name}Groups`} value={g.id} checked={checked.includes(g.id)} /> {g.name} <small class="muted">group</small></label>)}{people.map((p) => <label class="check"><input type="checkbox" name={`${name}s`} value={p.id} checked={checked.includes(p.id)} /> {p.name}</label>)}</fieldset>
);
const Num = ({ label, name, value, min, max, hint }: { label: string; name: string; value: number; min: number; max: number; hint?: string }) => <Field label={label} hint={hint}><input type="number" name={name} value={String(value)} min={String(min)} max={String(max)} required /></Field>;

const Terms = ({ t }: { t: Policy["terms"] | undefined }) => (
  <>
    <Field label="Gives"><select name="preset"><option value="session" selected={t?.preset !== "release"}>session: {PRESET.session}</option><option value="release" selected={t?.preset === "release"}>release: {PRESET.release}</option></select></Field>
    <div class="pair"><Num label="Approvals needed" name="approvals" value={t?.approvals ?? 1} min={1} max={9} /><Num label="Longest, in minutes" name="maxMinutes" value={t?.maxMinutes ?? 60} min={1} max={10_080} /></div>
    <div class="pair"><Num label="Start within, in minutes" name="startWindowMinutes" value={t?.startWindowMinutes ?? 480} min={1} max={43_200} hint="After approval." /><Num label="Reason, characters at least" name="reasonMin" value={t?.reasonMin ?? 3} min={0} max={500} /></div>
    <Field label="Ticket pattern (optional)" hint="A regular expression the whole ticket must match, e.g. CHG-\d+"><input name="ticketPattern" maxlength={200} value={t?.ticketPattern ?? ""} /></Field>
    <label class="check"><input type="checkbox" name="recordInput" value="yes" checked={t?.recordInput ?? false} /> Record what is typed, too</label>
  </>
);

export const PolicyEdit = ({ policy: p, people, groups }: PolicyForm) => (
  <>
    <PageHead title={p ? <span class="wrap">{p.name}</span> : "Add a policy"} sub={p ? (p.active ? "In force" : "Off") : undefined} />
    <section class="card narrow">
      <Post action={p ? `/policies/${p.id}` : "/policies"}>
        <Field label="Name"><input name="name" required maxlength={80} value={p?.name ?? ""} /></Field>
        <Terms t={p?.terms} />
        <Who label="May ask" name="requester" people={people.filter((x) => x.roles.includes("user"))} groups={groups} checked={p ? [...p.binding.requesters, ...p.binding.requesterGroups] : []} />
        <Who label="May approve" name="approver" people={people.filter((x) => x.roles.includes("approver"))} groups={groups} checked={p ? [...p.binding.approvers, ...p.binding.approverGroups] : []} />
        <div class="pair"><Field label="Accounts" hint="Names, * matches any run. Empty: every account."><input name="accountNames" value={p?.binding.accountNames.join(" ") ?? ""} placeholder="root deploy*" /></Field><Field label="Targets" hint="Empty: every target."><input name="targets" value={p?.binding.targets.join(" ") ?? ""} placeholder="web-* db-1" /></Field></div>
        <Field label="Tags (optional)"><input name="tags" value={p?.binding.tags.join(" ") ?? ""} /></Field>
        <label class="check"><input type="checkbox" name="active" value="yes" checked={p?.active ?? true} /> In force</label>
        <button type="submit">Save</button>
      </Post>
    </section>
  </>
);

export const PolicyPage = ({ policy: p, names }: { policy: Policy; names: Names }) => (
  <>
    <PageHead title={<span class="wrap">{p.name}</span>} sub={p.active ? <Badge tone="ok">in force</Badge> : <Badge tone="quiet">off</Badge>} />
    <section class="card"><Facts rows={[["Gives", PRESET[p.terms.preset]], ["May ask", whom(p.binding.requesters, p.binding.requesterGroups, names, "nobody")], ["For", which(p)], ["Approval", `${p.terms.approvals} of ${whom(p.binding.approvers, p.binding.approverGroups, names, "nobody: shut")}`],
      ["Longest", minutes(p.terms.maxMinutes)], ["Start within", minutes(p.terms.startWindowMinutes)], ["Undecided requests void after", minutes(p.terms.requestTtlMinutes)], ["Reason", `${p.terms.reasonMin} characters or more`], p.terms.ticketPattern ? ["Ticket", p.terms.ticketPattern] : null, ["Channels", p.terms.channels.join(", ")], ["Recording", `screen${p.terms.recordInput ? " and typed text" : ""}`]]} /></section>
  </>
);
