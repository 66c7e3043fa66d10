/**
 * The accounts a target has by its own word, beside ours. Rule: what stands here is the last whole list, and the page says of when; what was not
 * told reads "not told".
 */
import type { Change, Discovery, Found, Ours, Stage } from "../src/domain/discovery.ts";
import type { Target } from "../src/domain/target.ts";
import { ListingState } from "./discovery-state.tsx";
import { Live } from "./live.tsx";
import { Ago, Badge, Empty, Field, PageHead, Post, Press, Table, Unfold, type Tone } from "./parts.tsx";

export type StagedLine = {
  readonly found: Found;
  readonly ours: Ours | null;
  readonly stage: Stage;
  readonly hindered: string | null;
  readonly warns: readonly string[];
};
export const SHOWS = ["decide", "ours", "aside", "shut", "gone"] as const;
export type Show = (typeof SHOWS)[number];
export type DiscoveryPageView = {
  readonly target: Target;
  readonly list: readonly StagedLine[];
  readonly last: Discovery | null;
  readonly whole: Discovery<"done"> | null;
  readonly daily: boolean;
  readonly cannot: string | null;
  readonly runs: boolean;
  readonly adopts: boolean;
  readonly show: Show;
};

const STAGE: Record<Stage, readonly [Tone, string]> = {
  managed: ["ok", "managed"],
  adopting: ["busy", "adopting"],
  kept: ["warn", "in the vault, not managed"],
  unmanaged: ["warn", "unmanaged"],
  ignored: ["quiet", "put aside"],
  gone: ["quiet", "gone"],
};
export const StageBadge = ({ stage }: { stage: Stage }) => <Badge tone={STAGE[stage][0]}>{STAGE[stage][1]}</Badge>;
const CHANGE: Record<Change, readonly [Tone, string]> = {
  new: ["busy", "new"],
  back: ["busy", "back"],
  gone: ["warn", "gone"],
  became_privileged: ["bad", "became privileged"],
  no_longer_privileged: ["quiet", "no longer privileged"],
  enabled: ["busy", "opened"],
  disabled: ["quiet", "shut"],
  new_keys: ["bad", "new keys"],
};
const Changes = ({ changes }: { changes: readonly Change[] }) => (
  <>
    {changes.map((c) => (
      <>
        <Badge tone={CHANGE[c][0]}>{CHANGE[c][1]}</Badge>{" "}
      </>
    ))}
  </>
);

/** Which heading a line stands under. Gone is gone; then ours; what nobody can log in with waits for nobody. */
export const showOf = (l: Pick<StagedLine, "stage" | "found">): Show => {
  if (l.stage === "gone") return "gone";
  if (l.stage === "ignored") return "aside";
  if (l.stage === "managed" || l.stage === "adopting") return "ours";
  return l.found.told.enabled === false ? "shut" : "decide";
};
const TITLE: Record<Show, string> = { decide: "To decide", ours: "Managed", aside: "Put aside", shut: "Cannot log in", gone: "Gone" };
const EMPTY: Record<Show, string> = {
  decide: "Every account that can log in is managed or put aside.",
  ours: "None of them is managed yet.",
  aside: "Nobody has put one aside.",
  shut: "Every account on it can log in.",
  gone: "None that was ever listed is gone.",
};
const Tabs = ({ v }: { v: DiscoveryPageView }) => (
  <p>
    {SHOWS.map((s) => {
      const n = v.list.filter((l) => showOf(l) === s).length;
      return (
        <a class="chip-link" href={`/targets/${v.target.id}/found?show=${s}`} aria-current={s === v.show ? "page" : undefined}>
          {TITLE[s]} {n}
        </a>
      );
    })}
  </p>
);

const told = (b: boolean | null, yes: string, no: string) => (b === null ? <span class="muted">not told</span> : b ? yes : no);
/** Characters that cannot be seen would make two names look alike. */
export const legible = (name: string): string => name.replace(/\p{C}/gu, "\ufffd");
const Name = ({ l }: { l: StagedLine }) =>
  l.ours ? (
    <a href={`/accounts/${l.ours.id}`}>
      <b class="wrap">{legible(l.found.name)}</b>
    </a>
  ) : (
    <b class="wrap">{legible(l.found.name)}</b>
  );
const note = (l: StagedLine): string | null =>
  l.found.ignored
    ? `put aside: ${l.found.ignored.why}`
    : l.stage === "managed" || l.found.ruleSaid === null
      ? null
      : `a rule: ${l.found.ruleSaid}`;
