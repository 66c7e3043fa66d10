/** One request, through all its states. Rule: it switches on the state, and its buttons are exactly the moves in `can`. */
import type { Account as AccountValue, Hold } from "../src/domain/account.ts";
import type { Person } from "../src/domain/person.ts";
import type { Policy } from "../src/domain/policy.ts";
import type { Request } from "../src/domain/request.ts";
import type { Target } from "../src/domain/target.ts";
import type { Tally, Vote } from "../src/domain/vote.ts";
import { here } from "./here.ts";
import { Account, Ago, Badge, Copy, Exact, Facts, Field, minutes, Post, TimeLeft, Unfold } from "./parts.tsx";
import { CLOSED, PRESET, StateBadge } from "./words.tsx";

export type Can = { readonly approve: boolean; readonly deny: boolean; readonly cancel: boolean; readonly show: boolean; readonly connect: boolean; readonly giveBack: boolean; readonly revoke: boolean };
export type CardFacts = {
  readonly request: Request; readonly requester: Person; readonly account: AccountValue; readonly target: Target; readonly policy: Policy; readonly standing: Tally;
  readonly votes: readonly (Vote & { readonly voterName: string })[]; readonly approvers: readonly string[]; readonly can: Can; readonly waitsForConfirmation: boolean; readonly holders: readonly Hold[];
};

export const sshLine = (account: string, target: string, me: string, ssh: { host: string; port: number }): string =>
  `ssh ${ssh.port === 22 ? "" : `-p ${ssh.port} `}${me}@${account}@${target}@${ssh.host}`;
const Connect = ({ f }: { f: CardFacts }) => <div class="connect"><span class="label">Connect</span><Copy text={sshLine(f.account.name, f.target.name, f.requester.name, here().ssh)} label="the ssh command" /></div>;

const Body = ({ f, mine }: { f: CardFacts; mine: boolean }) => {
  const r = f.request;
  switch (r.state) {
    case "pending": return <Pending f={f} until={r.expiresAt} />;
    case "approved": return (
      <><p>Approved for <b>{minutes(r.minutes)}</b>{r.minutes < r.terms.minutes ? ` (asked for ${minutes(r.terms.minutes)})` : ""}. The clock starts at first use; start before <Exact at={r.startBy} />.</p>
        {f.holders.map((h) => <p class="note"><b>{h.personName}</b> holds this account until <Exact at={h.until} />. It is yours when it is given back.</p>)}
        {f.can.connect ? <Connect f={f} /> : null}</>
    );
    case "checked_out": return <><TimeLeft from={r.checkedOutAt} until={r.until} />{f.can.connect ? <Connect f={f} /> : mine ? null : <p><b>{f.requester.name}</b> holds it since <Ago at={r.checkedOutAt} />.</p>}</>;
    case "closed": return <p>Closed <Ago at={r.closedAt} />: {CLOSED[r.why]}{r.reason ? <>, “<span class="wrap">{r.reason}</span>”</> : null}. Held for {minutes(Math.max(1, Math.round((r.closedAt.getTime() - r.checkedOutAt.getTime()) / 60_000)))}.</p>;
    case "expired": return <p>Nobody decided or used it in time; void <Ago at={r.endedAt} />. Ask again when you need it.</p>;
    case "denied": case "revoked": case "cancelled": case "reviewed": return <><p>{r.state[0]!.toUpperCase() + r.state.slice(1)} <Ago at={r.endedAt} />.</p>{r.reason ? <blockquote class="wrap">{r.reason}</blockquote> : null}</>;
  }
};

const Pending = ({ f, until }: { f: CardFacts; until: Date }) => (
  <>
    <p>Waits for <b>{Math.max(0, f.standing.need - f.standing.have)}</b> more {f.standing.need - f.standing.have === 1 ? "approval" : "approvals"} ({f.standing.have} of {f.standing.need}); void <Ago at={until} />.</p>
    {f.approvers.length > 0 ? <p class="muted">May approve: {f.approvers.join(", ")}</p> : <p class="note warn">Nobody is seated who may approve this. Ask an admin to name an approver in the policy “{f.policy.name}”.</p>}
    {f.waitsForConfirmation ? <p class="note warn">The requester changed the policy, a group or a credential this rests on. It stays pending until another admin or an auditor confirms that change.</p> : null}
    {f.holders.map((h) => <p class="note">Held by <b>{h.personName}</b> until <Exact at={h.until} />.</p>)}
  </>
);

