/** What came of the dependents of a change. Rule: the buttons are the moves the domain calls legal; why one waits stands beside it. */
import type { RunMove } from "../src/domain/dependent-absorb.ts";
import type { Run } from "../src/domain/dependent.ts";
import { big } from "./dependents.tsx";
import { Ago, Badge, Post, Table, type Tone } from "./parts.tsx";

export type RunLine = {
  readonly run: Run;
  readonly says: string;
  readonly on: string;
  readonly account: string;
  readonly moves: readonly RunMove[];
  /** What failed before it, so that it waits. */
  readonly held: string | null;
};

const RUN: Record<Run["state"], readonly [Tone, string]> = {
  waiting: ["busy", "waits"],
  running: ["busy", "being done"],
  done: ["ok", "done"],
  failed: ["bad", "failed"],
  unknown: ["warn", "nobody knows"],
  skipped: ["quiet", "left out"],
};
const When = ({ r }: { r: Run }) =>
  "endedAt" in r ? <Ago at={r.endedAt} /> : <Ago at={r.state === "waiting" ? r.nextAt : null} none="not yet" />;
const RunMoves = ({ l }: { l: RunLine }) => (
  <div class="acts">
    {l.moves.map((m) => (
      <Post action={`/rotations/${l.run.rotation}/dependents`} class="inline">
        <input type="hidden" name="run" value={l.run.id} />
        <button type="submit" name="act" value={m} class={`small ${m === "again" ? "" : "quiet"}`.trim()}>
          {m === "again" ? "Do it again" : "Leave it out"}
        </button>
      </Post>
    ))}
  </div>
);
const whyOf = (l: RunLine): string | null => (l.held !== null ? `waits until this is settled: ${l.held}` : l.run.why);
/** `whose`: also of which account, on the board. */
export const Runs = ({ list, whose }: { list: readonly RunLine[]; whose?: boolean }) => (
  <Table label="Dependents" head={whose ? ["Account", "What", "State", "When", "Do"] : ["What", "State", "When", "Do"]}>
    {list.map((l) => (
      <tr>
        {whose ? (
          <td>
            <a class="wrap" href={`/rotations/${l.run.rotation}`}>
              {l.account}
            </a>
          </td>
        ) : null}
        <td>
          <b class="wrap">{big(l.says)}</b>
          <small class="muted block wrap">
            on {l.on}, {l.run.phase} the change
          </small>
        </td>
        <td>
          <Badge tone={RUN[l.run.state][0]}>{RUN[l.run.state][1]}</Badge>
          {whyOf(l) ? <small class="muted block wrap">{whyOf(l)}</small> : null}
        </td>
        <td data-th="When">
          <When r={l.run} />
        </td>
        <td>
          <RunMoves l={l} />
        </td>
      </tr>
    ))}
  </Table>
);
