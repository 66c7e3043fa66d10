/** Proxied sessions, live and past, and the player. Rule: the recording is fetched by the player's own page and never put into HTML. */
import type { Session } from "../src/domain/session.ts";
import { here } from "./here.ts";
import { Account, Ago, Empty, Facts, Field, PageHead, Post, Press, span, Table, Unfold } from "./parts.tsx";
import { SessionBadge } from "./words.tsx";

export type SessionListed = { readonly session: Session; readonly personName: string; readonly accountName: string; readonly targetName: string };
const size = (n: number): string =>
  n < 1_024 ? `${n} B` : n < 1_048_576 ? `${(n / 1_024).toFixed(1)} KiB` : `${(n / 1_048_576).toFixed(1)} MiB`;
const length = (s: Session, now: Date): string => span((s.state === "ended" ? s.endedAt : now).getTime() - s.openedAt.getTime());

type Rows = { readonly list: readonly SessionListed[]; readonly plays: boolean; readonly watches?: boolean };
export const SessionRows = ({ list, plays, watches }: Rows) => (
  <Table label="Sessions" head={["Account", "Person", "State", "Began", "Length", "From", ""]}>
    {list.map(({ session: s, personName, accountName, targetName }) => (
      <tr>
        <td>
          <Account account={accountName} target={targetName} href={`/sessions/${s.id}`} />
        </td>
        <td>{personName}</td>
        <td>
          <SessionBadge session={s} />
        </td>
        <td>
          <Ago at={s.openedAt} />
        </td>
        <td>{length(s, here().now)}</td>
        <td>
          <code>{s.address}</code>
        </td>
        <td class="end">
          {watches && s.state === "live" ? (
            <a class="button small" href={`/sessions/${s.id}/watch#watch`}>
              Watch
            </a>
          ) : null}{" "}
          {plays && s.state !== "opening" ? (
            <a class="button small quiet" href={`/sessions/${s.id}/play`}>
              Play
            </a>
          ) : null}
        </td>
      </tr>
    ))}
  </Table>
);

export const Sessions = ({ list, plays, watches, live }: Rows & { readonly live: boolean }) => (
  <>
    <PageHead title="Sessions" sub={plays ? "Live and past. Watching a recording is written to the audit log." : undefined} />
    <nav class="tabs" aria-label="Which">
      <a href="/sessions" aria-current={live ? undefined : "page"}>
        All
      </a>
      <a href="/sessions?live=1" aria-current={live ? "page" : undefined}>
        Live
      </a>
    </nav>
    {list.length === 0 ? (
      <Empty title={live ? "Nobody is connected" : "No sessions yet"}>
        {live
          ? "Live sessions appear here the moment they open."
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

export type SessionCan = { readonly end: boolean; readonly play: boolean; readonly watch: boolean };
export const SessionPage = ({ session: s, personName, accountName, targetName, can }: SessionListed & { can: SessionCan }) => (
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
        <h2>{s.via === "web" ? "Web terminal" : `${s.protocol.toUpperCase()} session`}</h2>
        <SessionBadge session={s} />
      </header>
      <SessionFacts s={s} />
      {can.end && s.state !== "ended" ? (
        <footer class="moves">
          <Unfold label="End this session" tone="bad">
            <Post action={`/sessions/${s.id}/end`}>
              <Field label="Why">
                <input name="reason" maxlength={500} />
              </Field>
              <button type="submit" class="small danger">
                End it now
              </button>
            </Post>
          </Unfold>
        </footer>
      ) : null}
    </section>
  </>
);

export const PlayPage = ({ session: s, personName, accountName, targetName }: SessionListed) => {
  const { nonce } = here();
  return (
    <>
      <PageHead
        title={
          <span class="wrap">
            {accountName}@{targetName}
          </span>
        }
        sub={
          <>
            {personName}, <Ago at={s.openedAt} />. Passwords of this account are masked. Your watching is in the audit log.
          </>
        }
      >
        <a class="button small quiet" href={`/sessions/${s.id}`}>
          Facts
        </a>
      </PageHead>
      <link rel="stylesheet" href="/assets/player.css" />
      <div class="player" id="player" data-cast={`/sessions/${s.id}/cast`}>
        <noscript>The player needs scripts. Download the recording below and play it with asciinema.</noscript>
      </div>
      <p class="muted small-print">Space: play or pause · ← →: 5 s back or on · &lt; &gt;: slower or faster · f: full screen</p>
      <Press action={`/sessions/${s.id}/cast`} look="quiet">
        Download the recording
      </Press>
      <script nonce={nonce} src="/assets/player.js" defer></script>
      <script nonce={nonce} src="/assets/play.js" defer></script>
    </>
  );
};