const Votes = ({ f }: { f: CardFacts }) => (f.votes.length === 0 ? null : (
  <ul class="votes" aria-label="Votes">{f.votes.map((v) => (
    <li><Badge tone={v.decision === "approve" ? "ok" : "bad"}>{v.decision === "approve" ? "approves" : "denies"}</Badge> <b>{v.voterName}</b> <Ago at={v.at} />{v.minutes === null ? "" : `, at most ${minutes(v.minutes)}`}{v.reason ? <span class="wrap">: {v.reason}</span> : ""}</li>
  ))}</ul>
));

const Reason = ({ label, required }: { label: string; required?: boolean }) => <Field label={label}><input name="reason" maxlength={500} required={required} minlength={required ? 3 : undefined} /></Field>;

const Vote = ({ f, swap, at }: { f: CardFacts; swap: string; at: string }) => (
  <>
    <Post action={`${at}/approve`} swap={swap} class="inline">
      <label class="short"><span class="sr">Minutes at most</span><input type="number" name="minutes" min="1" max={f.request.terms.minutes} value={f.request.terms.minutes} inputmode="numeric" /><span>min</span></label>
      <button type="submit" class="small">Approve</button>
    </Post>
    {f.can.deny ? <Unfold label="Deny" tone="bad"><Post action={`${at}/deny`} swap={swap}><Reason label="Why (the requester reads it)" required /><button type="submit" class="small danger">Deny</button></Post></Unfold> : null}
  </>
);

const Moves = ({ f }: { f: CardFacts }) => {
  const { can, request: r } = f, at = `/requests/${r.id}`, swap = `#card-${r.id}`;
  if (!Object.values(can).some(Boolean)) return null;
  return (
    <footer class="moves">
      {can.approve ? <Vote f={f} swap={swap} at={at} /> : null}
      {can.show ? <Post action={`${at}/password`} class="inline"><button type="submit" class="small">Show the password</button></Post> : null}
      {can.giveBack ? <Post action={`${at}/give-back`} swap={swap} class="inline"><button type="submit" class="small contrast">Give back now</button></Post> : null}
      {can.cancel ? <Post action={`${at}/cancel`} swap={swap} class="inline"><button type="submit" class="small quiet">Cancel the request</button></Post> : null}
      {can.revoke ? <Unfold label="Revoke" tone="bad"><Post action={`${at}/revoke`} swap={swap}><Reason label="Why (the holder reads it)" required /><button type="submit" class="small danger">Revoke and cut sessions</button></Post></Unfold> : null}
    </footer>
  );
};

/** `me`: the reader's own login name. `link`: on lists, the head leads to the request's page. */
export const RequestCard = ({ me, link, ...f }: CardFacts & { me: string; link?: boolean }) => {
  const { request: r } = f, { terms } = r, mine = f.requester.name === me;
  return (
    <article class={`card request ${r.state}`} id={`card-${r.id}`}>
      <header><h2><Account account={f.account.name} target={f.target.name} {...(link ? { href: `/requests/${r.id}` } : {})} /></h2><StateBadge request={r} mine={mine} /></header>
      <Body f={f} mine={mine} />
      <Facts rows={[
        mine ? null : ["Asked by", <><b>{f.requester.name}</b> <span class="muted">{f.requester.fullName}</span></>],
        ["Reason", terms.reason ? <span class="wrap">{terms.reason}</span> : <span class="muted">none given</span>], terms.ticket ? ["Ticket", <span class="wrap">{terms.ticket}</span>] : null,
        ["Asked", <><Ago at={r.submittedAt} />, for {minutes(terms.minutes)}</>], ["Gives", PRESET[terms.preset]], ["Policy", f.policy.name],
      ]} />
      <Votes f={f} />
      <Moves f={f} />
    </article>
  );
};
