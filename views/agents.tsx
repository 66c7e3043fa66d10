/** Agents, gateways, and the tokens that still let somebody in. Rule: whether one is there is the word of this moment; colour never says it alone. */
import type { Agent, Enrolment, Presence } from "../src/domain/agent.ts";
import type { Target } from "../src/domain/target.ts";
import { BrokerKeys, type BrokerKeysView } from "./broker-keys.tsx";
import { Live, Reload } from "./live.tsx";
import { Ago, Badge, Empty, Named, PageHead, Post, Table, type Tone } from "./parts.tsx";

export type AgentLine = {
  readonly agent: Agent;
  readonly presence: Presence;
  readonly beatAt: Date | null;
  readonly ownerName: string;
  readonly target: Target | null;
  readonly movedBy: string | null;
  readonly fingerprint: string;
  readonly nextFingerprint: string | null;
  readonly manages: boolean;
};
export type TokenLine = Enrolment & { readonly ownerName: string; readonly byName: string };
export type AgentsView = {
  readonly list: readonly AgentLine[];
  readonly tokens: readonly TokenLine[];
  readonly enrols: boolean;
  readonly keys: BrokerKeysView;
};

const PRESENCE: Record<Presence, readonly [Tone, string]> = {
  connected: ["ok", "connected"],
  late: ["warn", "late"],
  gone: ["bad", "gone"],
  never: ["quiet", "not come yet"],
};
export const PresenceBadge = ({ l }: { l: Pick<AgentLine, "agent" | "presence"> }) => {
  const { state } = l.agent;
  if (state === "revoked" || state === "deleted") return <Badge tone="bad">{state}</Badge>;
  const [tone, word] = PRESENCE[l.presence];
  return (
    <>
      {state === "paused" ? <Badge tone="warn">paused</Badge> : null} <Badge tone={tone}>{word}</Badge>
    </>
  );
};
const MINUTE = 60_000;
/** A clock that is off by more than a minute spoils times in logs, and some logins. */
export const Skew = ({ ms }: { ms: number | null }) => {
  if (ms === null) return <span class="muted">not told</span>;
  const off = Math.abs(ms),
    words = off < 1_000 ? `${off} ms` : off < MINUTE ? `${Math.round(off / 1_000)} s` : `${Math.round(off / MINUTE)} min`;
  const said = off < 1_000 ? words : `${words} ${ms > 0 ? "ahead" : "behind"}`;
  return off < MINUTE ? <>{said}</> : <Badge tone="warn">{said}</Badge>;
};

const Row = ({ l }: { l: AgentLine }) => (
  <tr>
    <td>
      <Named href={`/agents/${l.agent.id}`} name={l.agent.name} />
      <small class="block muted">
        {l.agent.mode} <code>{l.fingerprint.slice(0, 19)}…</code>
      </small>
    </td>
    <td data-th="State">
      <PresenceBadge l={l} />
      <small class="block muted">
        last heard <Ago at={l.beatAt} />
      </small>
    </td>
    <td data-th="Target">
      {l.target ? (
        <Named href={`/targets/${l.target.id}`} name={l.target.name} />
      ) : (
        <span class="muted">{l.agent.mode === "gateway" ? "carries" : "none"}</span>
      )}
    </td>
    <td data-th="Owner" class="wrap">
      {l.ownerName}
    </td>
    <td data-th="Program">{l.agent.version}</td>
    <td data-th="Clock">
      <Skew ms={l.agent.skewMs} />
    </td>
  </tr>
);
export const AgentsLive = (v: Pick<AgentsView, "list">) => (
  <section id="agents-view">
    {v.list.length === 0 ? (
      <Empty title="No agent yet">
        An agent sets the passwords of its own machine and carries sessions to it, over one connection that it opens itself: for hosts that
        this broker cannot reach, or of which no administrator's password should be kept. A gateway does the same for a whole network.
      </Empty>
    ) : (
      <Table label="Agents and gateways" head={["Name", "State", "Target", "Owner", "Program", "Clock"]} list>
        {v.list.map((l) => (
          <Row l={l} />
        ))}
      </Table>
    )}
  </section>
);
const Tokens = ({ tokens }: { tokens: readonly TokenLine[] }) => (
  <section>
    <header class="sec">
      <h2>Tokens that still let a machine in</h2>
    </header>
    <ul class="rows">
      {tokens.map((t) => (
        <li>
          <div class="grow">
            <b>{t.kind === "once" ? "One machine" : `${t.maxUses - t.used} more of ${t.maxUses} machines`}</b> of{" "}
            <span class="wrap">{t.ownerName}</span>, {t.mode}
            <small class="block muted">
              made by {t.byName} <Ago at={t.at} />, good until <Ago at={t.expiresAt} />
            </small>
          </div>
          <Post action="/agents/tokens/end" class="inline">
            <input type="hidden" name="token" value={t.id} />
            <button type="submit" class="small quiet" aria-label={`End it: the token made by ${t.byName}`}>
              End it
            </button>
          </Post>
        </li>
      ))}
    </ul>
  </section>
);
export const AgentsPage = (v: AgentsView) => (
  <>
    <PageHead title="Agents and gateways" sub="Machines that dial out to this broker.">
      {v.enrols ? (
        <a class="button small" href="/agents/new">
          Add a host
        </a>
      ) : null}
    </PageHead>
    <Live at="/agents" part="view" swaps="agents-view" />
    <AgentsLive list={v.list} />
    {v.tokens.length > 0 ? <Tokens tokens={v.tokens} /> : null}
    <BrokerKeys {...v.keys} />
    <Reload at="/agents" />
  </>
);
