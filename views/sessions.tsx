/** Proxied sessions, live and past. Rule: what was said in them stands on pages of its own (player.tsx, session-search.tsx). */
import type { Session } from "../src/domain/session.ts";
import { CoverageCard, type Covered } from "./coverage.tsx";
import { here } from "./here.ts";
import { Account, Ago, Badge, Empty, Facts, Field, PageHead, Post, size, span, Table, Unfold } from "./parts.tsx";
import { SessionEvents } from "./player.tsx";
import { Scripts } from "./screen.tsx";
import type { Told } from "./story.tsx";
import { Filters, isFiltered, NO_FILTER, SearchBar, type IndexProgress, type SessionQuery } from "./session-search.tsx";
import { SessionBadge } from "./words.tsx";

/** `flagged`: a command rule spoke in it. */
export type SessionListed = {
  readonly flagged?: boolean;
  readonly session: Session;
  readonly personName: string;
  readonly accountName: string;
  readonly targetName: string;
};
const length = (s: Session, now: Date): string => span((s.state === "ended" ? s.endedAt : now).getTime() - s.openedAt.getTime());

/** `own`: on the page of their request, which says whose they are and of what. */
type Rows = { readonly list: readonly SessionListed[]; readonly plays: boolean; readonly watches?: boolean; readonly own?: boolean };
const WHAT = ["State", "Began", "Length"];
const WAYS = { rdp: "Desktop", vnc: "Desktop by VNC" } as const;
const wayOf = (s: Session): string => (s.protocol !== "ssh" ? WAYS[s.protocol] : s.via === "web" ? "Web terminal" : "SSH");
const From = ({ s }: { s: Session }) => <small class="muted block whence">from {s.address}</small>;
/** A small picture of a desktop, drawn by the reader's own browser when asked for. */
const Glimpse = ({ s, plays }: { s: Session; plays: boolean }) =>
  plays && s.protocol !== "ssh" && s.state !== "opening" ? (
    <a class="glimpse" href={`/sessions/${s.id}/play`} data-glimpse={`/sessions/${s.id}/picture`} hidden></a>
  ) : null;
const Moves = ({ s, plays, watches }: { s: Session; plays: boolean; watches: boolean }) => (
  <td class="end">
    {watches && s.state === "live" ? (
      <a class="button small" href={`/sessions/${s.id}/watch#watch`}>
        Watch
      </a>
    ) : null}
    {plays && s.state !== "opening" ? (
      <a class="button small quiet" href={`/sessions/${s.id}/play`}>
        Play
      </a>
    ) : null}
  </td>
);
const Row = ({ line, plays, watches = false, own }: Omit<Rows, "list"> & { line: SessionListed }) => {
  const { session: s, flagged, personName, accountName, targetName } = line;
  return (
    <tr>
      {own ? (
        <td>
          <a href={`/sessions/${s.id}`}>{wayOf(s)}</a>
          <From s={s} />
        </td>
      ) : (
        <>
          <td>
            <Account account={accountName} target={targetName} href={`/sessions/${s.id}`} />
            <Glimpse s={s} plays={plays} />
          </td>
          <td>
            {personName}
            <From s={s} />
          </td>
        </>
      )}
      <td>
        <SessionBadge session={s} /> {flagged ? <Badge tone="warn">command rule</Badge> : null}
      </td>
      <td data-th="Began">
        <Ago at={s.openedAt} />
      </td>
      <td data-th="Length">{length(s, here().now)}</td>
      {plays || watches ? <Moves s={s} plays={plays} watches={watches} /> : null}
    </tr>
  );
};
export const SessionRows = ({ list, ...how }: Rows) => (
  <Table label="Sessions" head={[...(how.own ? ["Session"] : ["Account", "Person"]), ...WHAT, ...(how.plays || how.watches ? [""] : [])]}>
    {list.map((line) => (
      <Row line={line} {...how} />
    ))}
  </Table>
);

