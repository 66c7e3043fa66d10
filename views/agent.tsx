/** One agent or gateway: what it is, whether it is there, what can be done with it. Rule: what a press ends is said before it. */
import { Belongs, Carries, Moves, type MovesView } from "./agent-moves.tsx";
import { PresenceBadge, Skew, type AgentLine } from "./agents.tsx";
import { Ago, Badge, Facts, Named, PageHead, Press } from "./parts.tsx";

export type CheckLine = { readonly check: string; readonly ok: boolean; readonly says: string; readonly hint?: string | undefined };
export type Examined = { readonly checks: readonly CheckLine[]; readonly unreachable: string | null };
export type AgentView = MovesView & {
  /** Of this broker, as the machine's agent.conf has it. */
  readonly brokerKeys: readonly string[];
  readonly examined: Examined | null;
};

const Doctor = ({ v, at }: { v: AgentView; at: string }) => (
  <section class={`card ${v.examined && (v.examined.unreachable !== null || v.examined.checks.some((c) => !c.ok)) ? "alarm" : ""}`}>
    <header>
      <h2>Does something not work?</h2>
    </header>
    {v.examined === null ? (
      <p class="muted">The machine itself goes through everything that can be wrong, in order, and says what to do.</p>
    ) : v.examined.unreachable !== null ? (
      <p class="wrap" role="status">
        {v.examined.unreachable}
      </p>
    ) : (
      <div role="status">
        <ol class="checks-done">
          {v.examined.checks.map((c) => (
            <li class={c.ok ? "ok" : "bad"}>
              <span class="sr">{c.ok ? "well: " : "failed: "}</span>
              <b>{c.check}</b>: <span class="wrap">{c.says}</span>
              {c.hint ? (
                <p class="wrap">
                  <b>What to do:</b> {c.hint}.
                </p>
              ) : null}
            </li>
          ))}
        </ol>
      </div>
    )}
    <footer class="moves">
      <Press action={`${at}/doctor`}>Examine it</Press>
      <small class="muted">
        On the machine, as root: <code>lockstep-agent doctor</code>
      </small>
    </footer>
  </section>
);

const sayings = (l: AgentLine) =>
  Object.entries(l.agent.facts)
    .filter(([, value]) => value !== null && value !== "")
    .map(([k, value]) => [k, <span class="wrap">{String(value)}</span>] as const);
const standsFor = (l: AgentLine) =>
  l.target ? <Named href={`/targets/${l.target.id}`} name={l.target.name} /> : l.agent.mode === "gateway" ? "carries to others" : "none";
const Now = ({ v, at }: { v: AgentView; at: string }) => {
  const { line: l } = v,
    { agent: a } = l;
  return (
    <section class="card">
      <header>
        <h2>Now</h2>
        <PresenceBadge l={l} />
      </header>
      <Facts
        rows={[
          ["Last heard", <Ago at={l.beatAt} />],
          ["Clock", <Skew ms={a.skewMs} />],
          ["Version", a.version],
          ["Target", standsFor(l)],
          ["Owner", <span class="wrap">{l.ownerName}</span>],
          ["Enrolled", <Ago at={a.enrolledAt} />],
          ["Its key", <code class="wrap">{l.fingerprint}</code>],
          l.nextFingerprint === null ? null : ["Its next key", <code class="wrap">{l.nextFingerprint}</code>],
          ["This broker's key", <code class="wrap">{v.brokerKeys.join(" ") || "the tunnel does not run"}</code>],
          ["It has pinned", <code class="wrap">{a.brokerKeys.join(" ") || "not told yet"}</code>],
          ...sayings(l),
        ]}
      />
      {l.nextFingerprint === null ? null : (
        <p>
          <Badge tone="busy">another key follows</Badge> Both are let in until the new one was used.
        </p>
      )}
      {l.manages ? (
        <footer class="moves">
          <Moves v={v} at={at} />
        </footer>
      ) : null}
    </section>
  );
};
export const AgentPage = (v: AgentView) => {
  const { line: l } = v,
    { agent: a } = l,
    at = `/agents/${a.id}`,
    over = a.state === "revoked" || a.state === "deleted";
  return (
    <>
      <PageHead title={<span class="wrap">{a.name}</span>} sub={a.mode === "agent" ? "An agent on its own machine" : "A gateway into a network"}>
        <a class="button small quiet" href="/agents">
          All of them
        </a>
      </PageHead>
      {"why" in a ? (
        <p class={`notice ${over ? "bad" : "warn"}`}>
          {a.state === "paused" ? "Paused" : "Revoked"} by {l.movedBy} <Ago at={a.movedAt} />: <span class="wrap">{a.why}</span>
        </p>
      ) : null}
      <Now v={v} at={at} />
      {l.manages && !over ? <Doctor v={v} at={at} /> : null}
      {over ? null : <Carries v={v} at={at} />}
      {l.manages && !over ? <Belongs v={v} at={at} /> : null}
    </>
  );
};
