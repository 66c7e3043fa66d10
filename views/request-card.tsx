/** One request, through all its states. Rule: it switches on the state, and its buttons are exactly the moves in `can`. */
import type { Request } from "../src/domain/request.ts";
import { Connect, OwnClient } from "./connect.tsx";
import { OrderNote } from "./order.tsx";
import { Account, Ago, Badge, Exact, Facts, minutes, span, TimeLeft } from "./parts.tsx";
import { Place, Turn } from "./queue.tsx";
import { RequestMoves, type CardFacts } from "./request-moves.tsx";
import { Weigh } from "./weigh.tsx";
import { CLOSED, presetWords, StateBadge } from "./words.tsx";

const Approved = ({ f, r }: { f: CardFacts; r: Request<"approved"> }) => (
  <>
    <p>
      Approved for <b>{minutes(r.minutes)}</b>
      {r.minutes < r.terms.minutes ? ` (asked for ${minutes(r.terms.minutes)})` : ""}. The clock starts at first use;{" "}
      {r.pausedAt && !r.terms.window ? (
        `once it is your turn you have ${span(Math.max(0, r.startBy.getTime() - r.pausedAt.getTime()))} to begin`
      ) : (
        <>
          start before <Exact at={r.startBy} />
        </>
      )}
      .
    </p>
    <Turn request={r} />
    {f.queue ? <Place q={f.queue} /> : null}
    {f.can.connect || f.can.desktop ? <Connect f={f} /> : f.can.show ? <OwnClient f={f} /> : null}
  </>
);

const Held = ({ f, r, mine }: { f: CardFacts; r: Request<"checked_out">; mine: boolean }) => (
  <>
    <Turn request={r} />
    <TimeLeft from={r.checkedOutAt} until={r.until} />
    <OrderNote r={f.rotation} />
    {f.can.connect || f.can.desktop ? (
      <Connect f={f} />
    ) : mine ? (
      <OwnClient f={f} />
    ) : (
      <p>
        <b>{f.requester.name}</b> holds it since <Ago at={r.checkedOutAt} />.
      </p>
    )}
  </>
);

const Closed = ({ r }: { r: Request<"closed"> | Request<"reviewed"> }) => (
  <p>
    Closed <Ago at={r.closedAt} />: {CLOSED[r.why]}
    {r.reason ? (
      <>
        , “<span class="wrap">{r.reason}</span>”
      </>
    ) : null}
    . Held for {minutes(Math.max(1, Math.round((r.closedAt.getTime() - r.checkedOutAt.getTime()) / 60_000)))}.
  </p>
);

const Waits = ({ r }: { r: Request }) =>
  r.review && r.state === "closed" ? <p class="note warn">Somebody else still has to review this use.</p> : null;

const Body = ({ f, mine }: { f: CardFacts; mine: boolean }) => {
  const r = f.request;
  switch (r.state) {
    case "pending":
      return <Pending f={f} until={r.expiresAt} />;
    case "approved":
      return <Approved f={f} r={r} />;
    case "checked_out":
      return <Held f={f} r={r} mine={mine} />;
    case "closed":
      return (
        <>
          <Closed r={r} />
          <Waits r={r} />
        </>
      );
    case "reviewed":
      return (
        <>
          <Closed r={r} />
          <p>
            Reviewed <Ago at={r.reviewedAt} />:
          </p>
          <blockquote class="wrap">{r.verdict}</blockquote>
        </>
      );
    case "expired":
      return (
        <p>
          Nobody decided or used it in time; void <Ago at={r.endedAt} />. Ask again when you need it.
        </p>
      );
    case "denied":
    case "revoked":
    case "cancelled":
      return (
        <>
          <p>
            {r.state[0]!.toUpperCase() + r.state.slice(1)} <Ago at={r.endedAt} />.
          </p>
          {r.reason ? <blockquote class="wrap">{r.reason}</blockquote> : null}
        </>
      );
  }
};