/** Asked for, because each picture is an act of watching. */
const Pictures = () => (
  <>
    <link rel="stylesheet" href="/assets/desktop.css" />
    <button type="button" class="small quiet" data-glimpses hidden title="How each desktop looked at first; each is in the audit log as watched">
      Show pictures
    </button>
    <Scripts names={["guacamole.js", "glimpse.js"]} />
  </>
);
type SessionsFacts = Rows & {
  readonly live: boolean;
  readonly q?: SessionQuery;
  readonly progress?: IndexProgress | null;
};
export const Sessions = ({ list, plays, watches, live, q = NO_FILTER, progress = null }: SessionsFacts) => (
  <>
    <PageHead title="Sessions" sub={plays ? "Live and past. Watching a recording is written to the audit log." : undefined}>
      {plays && list.some(({ session: s }) => s.protocol !== "ssh") ? <Pictures /> : null}
    </PageHead>
    <nav class="tabs" aria-label="Which">
      <a href="/sessions" aria-current={live ? undefined : "page"}>
        All
      </a>
      <a href="/sessions?live=1" aria-current={live ? "page" : undefined}>
        Live
      </a>
    </nav>
    {plays ? <SearchBar q={q} progress={progress} /> : null}
    <Filters q={q} live={live} />
    {list.length === 0 ? (
      <Empty title={live ? "Nobody is connected" : "No sessions yet"}>
        {live
          ? "Live sessions appear here the moment they open."
          : isFiltered(q)
            ? "No session is like that. Clear the filter to see all."
            : "A session begins when somebody connects through the broker with an approved request."}
      </Empty>
    ) : (
      <SessionRows list={list} plays={plays} watches={watches ?? false} />
    )}
  </>
);

const SessionFacts = ({ s }: { s: Session }) => (
  <Facts
    rows={[
      [
        "Request",
        <a href={`/requests/${s.request}`}>
          <code>{s.request}</code>
        </a>,
      ],
      ["From", <code>{s.address}</code>],
      ["Began", <Ago at={s.openedAt} />],
      ["Length", length(s, here().now)],
      s.state === "ended"
        ? [
            "Ended",
            <>
              <Ago at={s.endedAt} />
              {s.detail ? (
                <>
                  : <span class="wrap">{s.detail}</span>
                </>
              ) : null}
            </>,
          ]
        : null,
      s.state === "ended" ? ["Bytes shown", size(s.bytes)] : null,
      ["Recording", <code>{s.recording}</code>],
    ]}
  />
);

/** The reason is read by whoever is cut off. */
export const EndSession = ({ id, person }: { id: string; person: string }) => (
  <Unfold label="End this session" tone="bad">
    <Post action={`/sessions/${id}/end`}>
      <Field label={`Why (${person} reads it)`}>
        <input name="reason" maxlength={500} required />
      </Field>
      <button type="submit" class="small danger">
        End it now
      </button>
    </Post>
  </Unfold>
);
const Kept = ({ covered, unread }: { covered: Covered | null; unread: boolean }) => (
  <>
    {unread ? <p class="notice warn">The recording could not be read for the search: nothing that was said in it is found there.</p> : null}
    <CoverageCard covered={covered} />
  </>
);
export type SessionCan = { readonly end: boolean; readonly play: boolean; readonly watch: boolean };
/** `first`: it begins at the beginning; `next`: the row it ends at, where more follows. */
type TurnFacts = { readonly first?: boolean; readonly next?: number | null };
const Turn = ({ at, first = true, next = null }: TurnFacts & { at: string }) =>
  first && next === null ? null : (
    <p>
      {next === null ? null : <>More happened than is shown here: <a href={`${at}?after=${next}`}>go on</a>. </>}
      {first ? null : <a href={at}>Back to the beginning</a>}
    </p>
  );
type InsideFacts = { readonly events?: readonly Told[] | undefined; readonly turn?: TurnFacts | undefined };
const Inside = ({ s, events = [], turn = {} }: InsideFacts & { s: SessionListed["session"] }) => (
  <>
    <SessionEvents events={events} from={s.openedAt} />
    <Turn at={`/sessions/${s.id}`} {...turn} />
  </>
);
export const SessionPage = ({
  session: s,
  personName,
  accountName,
  targetName,
  can,
  covered,
  unread = false,
  ...inside
}: SessionListed & { can: SessionCan; covered: Covered | null; unread?: boolean } & InsideFacts) => (
  <>
    <PageHead
      title={
        <span class="wrap">
          {accountName}@{targetName}
        </span>
      }
      sub={
        <>
          Session <code>{s.id}</code> of {personName}
        </>
      }
    >
      {can.watch && s.state !== "ended" ? (
        <a class="button small" href={`/sessions/${s.id}/watch#watch`}>
          Watch live
        </a>
      ) : null}
      {can.play && s.state !== "opening" ? (
        <a class="button small" href={`/sessions/${s.id}/play`}>
          Play the recording
        </a>
      ) : null}
    </PageHead>
    <section class="card">
      <header>
        <h2>{wayOf(s)}{s.via === "web" ? "" : " session"}</h2>
        <SessionBadge session={s} />
      </header>
      <SessionFacts s={s} />
      {can.end && s.state !== "ended" ? (
        <footer class="moves">
          <EndSession id={s.id} person={personName} />
        </footer>
      ) : null}
    </section>
    {s.state === "ended" ? <Kept covered={covered} unread={unread} /> : null}
    <Inside s={s} {...inside} />
  </>
);
