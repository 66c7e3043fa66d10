/** What matters to a vote beside the ask: the account now, who is in it, what is known of who asks. Rule: told, not judged; the worst first. */
import type { Hold, Standing } from "../src/domain/account.ts";
import type { Risk } from "../src/domain/risk.ts";
import type { SessionListed } from "./sessions.tsx";
import { Ago, Exact, Facts } from "./parts.tsx";
import { StandingBadge } from "./words.tsx";

export type Weighed = {
  readonly risks: readonly Risk[];
  readonly live: readonly SessionListed[];
  readonly queued: number;
  readonly state: Standing;
};

const Holders = ({ holders }: { holders: readonly Hold[] }) => (
  <>
    {holders.map((h) => (
      <span class="block">
        <b>{h.personName}</b> until <Exact at={h.until} />
      </span>
    ))}
  </>
);
const Live = ({ live }: { live: Weighed["live"] }) => (
  <>
    {live.map(({ session: s, personName }) => (
      <span class="block">
        <b>{personName}</b>, begun <Ago at={s.openedAt} />
      </span>
    ))}
  </>
);
const Note = ({ note: n }: { note: Risk }) => (
  <li class={n.calm ? "calm" : "look"}>
    <span class="wrap">{n.says}</span>
    {n.at ? (
      <small class="muted">
        {" "}
        <Ago at={n.at} />
      </small>
    ) : null}
  </li>
);

export const Weigh = ({ weighed: w, holders }: { weighed: Weighed; holders: readonly Hold[] }) => (
  <section class="weigh" aria-label="What matters to the vote">
    <Facts
      rows={[
        ["Account now", <StandingBadge standing={w.state} />],
        holders.length > 0 ? ["Held by", <Holders holders={holders} />] : null,
        ["Live sessions", w.live.length > 0 ? <Live live={w.live} /> : <span class="muted">none</span>],
        w.queued > 0 ? ["In its queue", w.queued === 1 ? "1 approved request of somebody else" : `${w.queued} approved requests of others`] : null,
      ]}
    />
    <ul class="notes" aria-label="Known of the one who asks">
      {w.risks.map((n) => (
        <Note note={n} />
      ))}
    </ul>
  </section>
);
