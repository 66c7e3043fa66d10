/** What depends on a password: what is done before and after each change. Rule: whose eyes accepted it stands beside it; a button is a legal move. */
import { AddDependent, type Doer } from "./dependent-new.tsx";
import { FORM_SAYS } from "./dependent-words.ts";
import type { Dependent } from "../src/domain/dependent.ts";
import { Badge, Empty, PageHead, Post, Table } from "./parts.tsx";

export type DependentLine = Dependent & {
  readonly targetName: string;
  /** `restart the service app`. */
  readonly says: string;
  readonly byName: string;
  readonly acceptedByName: string | null;
  readonly accountName: string;
  readonly mayAccept: boolean;
};
export type DependentsView = {
  readonly account: string;
  readonly list: readonly DependentLine[];
  readonly writes: boolean;
  readonly targets: readonly Doer[];
};

export const big = (text: string): string => `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}`;
const Says = ({ d }: { d: DependentLine }) => (
  <>
    <b class="wrap">{big(d.says)}</b>
    {d.what.does === "rewrite" ? (
      <small class="muted block wrap">
        <code>{d.what.line}</code>
        <span class="block">{FORM_SAYS[d.what.form]}</span>
      </small>
    ) : null}
  </>
);
const State = ({ d }: { d: DependentLine }) =>
  d.accepted ? (
    <>
      <Badge tone="ok">in force</Badge>
      <small class="muted block wrap">
        by {d.byName}, accepted by {d.acceptedByName}
        {d.accepted.alone ? ": single administrator, not four-eyed" : ""}
      </small>
    </>
  ) : (
    <>
      <Badge tone="warn">not accepted</Badge>
      <small class="muted block wrap">by {d.byName}; not done before another admin accepts it</small>
    </>
  );

const Act = ({ at, d, act, look = "quiet", children }: { at: string; d: string; act: string; look?: string; children: string }) => (
  <Post action={`${at}/act`} class="inline">
    <input type="hidden" name="dependent" value={d} />
    <button type="submit" name="act" value={act} class={`small ${look}`}>
      {children}
    </button>
  </Post>
);
const Moves = ({ at, d, first, last, writes }: { at: string; d: DependentLine; first: boolean; last: boolean; writes: boolean }) => (
  <div class="acts">
    {d.mayAccept ? (
      <Act at={at} d={d.id} act="accept" look="">
        Accept
      </Act>
    ) : null}
    {writes && d.accepted ? (
      <Act at={at} d={d.id} act="test">
        Try
      </Act>
    ) : null}
    {writes && !first ? (
      <Act at={at} d={d.id} act="up">
        Up
      </Act>
    ) : null}
    {writes && !last ? (
      <Act at={at} d={d.id} act="down">
        Down
      </Act>
    ) : null}
    {writes ? (
      <Act at={at} d={d.id} act="remove">
        Remove
      </Act>
    ) : null}
  </div>
);

const Listed = ({ v, at, phase }: { v: DependentsView; at: string; phase: "before" | "after" }) => {
  const list = v.list.filter((d) => d.phase === phase);
  return list.length === 0 ? null : (
    <>
      <h3>{phase === "before" ? "Before the change, in this order" : "After the change, in this order"}</h3>
      <Table label={phase === "before" ? "Before the change" : "After the change"} head={["What", "On", "If it fails", "State", "Do"]}>
        {list.map((d, i) => (
          <tr>
            <td>
              <Says d={d} />
            </td>
            <td data-th="On" class="wrap">
              {d.targetName}
            </td>
            <td data-th="If it fails">{d.goOn ? "go on" : phase === "before" ? "do not change" : "stop there"}</td>
            <td>
              <State d={d} />
            </td>
            <td>
              <Moves at={at} d={d} first={i === 0} last={i === list.length - 1} writes={v.writes} />
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
};

/** Of an account's page. */
export const Dependents = ({ v }: { v: DependentsView }) => {
  const at = `/accounts/${v.account}/dependents`;
  return (
    <section id="dependents">
      <header class="sec">
        <h2>Dependents</h2>
      </header>
      {v.list.length === 0 ? (
        <Empty title="Nothing depends on it">
          Services to be stopped or restarted and files that hold this password can be named here: they follow each change.
        </Empty>
      ) : (
        <div class="follows">
          <Listed v={v} at={at} phase="before" />
          <Listed v={v} at={at} phase="after" />
        </div>
      )}
      {v.writes && v.targets.length > 0 ? <AddDependent at={at} targets={v.targets} /> : null}
    </section>
  );
};

type TriedProps = { d: DependentLine; account: string; said: { readonly ok: boolean; readonly why?: string } };
export const DependentTried = ({ d, account, said }: TriedProps) => (
  <>
    <PageHead title={<span class="wrap">Tried on {d.targetName}</span>} sub={<span class="wrap">{big(d.says)}</span>}>
      <a class="button small quiet" href={`/accounts/${account}#dependents`}>
        The account
      </a>
    </PageHead>
    <section class={`card ${said.ok ? "" : "alarm"}`} role="status">
      <header>{said.ok ? <Badge tone="ok">can be done</Badge> : <Badge tone="bad">cannot be done</Badge>}</header>
      {said.ok ? (
        <p>Its administrative account got in and may do it; the place is there. Nothing was changed.</p>
      ) : (
        <p class="wrap">The answer was: “{said.why}”. Nothing was changed.</p>
      )}
    </section>
  </>
);

/** Waits for another admin. */
export const ToAccept = ({ list }: { list: readonly DependentLine[] }) => (
  <Table label="Dependents to accept" head={["Account", "What", "On", "By"]}>
    {list.map((d) => (
      <tr>
        <td>
          <a class="wrap" href={`/accounts/${d.account}#dependents`}>
            {d.accountName}
          </a>
        </td>
        <td>
          <Says d={d} />
        </td>
        <td data-th="On" class="wrap">
          {d.targetName}
        </td>
        <td data-th="By">{d.byName}</td>
      </tr>
    ))}
  </Table>
);
