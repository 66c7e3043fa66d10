/** Lists of requests and the page of one. Rule: the page of one is the card, live, and everything that happened to it. */
import type { Certificate } from "../src/domain/certificate.ts";
import { Closure } from "./certificate.tsx";
import { Live, Reload } from "./live.tsx";
import { RequestRows, type Listed } from "./request-rows.tsx";
import { Ago, Empty, PageHead } from "./parts.tsx";
import { RequestCard } from "./request-card.tsx";
import type { CardFacts } from "./request-moves.tsx";
import { ToReview } from "./review.tsx";
import { Timeline, type Told } from "./story.tsx";
import { SessionRows, type SessionListed } from "./sessions.tsx";

const TABS = [
  ["open", "Open"],
  ["past", "Past"],
  ["all", "All"],
] as const;
export type Tab = (typeof TABS)[number][0];

export const Requests = ({ list, me, tab, sees }: { list: readonly Listed[]; me: string; tab: Tab; sees: boolean }) => (
  <>
    <PageHead
      title="Requests"
      sub={sees ? "Everybody's, as far as your roles show them." : "Yours, and those that name you as an approver."}
    >
      <a class="button small" href="/ask">
        Ask for access
      </a>
    </PageHead>
    <nav class="tabs" aria-label="Which">
      {TABS.map(([key, text]) => (
        <a href={`/requests?show=${key}`} aria-current={tab === key ? "page" : undefined}>
          {text}
        </a>
      ))}
    </nav>
    {list.length === 0 ? (
      <Empty title="No requests here">
        {tab === "open" ? "Nothing is waiting, approved or in use." : "Requests that are over will be listed here."}
      </Empty>
    ) : (
      <RequestRows list={list} me={me} label="Requests" />
    )}
  </>
);

export const Votes = ({ cards, me, toReview = [] }: { cards: readonly CardFacts[]; me: string; toReview?: readonly Listed[] }) => (
  <>
    <PageHead title="Votes" sub={cards.length === 0 ? undefined : `${cards.length} waiting, oldest first`} />
    {cards.length === 0 ? (
      <Empty title="Nothing waits for your vote">New requests appear here, and on your home page.</Empty>
    ) : (
      <div class="stack">
        {cards.map((f) => (
          <RequestCard {...f} me={me} link />
        ))}
      </div>
    )}
    <ToReview list={toReview} me={me} />
  </>
);

type PageFacts = {
  readonly f: CardFacts;
  readonly me: string;
  readonly story: readonly Told[];
  /** What came before is left out. */
  readonly shortened?: boolean;
  readonly sessions: readonly SessionListed[];
  readonly certificate?: Certificate;
};
const OVER = ["denied", "cancelled", "expired", "revoked", "reviewed"];

export const RequestView = ({ f, me, story, shortened = false, sessions, certificate }: PageFacts) => (
  <div id="request-view" class="two">
    <div class="stack">
      <RequestCard {...f} me={me} />
      {sessions.length > 0 ? (
        <section>
          <header class="sec">
            <h2>Sessions</h2>
          </header>
          <SessionRows list={sessions} plays={false} own />
        </section>
      ) : null}
      {certificate ? <Closure certificate={certificate} id={f.request.id} /> : null}
    </div>
    <aside>
      <h2>What happened</h2>
      {shortened ? <p class="notice warn">Only the last {story.length} events are shown; the audit log has those before.</p> : null}
      <Timeline events={story} />
    </aside>
  </div>
);

/** The view asks for itself again whenever the stream says that something changed. */
export const RequestPage = (p: PageFacts) => {
  const { f } = p,
    at = `/requests/${f.request.id}`;
  return (
    <>
      <PageHead
        title={
          <span class="wrap">
            {f.account.name}@{f.target.name}
          </span>
        }
        sub={
          <>
            Request <code>{f.request.id}</code>, asked <Ago at={f.request.submittedAt} /> by {f.requester.name}
          </>
        }
      />
      {OVER.includes(f.request.state) ? null : (
        <Live at={at} part="card" swaps="request-view" />
      )}
      <RequestView {...p} />
      <Reload at={at} />
    </>
  );
};
