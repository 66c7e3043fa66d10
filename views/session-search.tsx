/** Finding sessions: filters by fact, and words in what was said. Rule: a search looks into recordings and is posted; a filter is an address. */
import type { EndedWhy } from "../src/domain/session.ts";
import { Choice, FromTo, Narrow } from "./inputs.tsx";
import { clock, secondOf } from "./player.tsx";
import { Account, Ago, Badge, Empty, PageHead, Post } from "./parts.tsx";
import { ENDED } from "./words.tsx";

export type SessionQuery = {
  readonly person: string;
  readonly account: string;
  readonly target: string;
  readonly why: string;
  readonly protocol: string;
  readonly from: string;
  readonly to: string;
  readonly marked: boolean;
  readonly gaps: boolean;
};
export const NO_FILTER: SessionQuery = {
  person: "",
  account: "",
  target: "",
  why: "",
  protocol: "",
  from: "",
  to: "",
  marked: false,
  gaps: false,
};
export type IndexProgress = { readonly left: number; readonly shortened: number; readonly unreadable: number };
export const isFiltered = (q: SessionQuery): boolean => Object.values(q).some((v) => v !== "" && v !== false);
const WHYS = Object.keys(ENDED) as EndedWhy[];
const endedWord = (why: string): string => ENDED[why as EndedWhy][1];

const Hidden = ({ q }: { q: SessionQuery }) => (
  <>
    {Object.entries(q)
      .filter(([, v]) => v !== "" && v !== false)
      .map(([k, v]) => (
        <input type="hidden" name={k} value={v === true ? "1" : String(v)} />
      ))}
  </>
);
export const Filters = ({ q, live }: { q: SessionQuery; live: boolean }) => (
  <details class="unfold filters" open={isFiltered(q) ? true : undefined}>
    <summary class="button small quiet">Filter</summary>
    <form class="search many" method="get" action="/sessions">
      {live ? <input type="hidden" name="live" value="1" /> : null}
      <input type="search" name="person" value={q.person} placeholder="Person" aria-label="Person" />
      <input type="search" name="account" value={q.account} placeholder="Account, such as root@web-1" aria-label="Account" />
      <input type="search" name="target" value={q.target} placeholder="Target" aria-label="Target" />
      <Choice name="why" label="Why it ended" all="however it ended" of={WHYS} chosen={q.why} words={endedWord} />
      <Choice name="protocol" label="Protocol" all="any protocol" of={["ssh", "rdp", "vnc"]} chosen={q.protocol} words={(p) => p.toUpperCase()} />
      <FromTo from={q.from} to={q.to} />
      <label class="check">
        <input type="checkbox" name="marked" value="1" checked={q.marked} />
        marked by a rule
      </label>
      <label class="check">
        <input type="checkbox" name="gaps" value="1" checked={q.gaps} />
        recording has gaps
      </label>
      <Narrow clear={isFiltered(q) ? "/sessions" : null} />
    </form>
  </details>
);
const left = (p: IndexProgress): string =>
  [
    p.left > 0 ? `${p.left} recording${p.left === 1 ? " is" : "s are"} not yet indexed` : "",
    p.shortened > 0 ? `of ${p.shortened} long one${p.shortened === 1 ? "" : "s"} only the beginning is` : "",
    p.unreadable > 0 ? `${p.unreadable} cannot be read` : "",
  ]
    .filter(Boolean)
    .join("; ");
const Progress = ({ progress }: { progress: IndexProgress | null }) =>
  progress && left(progress) !== "" ? <p class="muted small-print">{left(progress)}.</p> : null;

export const SearchBar = ({ q, progress, text = "" }: { q: SessionQuery; progress: IndexProgress | null; text?: string }) => (
  <>
    <Post action="/sessions/search" class="search">
      <input
        type="search"
        name="text"
        value={text}
        required
        maxlength={200}
        placeholder={'Words in commands and text, "in quotes" together'}
        aria-label="Search in what was said"
      />
      <Hidden q={q} />
      <button class="small" type="submit">
        Search in recordings
      </button>
    </Post>
    <Progress progress={progress} />
  </>
);

export type HitView = {
  readonly row: number;
  readonly id: string;
  readonly personName: string;
  readonly accountName: string;
  readonly targetName: string;
  readonly openedAt: Date;
  readonly channel: number;
  readonly at: number;
  readonly kind: string;
  readonly parts: readonly { readonly text: string; readonly hit: boolean }[];
};
const Hit = ({ hit: h }: { hit: HitView }) => (
  <li class="card hit">
    <header>
      <span>
        <Account account={h.accountName} target={h.targetName} href={`/sessions/${h.id}`} />{" "}
        <span class="muted">
          {h.personName}, <Ago at={h.openedAt} />
        </span>
      </span>
      <Badge tone={h.kind === "command" ? "busy" : "quiet"}>{h.kind}</Badge>
    </header>
    <pre class="wrap">{h.parts.map((p) => (p.hit ? <mark>{p.text}</mark> : p.text))}</pre>
    <a class="button small quiet" href={`/sessions/${h.id}/play?channel=${h.channel}${secondOf(h.at)}`}>
      Play from {clock(h.at)}
    </a>
  </li>
);
type SearchFacts = {
  readonly hits: readonly HitView[];
  readonly text: string;
  readonly q: SessionQuery;
  readonly next: number | null;
  readonly progress: IndexProgress | null;
  readonly refused: string | null;
};
export const SearchPage = ({ hits, text, q, next, progress, refused }: SearchFacts) => (
  <>
    <PageHead
      title="Search in recordings"
      sub="Whole words in commands, typed and printed text of ended sessions. Your searching is in the audit log, without the words."
    >
      <a class="button small quiet" href="/sessions">
        All sessions
      </a>
    </PageHead>
    <SearchBar q={q} progress={progress} text={text} />
    {refused !== null ? (
      <p class="notice bad">{refused}</p>
    ) : hits.length === 0 ? (
      <Empty title="Nothing was found">Words are found whole: “nginx” finds /etc/nginx/nginx.conf, “ngin” does not.</Empty>
    ) : (
      <ol class="hits">
        {hits.map((h) => (
          <Hit hit={h} />
        ))}
      </ol>
    )}
    {next === null ? null : (
      <Post action="/sessions/search" class="pages">
        <input type="hidden" name="text" value={text} />
        <Hidden q={q} />
        <input type="hidden" name="before" value={String(next)} />
        <button type="submit" class="small quiet">
          More
        </button>
      </Post>
    )}
  </>
);
