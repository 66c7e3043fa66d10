/**
 * Bulk changes: the list, and one of them while it runs. Rule: the numbers are counted from the accounts' own rows; the page works and renews
 * itself without scripts.
 */
import type { Bulk, Counts, ItemState } from "../src/domain/bulk.ts";
import { BulkBadge, count, ItemBadge, ITEM_STATE, progressText } from "./bulk-words.tsx";
import { WhoWasTold, type ToldView } from "./delivery-log.tsx";
import { Live } from "./live.tsx";
import { Account, Ago, Badge, Empty, Facts, PageHead, Press, Table } from "./parts.tsx";

export type BulkMove = "pause" | "resume" | "stop" | "retry";
export type BulkView = {
  readonly bulk: Bulk;
  readonly byName: string;
  readonly movedByName: string | null;
  readonly scheduleName: string | null;
  readonly counts: Counts;
  readonly moves: readonly BulkMove[];
};
const total = (c: Counts): number => Object.values(c).reduce((a, b) => a + b, 0);
const decided = (c: Counts): number => c.done + c.failed + c.skipped;

export const BulkProgress = ({ counts: c }: { counts: Counts }) => (
  <>
    <progress max={String(Math.max(1, total(c)))} value={String(decided(c))} aria-label="Accounts decided" />
    <p>{progressText(c, total(c))}</p>
  </>
);
const PRESS: Record<BulkMove, string> = { pause: "Pause", resume: "Go on", stop: "Stop", retry: "Once more for the others" };
const SAYS: Record<Bulk["state"], string> = {
  running: "",
  paused: "Nothing more begins until somebody lets it go on. What has begun goes on by itself.",
  halted: "Nothing more begins until somebody decides: look at what failed, then go on or stop.",
  stopping: "Nothing more begins. What has begun ends first.",
  done: "",
  stopped: "What had begun was finished; the rest was left as it was.",
};
const HOW = { unique: "each its own", given: "one for all, typed", shown: "one for all, shown once" } as const;

/** The part that is asked for again when something changed. */
export const BulkCard = (v: BulkView) => {
  const { bulk: b, counts: c } = v,
    live = b.state !== "done" && b.state !== "stopped";
  return (
    <section class="card" id="bulk-card">
      <header>
        <h2>
          <BulkBadge bulk={b} counts={c} /> {b.why ? <span class="wrap">{b.why}</span> : null}
        </h2>
      </header>
      <BulkProgress counts={c} />
      {SAYS[b.state] ? <p class="muted">{SAYS[b.state]}</p> : null}
      <Facts
        rows={[
          [
            "Begun",
            <>
              <Ago at={b.at} /> by {v.scheduleName === null ? v.byName : `the schedule ${v.scheduleName}`}
            </>,
          ],
          ["Why", <span class="wrap">{b.reason}</span>],
          ["Password", `${HOW[b.how]}${b.apply ? "" : "; the targets are only asked"}`],
          live ? ["Time left", <Ago at={b.until} />] : ["Over", <Ago at={"endedAt" in b ? b.endedAt : null} />],
          v.movedByName === null ? null : ["Last moved by", v.movedByName],
        ]}
      />
      {v.moves.length === 0 ? null : (
        <footer class="moves">
          {v.moves
            .filter((m) => m !== "retry" || c.failed + c.skipped > 0)
            .map((m) => (
              <Press action={`/bulk/${b.id}/${m}`} look={m === "stop" ? "danger" : m === "pause" ? "quiet" : ""}>
                {PRESS[m]}
              </Press>
            ))}
        </footer>
      )}
    </section>
  );
};

