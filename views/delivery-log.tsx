/** What was sent to whom, and what came of it. Rule: the other side's own words stand beside each address. */
import type { Delivery, State } from "../src/domain/delivery.ts";
import type { Told } from "../src/domain/notice.ts";
import { Ago, Empty, PageHead, Press, Table } from "./parts.tsx";
import { DeliveryState, NobodyMailed, stateWord, type KindLine } from "./told.tsx";

export type DeliveryLine = { readonly delivery: Delivery; readonly notice: Told };
export type LogQuery = { readonly text: string; readonly state: State | ""; readonly kind: string; readonly channel: string };
export type LogView = {
  readonly list: readonly DeliveryLine[];
  readonly q: LogQuery;
  readonly kinds: readonly KindLine[];
  readonly states: readonly State[];
  readonly more: string | null;
  readonly manages: boolean;
};
const hrefOf = (q: LogQuery, before: string): string =>
  `/notices?${new URLSearchParams(Object.entries({ ...q, before }).filter(([, v]) => v !== "")).toString()}`;
const isFiltered = (q: LogQuery): boolean => Object.values(q).some((v) => v !== "");

const Filters = ({ q, kinds, states }: Pick<LogView, "q" | "kinds" | "states">) => (
  <form class="search many" method="get" action="/notices">
    <input type="search" name="text" value={q.text} placeholder="Address or subject" aria-label="Search address or subject" />
    <select name="state" aria-label="State">
      <option value="">any state</option>
      {states.map((s) => (
        <option value={s} selected={s === q.state}>
          {stateWord(s)}
        </option>
      ))}
    </select>
    <select name="kind" aria-label="Kind of notice">
      <option value="">all kinds</option>
      {kinds.map((k) => (
        <option value={k.kind} selected={k.kind === q.kind}>
          {k.title}
        </option>
      ))}
    </select>
    <select name="channel" aria-label="Way">
      <option value="">mail and webhooks</option>
      <option value="mail" selected={q.channel === "mail"}>
        mail
      </option>
      <option value="webhook" selected={q.channel === "webhook"}>
        webhooks
      </option>
    </select>
    <button class="small" type="submit">
      Filter
    </button>
    {isFiltered(q) ? (
      <a class="button small quiet" href="/notices">
        Clear
      </a>
    ) : null}
  </form>
);

const When = ({ d }: { d: Delivery }) => (
  <>
    <Ago at={d.at} />
    {d.state === "waiting" && d.nextAt !== null && d.tries > 0 ? (
      <small class="block muted">
        next try <Ago at={d.nextAt} />
      </small>
    ) : null}
  </>
);
const Row = ({ l: { delivery: d, notice: n }, manages }: { l: DeliveryLine; manages: boolean }) => (
  <tr>
    <td>
      <DeliveryState state={d.state} tries={d.tries} />
    </td>
    <td class="wrap address">
      <b>{d.to}</b>
      <small class="block muted">
        {d.channel}
        {d.tries > 1 ? `, ${d.tries} tries` : ""}
        {d.againOf === null ? "" : ", sent again by hand"}
      </small>
    </td>
    <td class="wrap">
      {n.path === null ? n.subject : <a href={n.path}>{n.subject}</a>}
      {d.said === "" ? null : <small class="block muted wrap">{d.said}</small>}
    </td>
    <td>
      <When d={d} />
    </td>
    <td class="end">
      {manages && d.state !== "waiting" ? (
        <Press action={`/notices/${d.id}/redeliver`} look="quiet" label={`Redeliver to ${d.to}`}>
          Redeliver
        </Press>
      ) : null}
    </td>
  </tr>
);

/** For a page of its own, and for the page of whatever told: its per-address results. */
export const Deliveries = ({ list, manages }: { list: readonly DeliveryLine[]; manages: boolean }) => (
  <Table label="Deliveries" head={["State", "To", "What", "When", ""]}>
    {list.map((l) => (
      <Row l={l} manages={manages} />
    ))}
  </Table>
);

export type ToldView = { readonly list: readonly DeliveryLine[]; readonly manages: boolean };
/** Below what told somebody, where anybody was. */
export const WhoWasTold = (v: ToldView) =>
  v.list.length === 0 ? null : (
    <section class="below">
      <h2>Who was told</h2>
      <Deliveries {...v} />
    </section>
  );

export const DeliveryLog = ({ list, q, kinds, states, more, manages }: LogView) => (
  <>
    <PageHead title="Notices" sub="What was sent to whom, and what came of it. Kept for 90 days; the audit log keeps what happened.">
      <a class="button small quiet" href="/notices/settings">
        Who is told what
      </a>
    </PageHead>
    <NobodyMailed />
    <Filters q={q} kinds={kinds} states={states} />
    {list.length === 0 ? (
      <Empty title={isFiltered(q) ? "Nothing matches" : "Nothing was sent yet"}>
        {isFiltered(q) ? "Take a filter away." : "Notices appear here when a request waits, a password could not be changed, and so on."}
      </Empty>
    ) : (
      <Deliveries list={list} manages={manages} />
    )}
    {more === null ? null : (
      <p>
        <a class="button small quiet" href={hrefOf(q, more)}>
          Older
        </a>
      </p>
    )}
  </>
);
