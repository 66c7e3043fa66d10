/** All that was done to the password of one account. Rule: ids and outcomes only; no version's content comes here. */
import type { Order } from "../src/domain/order.ts";
import { HOW } from "./exposures.tsx";
import { Ago, Badge, Empty, Table, type Tone } from "./parts.tsx";

export type RotationLine = {
  readonly id: string;
  readonly state: string;
  readonly trigger: string;
  readonly reason: string;
  readonly why: string | null;
  readonly attempt: number;
  readonly openedAt: Date;
  readonly order?: Order | null;
};
export type VersionLine = {
  readonly id: string;
  readonly no: number;
  readonly status: string;
  readonly origin: string;
  readonly createdAt: Date;
  readonly provenAt: Date | null;
};
export type ClosureLine = {
  readonly id: string;
  readonly step: string;
  readonly dueAt: Date;
  readonly doneAt: Date | null;
  readonly newResult: string | null;
  readonly oldResult: string | null;
};
export type ExposureLine = {
  readonly id: string;
  readonly personName: string;
  readonly how: string;
  readonly at: Date;
  readonly versionNo: number | null;
};
export type TypedLine = { readonly byName: string; readonly at: Date; readonly changesAt: Date | null };
export type History = {
  readonly typed: TypedLine | null;
  readonly rotations: readonly RotationLine[];
  readonly versions: readonly VersionLine[];
  readonly closures: readonly ClosureLine[];
  readonly exposures: readonly ExposureLine[];
};

const ROTATED: Record<string, readonly [Tone, string]> = {
  committed: ["ok", "changed and proven"],
  refused: ["bad", "refused"],
  dead_letter: ["bad", "gave up"],
  waiting: ["warn", "waits"],
  probing: ["busy", "asking the target"],
  applying: ["busy", "changing"],
  prepared: ["busy", "prepared"],
  queued: ["busy", "queued"],
};
const Rotations = ({ list }: { list: readonly RotationLine[] }) =>
  list.length === 0 ? (
    <Empty title="Never changed">The first change is the adoption.</Empty>
  ) : (
    <Table label="Password changes" head={["State", "Why", "Opened", "Tries"]}>
      {list.map((r) => {
        const [tone, word] = ROTATED[r.state] ?? ["quiet", r.state];
        return (
          <tr>
            <td>
              <a href={`/rotations/${r.id}`}>
                <Badge tone={tone}>{word}</Badge>
              </a>
            </td>
            <td class="wrap">
              {r.reason}
              <small class="muted block">
                {r.trigger.replace(/_/g, " ")}
                {r.why ? `: ${r.why}` : ""}
              </small>
            </td>
            <td data-th="Opened">
              <Ago at={r.openedAt} />
            </td>
            <td data-th="Tries" class="num">{r.attempt}</td>
          </tr>
        );
      })}
    </Table>
  );
const Versions = ({ list }: { list: readonly VersionLine[] }) =>
  list.length === 0 ? (
    <p class="muted">The vault holds no password for this account.</p>
  ) : (
    <Table label="Secret versions" head={["No", "State", "Origin", "Made", "Proven"]}>
      {list.toReversed().map((v) => (
        <tr>
          <td data-th="No" class="num">{v.no}</td>
          <td>
            <Badge tone={v.status === "current" ? "ok" : v.status === "candidate" ? "busy" : "quiet"}>{v.status}</Badge>
          </td>
          <td data-th="Origin">{v.origin}</td>
          <td data-th="Made">
            <Ago at={v.createdAt} />
          </td>
          <td data-th="Proven">
            <Ago at={v.provenAt} none="not yet" />
          </td>
        </tr>
      ))}
    </Table>
  );
const Closures = ({ list }: { list: readonly ClosureLine[] }) =>
  list.length === 0 ? null : (
    <section>
      <h2>Closure checks</h2>
      <p class="muted">After a change: the new password opens, the old one does not.</p>
      <Table label="Closure checks" head={["Step", "Due", "New opens", "Old refused"]}>
        {list.map((c) => (
          <tr>
            <td>{c.step}</td>
            <td data-th="Due">
              <Ago at={c.doneAt ?? c.dueAt} />
            </td>
            <td data-th="New opens">{c.newResult ?? <span class="muted">waits</span>}</td>
            <td data-th="Old refused">{c.oldResult ?? <span class="muted">waits</span>}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
const Exposures = ({ list }: { list: readonly ExposureLine[] }) =>
  list.length === 0 ? (
    <p class="muted">Nobody has seen or used a password of this account.</p>
  ) : (
    <Table label="Exposure" head={["Person", "How", "Version", "When"]}>
      {list.toReversed().map((e) => (
        <tr>
          <td>{e.personName}</td>
          <td>{HOW[e.how as keyof typeof HOW] ?? e.how}</td>
          <td data-th="Version" class="num">{e.versionNo ?? "?"}</td>
          <td>
            <Ago at={e.at} />
          </td>
        </tr>
      ))}
    </Table>
  );

export const AccountHistory = ({ history, id }: { history: History; id: string }) => (
  <div class="stack">
    <section>
      <h2>Password changes</h2>
      <Rotations list={history.rotations} />
    </section>
    <Closures list={history.closures} />
    <section>
      <h2>Versions</h2>
      <Versions list={history.versions} />
    </section>
    <section>
      <h2>Who knows what</h2>
      <Exposures list={history.exposures} />
    </section>
    <p>
      <a href={`/audit?about=${id}`}>Everything about this account in the audit log</a> ·{" "}
      <a href={`/exposures?account=${id}`}>in the exposure ledger</a>
    </p>
  </div>
);
