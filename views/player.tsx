/** The player, and the list of what happened in a session. Rule: recorded content comes by POST alone, for reading it is written down. */
import type { Child } from "hono/jsx";
import { here } from "./here.ts";
import { Ago, Badge, PageHead, Post, Press, Table } from "./parts.tsx";
import { factsLine, outcomeTone, reported, restOf, type Told } from "./story.tsx";

export type Head = {
  readonly id: string;
  readonly personName: string;
  readonly accountName: string;
  readonly targetName: string;
  readonly openedAt: Date;
  /** Where it stands, if it is no session. */
  readonly at?: string;
};
export type ChannelTab = { readonly no: number; readonly kind: string; readonly command: string | null };
export type SaidRow = { readonly channel: number; readonly at: number; readonly kind: string; readonly text: string };

/** 0:12, 1:02:03: what a player shows. */
export const clock = (ms: number): string => {
  const s = Math.max(0, Math.floor(ms / 1000)),
    two = (n: number): string => String(n).padStart(2, "0"),
    h = Math.floor(s / 3600),
    m = Math.floor(s / 60) % 60;
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
};
export const secondOf = (at: number): string => `#t=${Math.max(0, Math.round(at / 100) / 10)}`;
export const playAt = (id: string, channel: number, at: number): string =>
  `/sessions/${id}/play?channel=${channel}${secondOf(at)}`;
export const title = (h: Head): Child => (
  <span class="wrap">
    {h.accountName}@{h.targetName}
  </span>
);
export const label = (c: ChannelTab): string =>
  `${c.no} · ${c.command === null ? c.kind : c.command.length > 40 ? `${c.command.slice(0, 40)}…` : c.command}`;

const Tabs = ({ id, channels, chosen }: { id: string; channels: readonly ChannelTab[]; chosen: number | null }) =>
  channels.length < 2 ? null : (
    <nav class="tabs" aria-label="Channels">
      {channels.map((c, i) => (
        <a
          href={`/sessions/${id}/play?channel=${c.no}`}
          aria-current={chosen === c.no || (chosen === null && i === 0) ? "page" : undefined}
        >
          {label(c)}
        </a>
      ))}
    </nav>
  );

/** The commands beside the player; each leads to its second. */
export const Jumps = ({ id, rows }: { id: string; rows: readonly SaidRow[] }) => {
  const commands = rows.filter((r) => r.kind === "command");
  return (
    <div id="jumps">
      {commands.length === 0 ? (
        <p class="muted">No command was found. In a free shell they are found by its prompt, best effort.</p>
      ) : (
        <ol class="jumps">
          {commands.map((r) => (
            <li>
              <a href={playAt(id, r.channel, r.at)} data-second={String(r.at / 1000)} data-channel={String(r.channel)}>
                <span class="num">{clock(r.at)}</span> <code>{r.text}</code>
              </a>
            </li>
          ))}
        </ol>
      )}
      <p class="muted small-print">
        Commands of an exec are as they were sent; those of a free shell are found by its prompt, best effort.
      </p>
    </div>
  );
};
/** Of a desktop: lines of what was typed. */
export const Typed = ({ id, rows }: { id: string; rows: readonly SaidRow[] }) => {
  const typed = rows.filter((r) => r.kind === "typed");
  return (
    <div id="jumps">
      {typed.length === 0 ? (
        <p class="muted">Nothing typed is in this recording. Keys are in it only where the policy records what is typed.</p>
      ) : (
        <ol class="jumps">
          {typed.map((r) => (
            <li>
              <a href={playAt(id, r.channel, r.at)} data-second={String(r.at / 1000)}>
                <span class="num">{clock(r.at)}</span> <code>{r.text}</code>
              </a>
            </li>
          ))}
        </ol>
      )}
      <p class="muted small-print">
        Lines end with Enter or a pause. Passwords of this account are masked; other passwords that were typed cannot be known.
      </p>
    </div>
  );
};
export const JumpsWanted = ({ id, label: said = "List the commands" }: { id: string; label?: string }) => {
  const { nonce, csrf } = here(),
    at = `/sessions/${id}/jumps`;
  return (
    <form
      id="jumps"
      method="post"
      action={at}
      hx-post={at}
      hx-trigger="load"
      hx-target="#jumps"
      hx-swap="outerHTML"
      hx-nonce={nonce}
    >
      <input type="hidden" name="_csrf" value={csrf} />
      <button type="submit" class="small quiet">
        {said}
      </button>
    </form>
  );
};

