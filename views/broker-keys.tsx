/**
 * The keys by which this broker proves itself to agents, and the change from one to the next. Rule: whom a press cuts off stands before it, by name.
 */
import type { Presence } from "../src/domain/agent.ts";
import type { Knows } from "../src/domain/broker-key.ts";
import type { AgentId } from "../src/kernel/ids.ts";
import { Ago, Badge, Facts, Named, Post, Table, Unfold, type Tone } from "./parts.tsx";

export type KnowingLine = {
  readonly id: AgentId;
  readonly name: string;
  readonly knows: Knows;
  readonly presence: Presence;
  readonly heardAt: Date | null;
};
export type BrokerKeysView = {
  readonly current: { readonly fingerprint: string; readonly since: Date } | null;
  readonly following: { readonly fingerprint: string; readonly since: Date; readonly by: string } | null;
  readonly agents: readonly KnowingLine[];
  readonly cutOff: readonly KnowingLine[];
  readonly all: boolean;
  readonly manages: boolean;
};

const WORD: Record<Knows, readonly [Tone, string]> = {
  both: ["ok", "knows both"],
  following: ["ok", "knows the new one alone"],
  current: ["busy", "not told yet"],
  older: ["warn", "still knows the old one"],
  neither: ["bad", "knows neither"],
  unknown: ["warn", "not heard of"],
};
const Names = ({ list }: { list: readonly KnowingLine[] }) => (
  <ul class="rows">
    {list.map((l) => (
      <li>
        <div class="grow">
          <Named href={`/agents/${l.id}`} name={l.name} />
          <small class="block muted">
            last heard <Ago at={l.heardAt} />
          </small>
        </div>
      </li>
    ))}
  </ul>
);
const Who = ({ list }: { list: readonly KnowingLine[] }) => (
  <Table label="Who has pinned which key" head={["Name", "The broker's keys", "Last heard"]}>
    {list.map((l) => (
      <tr>
        <td>
          <Named href={`/agents/${l.id}`} name={l.name} />
        </td>
        <td data-th="The broker's keys">
          <Badge tone={WORD[l.knows][0]}>{WORD[l.knows][1]}</Badge>
        </td>
        <td data-th="Last heard">
          <Ago at={l.heardAt} />
        </td>
      </tr>
    ))}
  </Table>
);
const Roll = ({ agents }: { agents: readonly KnowingLine[] }) => (
  <Unfold label="Give the broker another key">
    <Post action="/broker-keys/roll">
      <p>
        A new key is made here. Each agent is told of it over its own connection, which the present key proves; those that are away are told
        when they next come. Until all of them know it the broker goes on proving itself by the present one, so nobody is cut off and no
        session ends. Lines to paste on a host name the new one from now on; those made before work until the present one is retired.
      </p>
      {agents.length === 0 ? <p class="note">There is no agent to tell: the new key counts at once.</p> : null}
      <p class="note warn">
        Where the present key may have been stolen this is not enough: whoever has it can tell agents of keys, too. Then enroll every host
        again, by lines made afterwards.
      </p>
      <button type="submit" class="small">
        Make another key
      </button>
    </Post>
  </Unfold>
);
const Retire = ({ cutOff }: { cutOff: readonly KnowingLine[] }) => (
  <Unfold label="Retire the old key now" tone="bad">
    <Post action="/broker-keys/retire">
      {cutOff.length === 0 ? (
        <p>Every agent knows the new key: nobody is cut off.</p>
      ) : (
        <>
          <p class="note warn">
            These have not pinned the new key. Their connections end at once with every session they carry, and they have to be enrolled again:
          </p>
          <Names list={cutOff} />
        </>
      )}
      {cutOff.map((l) => (
        <input type="hidden" name="cut" value={l.id} />
      ))}
      <button type="submit" class="small danger">
        {cutOff.length === 0 ? "Retire it" : `Retire it and cut off ${cutOff.length}`}
      </button>
    </Post>
  </Unfold>
);

const untilAll = ({ agents, cutOff, all }: BrokerKeysView): string => {
  if (cutOff.length === 0) return all ? "Every agent has pinned the new key: the old one goes in a moment." : "All of yours have pinned the new key.";
  const told = agents.length - cutOff.length;
  return `${told} of ${agents.length}${all ? "" : " of yours"} have pinned the new key. When every agent has, the old one goes by itself.`;
};
export const BrokerKeys = (v: BrokerKeysView) => (
  <section class="card" id="broker-keys">
    <header>
      <h2>This broker's key</h2>
      {v.following === null ? null : <Badge tone="busy">another one follows</Badge>}
    </header>
    <p class="muted">Agents answer a broker that proves this key, and no other.</p>
    <Facts
      rows={[
        ["In force", <code class="wrap">{v.current?.fingerprint ?? "none: the tunnel does not run"}</code>],
        v.current === null ? null : ["Since", <Ago at={v.current.since} />],
        v.following === null ? null : ["Follows", <code class="wrap">{v.following.fingerprint}</code>],
        v.following === null
          ? null
          : [
              "Made",
              <>
                <Ago at={v.following.since} /> by <span class="wrap">{v.following.by}</span>
              </>,
            ],
      ]}
    />
    {v.following === null ? null : (
      <>
        <p role="status">
          {untilAll(v)}
        </p>
        <Who list={v.agents} />
      </>
    )}
    {v.agents.some((l) => l.knows === "older") ? (
      <>
        <p>These know this key and still the one before it, which they are told to forget when they next come:</p>
        <Names list={v.agents.filter((l) => l.knows === "older")} />
      </>
    ) : null}
    {v.following === null && v.cutOff.length > 0 ? (
      <>
        <p class="note warn">Cut off, because they know another key than this. Enroll them again, or revoke them:</p>
        <Names list={v.cutOff} />
      </>
    ) : null}
    {v.manages && v.current !== null ? (
      <footer class="moves">{v.following === null ? <Roll agents={v.agents} /> : <Retire cutOff={v.cutOff} />}</footer>
    ) : null}
  </section>
);