export type ItemLine = {
  readonly no: number;
  readonly account: string;
  readonly name: string;
  readonly state: ItemState;
  readonly why: string | null;
  readonly nextAt: Date | null;
  readonly rotation: string | null;
  readonly rotationState: string | null;
  readonly rotationWhy: string | null;
};
const ROTATION: Record<string, string> = {
  queued: "begins",
  prepared: "begins",
  applying: "being sent to the target",
  waiting: "waits for the target",
  probing: "asking the target which one is in force",
};
/** In plain words, and never more than is known. */
const What = ({ i }: { i: ItemLine }) => {
  if (i.state === "done") return <>{i.why ?? "changed and proven"}</>;
  if (i.state === "changing")
    return <>{[i.why, ROTATION[i.rotationState ?? ""] ?? "under way", i.rotationWhy].filter(Boolean).join("; ")}</>;
  if (i.state === "failed" && i.rotationState === "committed") return <>{i.why}. It was changed and proven since.</>;
  return (
    <>
      {i.why ?? <span class="muted">its turn comes</span>}
      {i.nextAt !== null && i.state === "waiting" ? (
        <>
          , again <Ago at={i.nextAt} />
        </>
      ) : null}
    </>
  );
};
export const BulkItems = ({ list }: { list: readonly ItemLine[] }) => (
  <Table label="Result by account" head={["Account", "State", "Result"]} list>
    {list.map((i) => {
      const at = i.name.lastIndexOf("@");
      return (
        <tr>
          <td>
            <Account account={i.name.slice(0, at)} target={i.name.slice(at + 1)} href={`/accounts/${i.account}`} />
          </td>
          <td>
            <ItemBadge state={i.state} />
          </td>
          <td class="wrap">
            <What i={i} />
          </td>
        </tr>
      );
    })}
  </Table>
);
const ORDER: readonly ItemState[] = ["failed", "skipped", "held", "changing", "waiting", "done"];
const Tabs = ({ v, state }: { v: BulkView; state: ItemState | null }) => (
  <nav class="tabs" aria-label="Which accounts">
    <a href={`/bulk/${v.bulk.id}`} aria-current={state === null ? "page" : undefined}>
      All {total(v.counts)}
    </a>
    {ORDER.filter((s) => v.counts[s] > 0 || s === state).map((s) => (
      <a href={`/bulk/${v.bulk.id}?state=${s}`} aria-current={state === s ? "page" : undefined}>
        {v.counts[s]} {ITEM_STATE[s][1]}
      </a>
    ))}
  </nav>
);
export type BulkPageView = BulkView & {
  readonly list: readonly ItemLine[];
  readonly state: ItemState | null;
  readonly more: string | null;
};
/** Everything that changes while it runs: one piece, asked for again. */
export const BulkLive = (v: BulkPageView) => (
  <div id="bulk-live-view">
    <BulkCard {...v} />
    <Tabs v={v} state={v.state} />
    {v.list.length === 0 ? <Empty title="None like that">Every account is in another state now.</Empty> : <BulkItems list={v.list} />}
    {v.more === null ? null : (
      <p>
        <a href={v.more}>The next ones</a>
      </p>
    )}
  </div>
);
export const BulkPage = ({ told, ...v }: BulkPageView & { readonly told: ToldView }) => {
  const at = `/bulk/${v.bulk.id}`,
    over = v.bulk.state === "done" || v.bulk.state === "stopped";
  return (
    <>
      <PageHead title={`Change of ${count(total(v.counts), "password")}`} sub={<code>{v.bulk.id}</code>}>
        <a class="button small quiet" href="/bulk">
          All bulk changes
        </a>
      </PageHead>
      {over ? null : (
        <Live at={at} part={`view${v.state === null ? "" : `?state=${v.state}`}`} swaps="bulk-live-view" />
      )}
      <BulkLive {...v} />
      <WhoWasTold {...told} />
    </>
  );
};

export const Bulks = ({ list, begins, next }: { list: readonly BulkView[]; begins: boolean; next: Date | null }) => (
  <>
    <PageHead title="Bulk changes" sub="Passwords of many accounts, changed one by one.">
      <a class="button small quiet" href="/schedules">
        Schedules
      </a>
      {begins ? (
        <a class="button small" href="/bulk/new">
          Change many passwords
        </a>
      ) : null}
    </PageHead>
    {list.length === 0 ? (
      <Empty title="None yet">
        {begins ? (
          <>
            Choose accounts <a href="/accounts">in their list</a>, or by target, group or search <a href="/bulk/new">here</a>.
          </>
        ) : (
          "Admins and owners change passwords in bulk; each change is listed here."
        )}
      </Empty>
    ) : (
      <Table label="Bulk changes" head={["Begun", "By", "State", "Progress", "Why"]} list>
        {list.map((v) => (
          <tr>
            <td data-th="Begun">
              <a href={`/bulk/${v.bulk.id}`}>
                <Ago at={v.bulk.at} />
              </a>
            </td>
            <td data-th="By" class="wrap">{v.scheduleName === null ? v.byName : <Badge tone="quiet">{v.scheduleName}</Badge>}</td>
            <td>
              <BulkBadge bulk={v.bulk} counts={v.counts} />
            </td>
            <td class="wrap">
              <BulkProgress counts={v.counts} />
            </td>
            <td class="wrap">{v.bulk.reason}</td>
          </tr>
        ))}
      </Table>
    )}
    {next === null ? null : (
      <p>
        <a href={`/bulk?before=${next.toISOString()}`}>Earlier ones</a>
      </p>
    )}
  </>
);