const LastLogin = ({ at }: { at: string | null | undefined }) =>
  at === undefined ? <span class="muted">not told</span> : <Ago at={at === null ? null : new Date(at)} />;
const Row = ({ l, picks }: { l: StagedLine; picks: boolean }) => (
  <tr>
    {picks ? (
      <td class="pick">
        <input type="checkbox" name="name" value={l.found.name} aria-label={`Choose ${legible(l.found.name)}`} />
      </td>
    ) : null}
    <td>
      <Name l={l} />
      <small class="muted block">{l.found.told.says.join(" · ")}</small>
      {note(l) ? <small class="block wrap">{note(l)}</small> : null}
    </td>
    <td>
      <StageBadge stage={l.stage} /> <Changes changes={l.found.changes} />
    </td>
    <td data-th="Privileged">{told(l.found.told.privileged, "yes", "no")}</td>
    <td data-th="Can log in">{told(l.found.told.enabled, "yes", "no")}</td>
    <td data-th="Last login">
      <LastLogin at={l.found.told.lastLogin} />
    </td>
    {l.found.goneAt ? (
      <td data-th="Gone since">
        <Ago at={l.found.goneAt} />
      </td>
    ) : null}
  </tr>
);

const HEAD = ["Account", "Here", "Privileged", "Can log in", "Last login"] as const;
const Lines = ({ v, lines, picks }: { v: DiscoveryPageView; lines: readonly StagedLine[]; picks: boolean }) => (
  <Table label={TITLE[v.show]} head={[...(picks ? [""] : []), ...HEAD, ...(v.show === "gone" ? ["Gone since"] : [])]} list>
    {lines.map((l) => (
      <Row l={l} picks={picks} />
    ))}
  </Table>
);
const Chosen = ({ v, lines }: { v: DiscoveryPageView; lines: readonly StagedLine[] }) => (
  <Post action={`/targets/${v.target.id}/found`}>
    <Lines v={v} lines={lines} picks />
    <div class="moves several">
      {v.show === "aside" ? (
        <button class="small quiet" type="submit" name="act" value="unignore">
          Take up again
        </button>
      ) : (
        <>
          {v.adopts ? (
            <button class="small" type="submit" name="act" value="adopt">
              Adopt …
            </button>
          ) : null}
          <Unfold label="Put aside …">
            <Field label="Why" hint="Whoever looks at this list next reads it.">
              <input name="reason" maxlength={300} />
            </Field>
            <button class="small quiet" type="submit" name="act" value="ignore">
              Put aside
            </button>
          </Unfold>
        </>
      )}
      <small class="muted">You see what adopting does before anything is done.</small>
    </div>
  </Post>
);

export const DiscoveryLive = (v: DiscoveryPageView) => {
  const lines = v.list.filter((l) => showOf(l) === v.show);
  return (
    <div id="found-view">
      <ListingState v={v} />
      {v.whole === null ? (
        <Empty title="Never listed">
          The target is asked which accounts it has, by its administrative account or its agent; nothing on it is changed.
        </Empty>
      ) : (
        <>
          <Tabs v={v} />
          {lines.length === 0 ? (
            <Empty title={`${TITLE[v.show]}: none`}>{EMPTY[v.show]}</Empty>
          ) : v.runs && ["decide", "aside", "shut"].includes(v.show) ? (
            <Chosen v={v} lines={lines} />
          ) : (
            <Lines v={v} lines={lines} picks={false} />
          )}
        </>
      )}
    </div>
  );
};
export const DiscoveryPage = (v: DiscoveryPageView) => {
  const at = `/targets/${v.target.id}/found`;
  const sub = v.whole ? (
    <>
      By its own word, <Ago at={v.whole.endedAt} />
      {v.daily ? "; listed again every day" : ""}
    </>
  ) : (
    "By its own word"
  );
  return (
    <>
      <PageHead title={<span class="wrap">{`Accounts on ${v.target.name}`}</span>} sub={sub}>
        <a class="button small quiet" href="/adoption-rules">
          Rules
        </a>
        {v.runs && v.cannot === null ? (
          <>
            <Press action={`${at}/daily`} look="quiet">
              {v.daily ? "No longer every day" : "Every day"}
            </Press>
            <Press action={`${at}/list`}>{v.whole ? "List again" : "List now"}</Press>
          </>
        ) : null}
      </PageHead>
      {v.last?.state === "waiting" || v.last?.state === "running" ? <Live at={at} part={`view?show=${v.show}`} swaps="found-view" /> : null}
      <DiscoveryLive {...v} />
    </>
  );
};
