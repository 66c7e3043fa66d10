/** Accounts: the table, and the page of one with all that was done to its password. Rule: ids and outcomes only; no version's content comes here. */
import type { Account as Value, Hold, Standing } from "../src/domain/account.ts";
import type { Policy } from "../src/domain/policy.ts";
import type { Target } from "../src/domain/target.ts";
import { Account, Ago, Badge, Empty, Exact, Facts, Field, PageHead, Post, Table, Unfold, type Tone } from "./parts.tsx";
import { NEXT_STEP, StandingBadge } from "./words.tsx";

export type AccountCard = { readonly account: Value; readonly target: Target; readonly standing: Standing; readonly holds: readonly Hold[]; readonly offers: readonly Policy[]; readonly manage: boolean };
export type RotationLine = { readonly id: string; readonly state: string; readonly trigger: string; readonly reason: string; readonly why: string | null; readonly attempt: number; readonly openedAt: Date };
export type VersionLine = { readonly id: string; readonly no: number; readonly status: string; readonly origin: string; readonly createdAt: Date; readonly provenAt: Date | null };
export type ClosureLine = { readonly id: string; readonly step: string; readonly dueAt: Date; readonly doneAt: Date | null; readonly newResult: string | null; readonly oldResult: string | null };
export type ExposureLine = { readonly id: string; readonly personName: string; readonly how: string; readonly at: Date; readonly versionNo: number | null };
export type History = { readonly rotations: readonly RotationLine[]; readonly versions: readonly VersionLine[]; readonly closures: readonly ClosureLine[]; readonly exposures: readonly ExposureLine[] };

const HolderOf = ({ holds }: { holds: readonly Hold[] }) => (holds.length === 0 ? <span class="muted">nobody</span> : <>{holds.map((h) => <span class="block">{h.personName} <small class="muted">until <Exact at={h.until} /></small></span>)}</>);

export const Accounts = ({ cards, q, adds }: { cards: readonly AccountCard[]; q: string; adds: boolean }) => (
  <>
    <PageHead title="Accounts" sub={`${cards.length} shown`}>{adds ? <a class="button small" href="/targets">Add through its target</a> : null}</PageHead>
    <form class="search" method="get" action="/accounts"><input type="search" name="q" value={q} placeholder="Account, target, state, tag" aria-label="Search accounts" /><button class="small quiet" type="submit">Search</button></form>
    {cards.length === 0 ? <Empty title={q ? `Nothing matches “${q}”` : "No accounts yet"}>{q ? "Try a part of a name, a state such as unverified, or a tag." : adds ? <>Add a <a href="/targets">target</a> first, then the accounts on it.</> : "No account is yours to see."}</Empty> : (
      <Table label="Accounts" head={["Account", "State", "Held by", "Password changed", "Verified", "Policy"]}>
        {cards.map((c) => (
          <tr><td><Account account={c.account.name} target={c.target.name} href={`/accounts/${c.account.id}`} /><small class="muted block">{[c.target.platform, ...c.target.tags].join(" · ")}</small></td><td><StandingBadge standing={c.standing} /></td>
            <td><HolderOf holds={c.holds} /></td><td><Ago at={c.account.rotatedAt} /></td><td><Ago at={c.account.verifiedAt} /></td><td>{c.offers.map((p) => p.name).join(", ") || <span class="muted">–</span>}</td></tr>
        ))}
      </Table>
    )}
  </>
);

