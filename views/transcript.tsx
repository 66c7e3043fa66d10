/** The transcript of a session. Rule: reads without scripts; text stays text, and what is not exact is said to be so. */
import { Ago, Badge, Empty, PageHead } from "./parts.tsx";
import { clock, label, playAt, title, type ChannelTab, type Head, type SaidRow } from "./player.tsx";

const KIND: Record<string, string> = { command: "command", typed: "typed", printed: "", sftp: "file" };
type TranscriptFacts = {
  readonly head: Head;
  readonly rows: readonly SaidRow[];
  readonly channels: readonly ChannelTab[];
  readonly complete: boolean;
  readonly shortened: boolean;
};
export const TranscriptPage = ({ head: h, rows, channels, complete, shortened }: TranscriptFacts) => (
  <>
    <PageHead
      title={title(h)}
      sub={
        <>
          Transcript of {h.personName}'s session, <Ago at={h.openedAt} />. Passwords of this account are masked. Your reading is
          in the audit log.
        </>
      }
    >
      <a class="button small quiet" href={`/sessions/${h.id}/play`}>
        Play
      </a>
      <a class="button small quiet" href={`/sessions/${h.id}`}>
        Facts
      </a>
    </PageHead>
    {complete ? null : <p class="notice warn">The recording ends early or its chain is broken; this is what could be checked.</p>}
    {shortened ? (
      <p class="notice warn">Only the beginning of a very long channel is shown; the rest is in the raw recording.</p>
    ) : null}
    {rows.length === 0 ? (
      <Empty title="Nothing was said">No text was recorded in this session.</Empty>
    ) : (
      channels.map((c) => (
        <section>
          <h2 class="wrap">Channel {label(c)}</h2>
          <ol class="said">
            {rows
              .filter((r) => r.channel === c.no)
              .map((r) => (
                <li class={r.kind}>
                  <a href={playAt(h.id, r.channel, r.at)}>{clock(r.at)}</a>{" "}
                  {KIND[r.kind] ? <Badge tone={r.kind === "command" ? "busy" : "quiet"}>{KIND[r.kind]}</Badge> : null}
                  <pre>{r.text}</pre>
                </li>
              ))}
          </ol>
        </section>
      ))
    )}
    <p class="muted small-print">
      Typed text stands here only as far as the target echoed it. Full-screen programs are shown roughly. Commands of a free shell
      are found by its prompt, best effort.
    </p>
  </>
);
