/** The exposure ledger: who has seen or used which password. Rule: what is not proven is not called changed. */
import type { Force, How } from "../src/domain/exposure.ts";
import { Choice, Narrow } from "./inputs.tsx";
import { Account, Ago, Badge, Empty, PageHead, Table, type Tone } from "./parts.tsx";

export const HOW: Record<How, string> = { released: "saw it", typed: "typed it", session: "used it, unseen" };
const FORCE: Record<Force, readonly [Tone, string]> = {
  in_force: ["warn", "still in force"],
  rotated: ["ok", "changed since"],
  unsettled: ["busy", "being settled"],
  declared: ["warn", "not managed"],
  replaced: ["quiet", "replaced"],
};
export type LedgerLine = {
  readonly id: string;
  readonly person: string;
  readonly personName: string;
  readonly account: string;
  readonly accountName: string;
  readonly targetName: string;
  readonly versionNo: number | null;
  readonly request: string | null;
  readonly how: How;
  readonly at: Date;
  readonly rotatedAt: Date | null;
  readonly force: Force;
};
export const ForceBadge = ({ force }: { force: Force }) => <Badge tone={FORCE[force][0]}>{FORCE[force][1]}</Badge>;
const Standing = ({ line: e }: { line: LedgerLine }) => (
  <>
    <ForceBadge force={e.force} />
    {e.force === "rotated" ? (
      <small class="muted block">
        <Ago at={e.rotatedAt} />
      </small>
    ) : null}
  </>
);

export type ExposureQuery = { readonly person: string; readonly account: string; readonly standing: boolean };
const query = (q: ExposureQuery, before?: string): string => {
  const p = new URLSearchParams(
    Object.entries({ person: q.person, account: q.account, standing: q.standing ? "1" : "", before: before ?? "" }).filter(([, v]) => v !== ""),
  );
  return `/exposures${p.size > 0 ? `?${p.toString()}` : ""}`;
};
const Filters = ({ q, names }: { q: ExposureQuery; names: readonly string[] }) => (
  <form class="search many" method="get" action="/exposures">
    <Choice name="person" label="Person" all="everybody" of={names} chosen={q.person} />
    <input type="search" name="account" value={q.account} placeholder="Account, such as root@web-1" aria-label="Account" />
    <label class="check">
      <input type="checkbox" name="standing" value="1" checked={q.standing} />
      not changed since
    </label>
    <Narrow clear={query(q) === "/exposures" ? null : "/exposures"} />
  </form>
);
const Rows = ({ list, q }: { list: readonly LedgerLine[]; q: ExposureQuery }) => (
  <Table label="Exposures" head={["Person", "Account", "How", "Version", "When", "Now", ""]}>
    {list.map((e) => (
      <tr>
        <td>
          <a href={query({ ...q, person: e.personName })} title={`All of ${e.personName}`}>
            {e.personName}
          </a>
        </td>
        <td>
          <Account account={e.accountName} target={e.targetName} href={`/accounts/${e.account}`} />
        </td>
        <td>{HOW[e.how]}</td>
        <td data-th="Version" class="num">{e.versionNo ?? "?"}</td>
        <td>
          <Ago at={e.at} />
        </td>
        <td>
          <Standing line={e} />
        </td>
        <td class="end">{e.request ? <a href={`/requests/${e.request}`}>Request</a> : null}</td>
      </tr>
    ))}
  </Table>
);
type ExposureFacts = {
  readonly list: readonly LedgerLine[];
  readonly q: ExposureQuery;
  readonly names: readonly string[];
  readonly next: Date | null;
  readonly unknown: string | null;
};
export const Exposures = ({ list, q, names, next, unknown }: ExposureFacts) => (
  <>
    <PageHead title="Exposure" sub="Which person saw, typed or used which password, and whether it still opens anything.">
      {q.person && unknown === null ? (
        <a class="button small" href={`/exposures/seen?person=${encodeURIComponent(q.person)}`}>
          Change everything {q.person} has seen…
        </a>
      ) : null}
    </PageHead>
    <Filters q={q} names={names} />
    {unknown !== null ? <p class="notice warn">{unknown}</p> : null}
    {list.length === 0 ? (
      <Empty title={q.standing ? "Nothing stands open" : "Nobody has seen or used a password"}>
        {q.standing ? "Everything that was seen was changed since." : "A release, a typed password or a session writes the first line."}
      </Empty>
    ) : (
      <Rows list={list} q={q} />
    )}
    {next ? (
      <p class="pages">
        <a class="button small quiet" href={query(q, next.toISOString())}>
          Earlier
        </a>
      </p>
    ) : null}
  </>
);
