/** Home: what I hold, what waits for me, what I may ask for, what was. Rule: the nearest thing to do stands first. */
import type { Standing } from "../src/domain/account.ts";
import type { Preset } from "../src/domain/policy.ts";
import { SingleAdministrator } from "./changes.tsx";
import { here } from "./here.ts";
import { sshLine } from "./connect.tsx";
import { Turn } from "./queue.tsx";
import { Account, Ago, Copy, Empty, minutes, PageHead, Press, Table, TimeLeft } from "./parts.tsx";
import { RequestRows, type Listed } from "./request-rows.tsx";
import { BrokenGlass, ToReview } from "./review.tsx";
import { StandingBadge, StateBadge } from "./words.tsx";

export type Offered = {
  readonly name: string;
  readonly target: string;
  readonly platform: string;
  readonly standing: Standing;
  readonly policies: readonly { readonly name: string; readonly preset: Preset; readonly maxMinutes: number }[];
};
export type HomeView = {
  readonly me: string;
  readonly mine: readonly Listed[];
  readonly waiting: readonly Listed[];
  readonly offered: readonly Offered[];
  readonly recent: readonly Listed[];
  readonly asks: boolean;
  readonly votes: boolean;
  /** One administrator only, and it is this person. */
  readonly alone: boolean;
  readonly glass: readonly Listed[];
  readonly toReview: readonly Listed[];
  /** Changes of others that wait for this person to confirm them. */
  readonly changes: number;
  /** May read what is past. */
  readonly reads: boolean;
};

const SHOWS: Readonly<Record<Preset, boolean>> = { session: false, release: true, shared: false, "break-glass": true };
const Holding = ({ l, me }: { l: Listed; me: string }) => {
  const r = l.request,
    at = `/requests/${r.id}`;
  return (
    <article class={`card hold ${r.state}`}>
      <header>
        <h3>
          <Account account={l.accountName} target={l.targetName} href={at} />
        </h3>
        <StateBadge request={r} mine />
      </header>
      {r.state === "checked_out" ? (
        <TimeLeft from={r.checkedOutAt} until={r.until} />
      ) : r.state === "approved" ? (
        <p>
          For {minutes(r.minutes)} from first use; start <Ago at={r.startBy} /> at the latest.
        </p>
      ) : (
        <p class="muted">
          Asked <Ago at={r.submittedAt} />, for {minutes(r.terms.minutes)}.
        </p>
      )}
      <Turn request={r} />
      {r.state === "pending" || !l.carries ? null : <Copy text={sshLine(l.accountName, l.targetName, me, here().ssh)} label="the ssh command" />}
      <footer class="moves">
        {r.state === "pending" || !l.carries ? null : (
          <a class="button small" href={`${at}/terminal#connect`}>
            Connect
          </a>
        )}
        {r.state === "pending" || !l.desktop ? null : (
          <a class="button small" href={`${at}/desktop#connect`}>
            Desktop
          </a>
        )}
        {r.state !== "pending" && SHOWS[r.terms.preset] ? <Press action={`${at}/password`}>Show the password</Press> : null}
        {r.state === "checked_out" ? (
          <Press action={`${at}/give-back`} look="contrast">
            Give back now
          </Press>
        ) : null}
        <a class="button small quiet" href={at}>
          Details
        </a>
      </footer>
    </article>
  );
};

export const OfferRows = ({ offered, q, me }: { offered: readonly Offered[]; q: string; me: string }) => (
  <div id="offers">
    {offered.length === 0 ? (
      <Empty title={q ? `Nothing matches “${q}”` : "No policy gives you an account yet"}>
        {q
          ? "Try a part of the account's or the target's name."
          : "Ask an admin to put you into a policy; what no policy gives you is not listed."}
      </Empty>
    ) : (
      <Table label="Accounts you may ask for" head={["Account", "State", "Policy", "Longest", ""]}>
        {offered.map((o) => (
          <tr>
            <td>
              <Account account={o.name} target={o.target} href={`/ask/${encodeURIComponent(`${o.name}@${o.target}`)}`} />
              <small class="muted block">{o.platform}</small>
            </td>
            <td>
              <StandingBadge standing={o.standing} me={me} />
            </td>
            <td data-th="Policy">{o.policies.map((p) => p.name).join(", ")}</td>
            <td data-th="Longest">{minutes(Math.max(...o.policies.map((p) => p.maxMinutes)))}</td>
            <td class="end">
              <a class="button small" href={`/ask/${encodeURIComponent(`${o.name}@${o.target}`)}`}>
                Ask
              </a>
            </td>
          </tr>
        ))}
      </Table>
    )}
  </div>
);

const section = (title: string, body: unknown, more?: { href: string; text: string }) => (
  <section>
    <header class="sec">
      <h2>{title}</h2>
      {more ? <a href={more.href}>{more.text}</a> : null}
    </header>
    {body as never}
  </section>
);

const Held = ({ v }: { v: HomeView }) =>
  v.mine.length === 0 ? (
    <Empty title="You hold nothing right now">Ask for an account below; its approvers are told at once.</Empty>
  ) : (
    <div class="grid-cards">
      {v.mine.map((l) => (
        <Holding l={l} me={v.me} />
      ))}
    </div>
  );
/** For who asks for nothing: where their work is, when none of it waits here. */
const Calm = ({ v }: { v: HomeView }) =>
  v.waiting.length + v.toReview.length + v.glass.length + v.changes > 0 ? null : (
    <Empty title="Nothing waits for you">
      {v.votes ? "Requests for your vote appear here." : "Break-glass, uses to review and changes to confirm appear here."}
      {v.reads ? (
        <>
          {" "}
          Meanwhile: <a href="/sessions?live=1">who is connected</a>, <a href="/audit">the audit log</a>,{" "}
          <a href="/exposures">who knows which password</a>.
        </>
      ) : null}
    </Empty>
  );
const Confirms = ({ n }: { n: number }) =>
  n === 0 ? null : (
    <p class="note">
      {n === 1 ? "1 change waits" : `${n} changes wait`} for a second person. <a href="/policies">Look and confirm</a>
    </p>
  );

export const Home = (v: HomeView) => (
  <>
    <PageHead title={`Hello, ${v.me}`} />
    <SingleAdministrator alone={v.alone} manages />
    <BrokenGlass list={v.glass} />
    <Confirms n={v.changes} />
    {v.votes && v.waiting.length > 0
      ? section(`Waits for your vote (${v.waiting.length})`, <RequestRows list={v.waiting} me={v.me} label="Requests waiting for your vote" />, {
          href: "/votes",
          text: "Vote",
        })
      : null}
    <ToReview list={v.toReview} me={v.me} />
    {v.asks || v.mine.length > 0 ? section("What I hold", <Held v={v} />) : <Calm v={v} />}
    {v.asks
      ? section("What I may ask for", <OfferRows offered={v.offered.slice(0, 8)} q="" me={v.me} />, {
          href: "/ask",
          text: v.offered.length > 8 ? `All ${v.offered.length}` : "Search",
        })
      : null}
    {v.asks || v.recent.length > 0
      ? section("Recent", <RequestRows list={v.recent} me={v.me} label="Recent requests" empty="Your past requests will be listed here." />, {
          href: "/requests",
          text: "All requests",
        })
      : null}
  </>
);