const Pending = ({ f, until }: { f: CardFacts; until: Date }) => (
  <>
    <p>
      Waits for <b>{Math.max(0, f.standing.need - f.standing.have)}</b> more {f.standing.need - f.standing.have === 1 ? "approval" : "approvals"}{" "}
      ({f.standing.have} of {f.standing.need}); void <Ago at={until} />.
    </p>
    {f.approvers.length > 0 ? (
      <p class="muted">May approve: {f.approvers.join(", ")}</p>
    ) : (
      <p class="note warn">Nobody is seated who may approve this. Ask an admin to name an approver in the policy “{f.policy.name}”.</p>
    )}
    {f.waitsForConfirmation ? (
      <p class="note warn">
        The requester changed the policy, a group or a credential this rests on. It stays pending until another admin or an auditor confirms that
        change.
      </p>
    ) : null}
    {f.weighed
      ? null
      : f.holders.map((h) => (
          <p class="note">
            Held by <b>{h.personName}</b> until <Exact at={h.until} />.
          </p>
        ))}
  </>
);

const Votes = ({ f }: { f: CardFacts }) =>
  f.votes.length === 0 ? null : (
    <ul class="votes" aria-label="Votes">
      {f.votes.map((v) => (
        <li>
          <Badge tone={v.decision === "approve" ? "ok" : "bad"}>{v.decision === "approve" ? "approves" : "denies"}</Badge> <b>{v.voterName}</b>{" "}
          <Ago at={v.at} />
          {v.minutes === null || v.minutes >= f.request.terms.minutes ? "" : `, at most ${minutes(v.minutes)}`}
          {v.reason ? <span class="wrap">: {v.reason}</span> : ""}
        </li>
      ))}
    </ul>
  );

const About = ({ f, mine, link }: { f: CardFacts; mine: boolean; link: boolean | undefined }) =>
  link ? (
    <Account account={f.account.name} target={f.target.name} href={`/requests/${f.request.id}`} />
  ) : (
    <>{mine ? "Your request" : `Request of ${f.requester.name}`}</>
  );
const Asked = ({ f, mine }: { f: CardFacts; mine: boolean }) => {
  const { request: r, requester } = f,
    { terms } = r,
    { window } = terms;
  return (
    <Facts
      rows={[
        mine
          ? null
          : [
              "Asked by",
              <>
                <b>{requester.name}</b> <span class="muted">{requester.fullName}</span>
              </>,
            ],
        ["Reason", terms.reason ? <span class="wrap">{terms.reason}</span> : <span class="muted">none given</span>],
        terms.ticket ? ["Ticket", <span class="wrap">{terms.ticket}</span>] : null,
        [
          "Asked",
          <>
            <Ago at={r.submittedAt} />, for {minutes(terms.minutes)}
          </>,
        ],
        window
          ? [
              "Window",
              <>
                <Exact at={new Date(window.from)} /> to <Exact at={new Date(window.to)} />
              </>,
            ]
          : null,
        ["Gives", presetWords(terms.preset, f.carries)],
        ["Policy", f.policy.name],
      ]}
    />
  );
};

/** `me`: the reader's own login name. `link`: on lists, the head says which account and leads to the request's page. */
export const RequestCard = ({ me, link, ...f }: CardFacts & { me: string; link?: boolean }) => {
  const { request: r } = f,
    mine = f.requester.name === me;
  return (
    <article class={`card request ${r.state}`} id={`card-${r.id}`}>
      <header>
        <h2>
          <About f={f} mine={mine} link={link} />
        </h2>
        <StateBadge request={r} mine={mine} />
      </header>
      <Body f={f} mine={mine} />
      <Asked f={f} mine={mine} />
      {f.weighed ? <Weigh weighed={f.weighed} holders={f.holders} /> : null}
      <Votes f={f} />
      <RequestMoves f={f} />
    </article>
  );
};
