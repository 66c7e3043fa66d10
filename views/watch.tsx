/** The watcher's view of a live session. Rule: it watches nothing by being fetched, and ending the session works without a script. */
import { Account, PageHead } from "./parts.tsx";
import { Frame, Letters, Scripts, Styles, Tool } from "./screen.tsx";
import { EndSession } from "./sessions.tsx";

const End = ({ session, person }: { session: string; person: string }) => (
  <section class="card">
    <EndSession id={session} person={person} />
  </section>
);

type Ids = { readonly session: string; readonly request: string };
/** `desktop`: what is drawn is Guacamole's, and nothing in it can be masked. */
export type WatchFacts = Ids & { readonly desktop?: boolean; readonly account: string; readonly target: string; readonly person: string };
const Head = ({ session, request, account, target, person, desktop }: WatchFacts) => (
  <PageHead
    title={<Account account={account} target={target} />}
    sub={
      <span class="wrap">
        Live session of <b>{person}</b>. That you watch is in the audit log; {person} cannot see you, and you cannot type{desktop ? " or point" : ""}.
        {desktop ? " A picture is shown as it is drawn: nothing in it can be masked." : null}
      </span>
    }
  >
    <a class="button small quiet" href={`/sessions/${session}`}>
      Facts
    </a>
    <a class="button small quiet" href={`/requests/${request}`}>
      The request
    </a>
  </PageHead>
);

export const WatchPage = (f: WatchFacts) => (
  <>
    <Head {...f} />
    <Styles />
    {f.desktop ? <link rel="stylesheet" href="/assets/desktop.css" /> : null}
    <noscript>
      <p class="note warn">
        Watching needs scripts, and they are off here. You can end the session below, and play its recording when it is over.
      </p>
    </noscript>
    <Frame
      data={{ "data-issue": `/api/v1/sessions/${f.session}/watch`, "data-name": `${f.account}@${f.target}`, "data-session": f.session }}
      state="Not watching"
      label={`What ${f.person} sees on ${f.account}@${f.target}`}
      tools={
        <>
          {f.desktop ? null : <select data-channels="" aria-label="Channel" hidden></select>}
          <Tool name="connect" label="Watch" />
          {f.desktop ? <Tool name="full" label="Full screen" /> : <Letters />}
        </>
      }
    />
    <End session={f.session} person={f.person} />
    <Scripts names={f.desktop ? ["screen.js", "guacamole.js", "watch-desktop.js"] : ["xterm.js", "xterm-fit.js", "screen.js", "watch.js"]} />
  </>
);
