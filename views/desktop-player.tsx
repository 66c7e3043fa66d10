/** The player of a desktop's recording. Rule: as with every recording its content comes by POST alone; the page says what cannot be masked. */
import { here } from "./here.ts";
import { Ago, PageHead, Post } from "./parts.tsx";
import { JumpsWanted, Pace, Raw, title, type Head } from "./player.tsx";

const Controls = () => (
  <div class="desk-controls" data-controls hidden>
    <button type="button" class="small" data-play>
      Play
    </button>
    <input type="range" data-seek min="0" max="0" step="1" value="0" aria-label="Position" />
    <span class="num" data-time>
      0:00 / 0:00
    </span>
    <Pace />
  </div>
);

export const DesktopPlayPage = ({ head: h }: { head: Head }) => {
  const { nonce } = here(),
    at = `/sessions/${h.id}`;
  return (
    <>
      <PageHead
        title={title(h)}
        sub={
          <>
            {h.personName}, <Ago at={h.openedAt} />. A picture is shown as it was drawn: nothing in it can be masked. Your watching is
            in the audit log.
          </>
        }
      >
        <a class="button small quiet" href={at}>
          Facts
        </a>
      </PageHead>
      <link rel="stylesheet" href="/assets/desktop.css" />
      <div class="two desk-side">
        <div>
          <noscript>
            <p class="note warn">
              The player needs scripts, and they are off here. List what was typed, or take the raw recording.
            </p>
          </noscript>
          <div class="desk-player scripted" id="player" data-stream={`${at}/desktop`} tabindex={0}>
            <p class="desk-waits" data-said role="status">
              The recording is being read and checked…
            </p>
          </div>
          <Controls />
          <p class="muted small-print scripted">Space: play or pause · ← →: 5 s back or on · f: full screen</p>
          <Post action={`${at}/desktop`} class="inline">
            <button type="submit" class="small quiet">
              Download it for Guacamole's own player
            </button>
          </Post>
          <Raw at={at} desktop />
        </div>
        <aside>
          <h2>Typed</h2>
          <JumpsWanted id={h.id} label="List what was typed" />
        </aside>
      </div>
      <script nonce={nonce} src="/assets/guacamole.js" defer></script>
      <script nonce={nonce} src="/assets/play-desktop.js" defer></script>
    </>
  );
};