/** How fast, pauses or not, and a link to where it stands. */
export const Pace = () => (
  <>
    <label class="short">
      Speed{" "}
      <select data-speed aria-label="Speed">
        {[0.5, 1, 2, 4, 8, 16].map((n) => (
          <option value={String(n)} selected={n === 1}>
            {n}×
          </option>
        ))}
      </select>
    </label>
    <label class="check">
      <input type="checkbox" data-idle checked />
      Skip pauses over 2 s
    </label>
    <button type="button" class="small quiet" data-link>
      Copy a link to this second
    </button>
  </>
);
const Controls = () => (
  <p class="player-controls" hidden>
    <Pace />
  </p>
);
const NoScripts = ({ session }: { session: boolean }) => (
  <noscript>
    <p class="note warn">
      The player needs scripts, which are off here. {session ? "Read the transcript, or download" : "Download"} it and play it with asciinema.
    </p>
  </noscript>
);
type PlayFacts = { readonly head: Head; readonly channels: readonly ChannelTab[]; readonly chosen: number | null };
export const PlayPage = ({ head: h, channels, chosen }: PlayFacts) => {
  const { nonce } = here(),
    at = h.at ?? `/sessions/${h.id}`,
    session = h.at === undefined;
  return (
    <>
      <PageHead
        title={title(h)}
        sub={
          <>
            {h.personName}, <Ago at={h.openedAt} />. Passwords of this account are masked. Your watching is in the audit log.
          </>
        }
      >
        {session ? (
          <Press action={`${at}/transcript`} look="quiet">Read the transcript</Press>
        ) : null}
        <a class="button small quiet" href={at}>Facts</a>
      </PageHead>
      <Tabs id={h.id} channels={channels} chosen={chosen} />
      <link rel="stylesheet" href="/assets/player.css" />
      <div class="two watch">
        <div>
          <NoScripts session={session} />
          <div class="player scripted" id="player" data-cast={`${at}/cast`} data-channel={chosen === null ? "" : String(chosen)}></div>
          <Controls />
          <p class="muted small-print scripted">
            Space: play or pause · ← →: 5 s back or on · &lt; &gt;: slower or faster · [ ]: mark before or after · f: full screen
          </p>
          <Download at={at} chosen={chosen} />
          {session ? <Raw at={at} /> : null}
        </div>
        {session ? (
          <aside>
            <h2>Commands</h2>
            <JumpsWanted id={h.id} />
          </aside>
        ) : null}
      </div>
      <script nonce={nonce} src="/assets/player.js" defer></script>
      <script nonce={nonce} src="/assets/play.js" defer></script>
    </>
  );
};
const Download = ({ at, chosen }: { at: string; chosen: number | null }) => (
  <Post action={`${at}/cast`} class="inline">
    <input type="hidden" name="channel" value={chosen === null ? "" : String(chosen)} />
    <button type="submit" class="small quiet">
      Download this channel
    </button>
  </Post>
);
/** `desktop`: its keys are left out. */
export const Raw = ({ at, desktop = false }: { at: string; desktop?: boolean }) => (
  <details class="unfold">
    <summary class="button small quiet">Raw recording…</summary>
    <div class="folded">
      <Post action={`${at}/raw`} stays>
        <p>
          {desktop
            ? "Every frame as it was recorded, but for what was typed: passwords in single keys cannot be masked, so those stay in the file."
            : "Every frame as it was recorded: passwords that are no longer in force stand in it unmasked; those still in force do not."}{" "}
          Taking it is an event of its own.
        </p>
        <label class="field">
          <span>Why</span>
          <input name="reason" required maxlength={300} />
        </label>
        <button type="submit" class="small danger">
          Take the raw recording
        </button>
      </Post>
    </div>
  </details>
);

/** What the session process reported: channels, commands and their ends, files, forwards, refusals. */
export const SessionEvents = ({ events, from }: { events: readonly Told[]; from: Date }) =>
  events.length === 0 ? null : (
    <section>
      <h2>In the session</h2>
      <Table label="In the session" head={["Time", "What", "Facts"]}>
        {events.map((e) => (
          <tr>
            <td class="num">{clock(e.at.getTime() - from.getTime())}</td>
            <td class="wrap">
              {reported(e)} {e.outcome === "ok" ? null : <Badge tone={outcomeTone(e.outcome)}>{e.outcome}</Badge>}
            </td>
            <td class="wrap muted">{factsLine(restOf(e))}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
