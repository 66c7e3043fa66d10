/** What can be done with one agent or gateway. Rule: what a press ends, and who must agree, is said before it. */
import type { Target } from "../src/domain/target.ts";
import type { AgentLine } from "./agents.tsx";
import { Field, Post, Press, Unfold } from "./parts.tsx";

/** `targets`: where it could be mapped. */
export type MovesView = { readonly line: AgentLine; readonly targets: readonly Pick<Target, "id" | "name">[]; readonly owners: readonly string[] };
type MovesProps = { v: MovesView; at: string };
const Reason = ({ action, label, tone, says, press }: { action: string; label: string; tone?: "bad"; says: string; press: string }) => (
  <Unfold label={label} {...(tone ? { tone } : {})}>
    <Post action={action}>
      <Field label="Why" hint="It stands in the log and on this page.">
        <input name="reason" required minlength={3} maxlength={300} />
      </Field>
      <p class="note warn">{says}</p>
      <button type="submit" class={tone === "bad" ? "small danger" : "small"}>
        {press}
      </button>
    </Post>
  </Unfold>
);
export const Moves = ({ v, at }: MovesProps) => {
  const { state } = v.line.agent;
  return (
    <>
      {state === "active" ? (
        <Reason
          action={`${at}/pause`}
          label="Pause"
          says="It stays connected; nothing is asked of it, and no new session goes through it."
          press="Pause it"
        />
      ) : null}
      {state === "paused" ? <Press action={`${at}/resume`}>Resume</Press> : null}
      {state === "active" ? (
        <Press action={`${at}/roll`} look="quiet">
          Give it another key
        </Press>
      ) : null}
      {state === "revoked" ? (
        <Unfold label="Delete" tone="bad">
          <Post action={`${at}/delete`}>
            <p class="note warn">It leaves this list. Its events stay, and so does its target, which nobody then reaches by it.</p>
            <button type="submit" class="small danger">
              Delete it
            </button>
          </Post>
        </Unfold>
      ) : (
        <Reason
          action={`${at}/revoke`}
          label="Revoke"
          tone="bad"
          says="Its connection ends at once with every session that it carries, and its key lets it in no more. To come back it is enrolled again."
          press="Revoke it"
        />
      )}
    </>
  );
};

export const Carries = ({ v, at }: MovesProps) => {
  const { allow, mode } = v.line.agent;
  return (
    <section class="card">
      <header>
        <h2>Where it may carry connections</h2>
      </header>
      {allow.length === 0 ? <p class="muted">Nowhere.</p> : null}
      <ul class="rows">
        {allow.map((d) => (
          <li>
            <code class="wrap">{d}</code>
          </li>
        ))}
      </ul>
      {v.line.manages ? (
        <Unfold label="Change the list">
          <Post action={`${at}/allow`}>
            <Field
              label="One host:port a line"
              hint={
                mode === "agent"
                  ? "An agent carries to its own machine alone: localhost:22."
                  : "Names are resolved by the gateway, and what they lead to is looked at. Metadata and link-local addresses never."
              }
            >
              <textarea name="allow" rows={5} spellcheck={false}>
                {allow.join("\n")}
              </textarea>
            </Field>
            <button type="submit" class="small">
              Sign it and send it
            </button>
          </Post>
        </Unfold>
      ) : null}
    </section>
  );
};
const MapIt = ({ v, at }: MovesProps) =>
  v.targets.length === 0 ? (
    <p class="muted">There is no other target that an agent made.</p>
  ) : (
    <Post action={`${at}/map`}>
      <Field label="The target whose machine this is" hint="Where a machine was set up anew: its old target keeps its accounts and their history.">
        <select name="target">
          {v.targets.map((t) => (
            <option value={t.id}>{t.name}</option>
          ))}
        </select>
      </Field>
      <p class="note warn">The target's accounts are blocked until somebody other than you has accepted this machine in its place.</p>
      <button type="submit" class="small">
        Map it
      </button>
    </Post>
  );
const Give = ({ v, at }: MovesProps) => (
  <Post action={`${at}/give`}>
    <Field label="Owner" hint="They manage it and its target. A second person confirms it. Write the name into UserName of its agent.conf, too.">
      <select name="owner">
        {v.owners.map((o) => (
          <option value={o} selected={o === v.line.ownerName}>
            {o}
          </option>
        ))}
      </select>
    </Field>
    <button type="submit" class="small">
      Give
    </button>
  </Post>
);
export const Belongs = ({ v, at }: MovesProps) => (
  <section class="card">
    <header>
      <h2>Whose it is, and what it stands for</h2>
    </header>
    <div class="moves">
      {v.line.agent.mode === "agent" ? (
        <Unfold label="Map it to another target">
          <MapIt v={v} at={at} />
        </Unfold>
      ) : null}
      <Unfold label="Give it to somebody else">
        <Give v={v} at={at} />
      </Unfold>
    </div>
  </section>
);