const Moves = ({ c }: { c: AccountCard }) => {
  const at = `/accounts/${c.account.id}`, managed = c.account.credential !== "unmanaged" && c.account.credential !== "adopting";
  return (
    <footer class="moves">
      {managed ? <Post action={`${at}/rotate`} class="inline"><button type="submit" class="small">Change the password now</button></Post> : <Post action={`${at}/adopt`} class="inline"><button type="submit" class="small">Adopt</button></Post>}
      {managed ? <Post action={`${at}/verify`} class="inline"><button type="submit" class="small quiet">Verify</button></Post> : null}
      {c.account.block === "none" ? <Unfold label="Block" tone="bad"><Post action={`${at}/block`}><Field label="Why"><input name="reason" maxlength={300} /></Field><button class="small danger" type="submit">Block and cut sessions</button></Post></Unfold>
        : c.account.block === "identity_changed" ? <a class="button small quiet" href={`/targets/${c.target.id}`}>Look at the target's identity</a> : <Post action={`${at}/unblock`} class="inline"><button class="small quiet" type="submit">Unblock</button></Post>}
    </footer>
  );
};

const ROTATED: Record<string, readonly [Tone, string]> = { committed: ["ok", "changed and proven"], refused: ["bad", "refused"], dead_letter: ["bad", "gave up"], waiting: ["warn", "waits"], probing: ["busy", "asking the target"], applying: ["busy", "changing"], prepared: ["busy", "prepared"], queued: ["busy", "queued"] };
const Rotations = ({ list }: { list: readonly RotationLine[] }) => (list.length === 0 ? <Empty title="Never changed">The first change is the adoption.</Empty> : (
  <Table label="Password changes" head={["State", "Why", "Opened", "Tries"]}>{list.map((r) => { const [tone, word] = ROTATED[r.state] ?? ["quiet", r.state]; return (
    <tr><td><Badge tone={tone}>{word}</Badge></td><td class="wrap">{r.reason}<small class="muted block">{r.trigger.replace(/_/g, " ")}{r.why ? `: ${r.why}` : ""}</small></td><td><Ago at={r.openedAt} /></td><td class="num">{r.attempt}</td></tr>
  ); })}</Table>
));
const Versions = ({ list }: { list: readonly VersionLine[] }) => (list.length === 0 ? <p class="muted">The vault holds no password for this account.</p> : (
  <Table label="Secret versions" head={["No", "State", "Origin", "Made", "Proven"]}>{list.toReversed().map((v) => <tr><td class="num">{v.no}</td><td><Badge tone={v.status === "current" ? "ok" : v.status === "candidate" ? "busy" : "quiet"}>{v.status}</Badge></td><td>{v.origin}</td><td><Ago at={v.createdAt} /></td><td><Ago at={v.provenAt} none="not yet" /></td></tr>)}</Table>
));
const Closures = ({ list }: { list: readonly ClosureLine[] }) => (list.length === 0 ? null : (
  <section><h2>Closure checks</h2><p class="muted">After a change: the new password opens, the old one does not.</p>
    <Table label="Closure checks" head={["Step", "Due", "New opens", "Old refused"]}>{list.map((c) => <tr><td>{c.step}</td><td><Ago at={c.doneAt ?? c.dueAt} /></td><td>{c.newResult ?? <span class="muted">waits</span>}</td><td>{c.oldResult ?? <span class="muted">waits</span>}</td></tr>)}</Table></section>
));
const HOW: Record<string, string> = { released: "saw it", typed: "typed it", session: "used it, unseen" };
const Exposures = ({ list }: { list: readonly ExposureLine[] }) => (list.length === 0 ? <p class="muted">Nobody has seen or used a password of this account.</p> : (
  <Table label="Exposure" head={["Person", "How", "Version", "When"]}>{list.toReversed().map((e) => <tr><td>{e.personName}</td><td>{HOW[e.how] ?? e.how}</td><td class="num">{e.versionNo ?? "?"}</td><td><Ago at={e.at} /></td></tr>)}</Table>
));

export const AccountPage = ({ card: c, history }: { card: AccountCard; history: History | null }) => (
  <>
    <PageHead title={<span class="wrap">{c.account.name}@{c.target.name}</span>} sub={<StandingBadge standing={c.standing} />}>{c.offers.length > 0 ? <a class="button small" href={`/ask/${encodeURIComponent(`${c.account.name}@${c.target.name}`)}`}>Ask for it</a> : null}</PageHead>
    <section class="card">
      {NEXT_STEP[c.account.credential] ? <p class="note">{NEXT_STEP[c.account.credential]}</p> : null}
      <Facts rows={[
        ["Target", c.manage ? <a href={`/targets/${c.target.id}`}>{c.target.name}</a> : c.target.name], ["Platform", c.target.platform], ["Held by", <HolderOf holds={c.holds} />], ["Password changed", <Ago at={c.account.rotatedAt} />],
        ["Verified", <Ago at={c.account.verifiedAt} />], ["Uses since the change", String(c.account.usedNo - c.account.rotatedNo)], ["Password policy", c.account.passwordPolicy], ["Access policy", c.offers.map((p) => p.name).join(", ") || "none that names you"],
      ]} />
      {c.manage ? <Moves c={c} /> : null}
    </section>
    {history === null ? null : <div class="stack">
      <section><h2>Password changes</h2><Rotations list={history.rotations} /></section>
      <Closures list={history.closures} />
      <section><h2>Versions</h2><Versions list={history.versions} /></section>
      <section><h2>Who knows what</h2><Exposures list={history.exposures} /></section>
      <p><a href={`/audit?about=${c.account.id}`}>Everything about this account in the audit log</a></p>
    </div>}
  </>
);
