/** The coverage ledger of one session. Rule: the score says what is covered, the gaps say what is not; neither is rounded up. */
import type { ChannelLedger, Coverage, Flow, Gap, Ledger } from "../src/domain/ledger.ts";
import { Badge, Empty, size, Table } from "./parts.tsx";

export type Covered = { readonly ledger: Ledger; readonly coverage: Coverage; readonly percent: string };

const KEPT = { full: "in full", head: "first 16 MiB and a digest", digest: "a digest" } as const;
const recorded = (c: ChannelLedger): number => c.in.recorded + c.out.recorded + c.err.recorded;
const sum = (...flows: readonly Flow[]): string => size(flows.reduce((n, f) => n + f.bytes, 0));

const Row = ({ c }: { c: ChannelLedger }) => (
  <tr>
    <td data-th="No">{c.sums === undefined ? c.channel : `${c.sums} more`}</td>
    <td class="wrap">
      <b>{c.kind}</b>
      {c.to === undefined ? null : <small class="muted block">{c.to}</small>}
    </td>
    <td data-th="From the person">{sum(c.in)}</td>
    <td data-th="To the person">{sum(c.out, c.err)}</td>
    <td data-th="Kept">
      {KEPT[c.record]}
      <small class="muted block">{size(recorded(c))} in the recording</small>
    </td>
    <td data-th="Exit">{c.exit ?? <span class="muted">none</span>}</td>
  </tr>
);

const Gaps = ({ gaps }: { gaps: readonly Gap[] }) =>
  gaps.length === 0 ? null : (
    <ul class="rows">
      {gaps.map((g) => (
        <li>
          <div>
            {g.channel === null ? "" : `Channel ${g.channel}: `}
            {g.what}
          </div>
          {g.bytes === null ? null : <span class="muted">{size(g.bytes)}</span>}
        </li>
      ))}
    </ul>
  );

export const CoverageCard = ({ covered }: { covered: Covered | null }) => {
  if (covered === null) {
    return (
      <section class="card">
        <h2>Coverage</h2>
        <Empty title="Not counted">The process that carried this session did not report its end; the recording holds what it wrote until then.</Empty>
      </section>
    );
  }
  const { ledger, coverage: c, percent } = covered;
  return (
    <section class="card">
      <header>
        <h2>Coverage</h2>
        <Badge tone={c.score === 1 && c.gaps.length === 0 ? "ok" : "warn"}>{percent}</Badge>
      </header>
      <p>
        {size(c.proxied)} passed; {size(c.covered)} of it are in the recording or under a SHA-256, {size(c.recorded)} byte for byte.
      </p>
      <Gaps gaps={c.gaps} />
      {ledger.channels.length === 0 ? (
        <Empty title="No channel was opened">Nothing passed between the person and the target.</Empty>
      ) : (
        <Table label="Channels" head={["No", "What", "From the person", "To the person", "Kept", "Exit"]}>
          {ledger.channels.map((x) => (
            <Row c={x} />
          ))}
        </Table>
      )}
      {Object.keys(ledger.refused).length === 0 ? null : (
        <p class="muted">
          Refused:{" "}
          {Object.entries(ledger.refused)
            .map(([what, n]) => (n === 1 ? what : `${what} (${n} times)`))
            .join(", ")}
        </p>
      )}
    </section>
  );
};
