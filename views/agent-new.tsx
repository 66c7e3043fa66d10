/** Adding a host: what for, and the one line to paste on it. Rule: the line holds a token, so it stands on the page that made it and nowhere else. */
import { Ago, Copy, Field, Facts, PageHead, Post } from "./parts.tsx";

export type NewView = {
  readonly owners: readonly string[];
  readonly me: string;
  /** Why no machine can be let in now; null: one can. */ readonly cannot: string | null;
};
export const AgentNew = (v: NewView) => (
  <>
    <PageHead
      title="Add a host"
      sub="You get one line to paste into a root shell on it. It needs Node 22 or newer, and to reach this portal."
    />
    {v.cannot === null ? null : <p class="notice bad">{v.cannot}</p>}
    <section class="card narrow">
      <Post action="/agents/new">
        <Field
          label="What it does"
          hint="An agent sets its own machine's passwords and carries sessions to it. A gateway carries connections to other machines of its network."
        >
          <select name="mode">
            <option value="agent">agent: this machine itself</option>
            <option value="gateway">gateway: the network behind it</option>
          </select>
        </Field>
        <Field label="Whose it is" hint="They manage it and the target that is made of it.">
          <select name="owner">
            {v.owners.map((o) => (
              <option value={o} selected={o === v.me}>
                {o}
              </option>
            ))}
          </select>
        </Field>
        <Field label="For how many machines">
          <select name="kind">
            <option value="once">one, within ten minutes</option>
            <option value="many">many, by one key</option>
          </select>
        </Field>
        <div class="pair">
          <Field label="Hours (for many)" hint="Up to 168.">
            <input type="number" name="hours" min="1" max="168" placeholder="24" />
          </Field>
          <Field label="Machines (for many)">
            <input type="number" name="uses" min="1" max="10000" placeholder="1000" />
          </Field>
        </div>
        <p class="muted">Nothing is managed by that alone: its accounts are listed, and you say what is done with each.</p>
        <button type="submit" disabled={v.cannot !== null}>
          Make the line
        </button>
      </Post>
    </section>
  </>
);

export type PasteView = {
  readonly line: string;
  readonly mode: string;
  readonly owner: string;
  readonly expiresAt: Date;
  readonly uses: number;
  readonly brokerKey: string;
};
export const AgentPaste = (v: PasteView) => (
  <>
    <PageHead
      title="Paste this on the host"
      sub="Into a root shell (sudo -i). It fetches the program from here, checks it, lets the machine in and starts it."
    />
    <section class="card shown">
      <Copy text={v.line} label="the line" />
      <p>
        The token in it is shown here and nowhere else. It travels by standard input, and only after the broker has proven the key below.
        When the machine has come it stands among the agents; an agent's accounts are listed at once.
      </p>
      <Facts
        rows={[
          ["Mode", v.mode],
          ["Owner", <span class="wrap">{v.owner}</span>],
          ["Good for", v.uses === 1 ? "one machine" : `${v.uses} machines`],
          ["Until", <Ago at={v.expiresAt} />],
          ["This broker's key", <code class="wrap">{v.brokerKey}</code>],
        ]}
      />
      <footer>
        <a class="button" href="/agents">
          To the agents
        </a>
      </footer>
    </section>
  </>
);
