/** Stories of agents and gateways. */
import type { Agent } from "../../src/domain/agent.ts";
import { AgentPage, type Examined } from "../agent.tsx";
import { AgentNew, AgentPaste } from "../agent-new.tsx";
import { AgentsPage, type AgentLine, type TokenLine } from "../agents.tsx";
import type { BrokerKeysView, KnowingLine } from "../broker-keys.tsx";
import { as, at, FAR, LONG, NASTY, story, target, type Story } from "./fixed.tsx";

const KEY = "SHA256:0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
const agent = (over: Partial<Agent> = {}): Agent =>
  as<Agent>({
    id: "agt_00000000000000000001",
    mode: "agent",
    name: "web-1",
    state: "active",
    owner: "per_operator",
    enrolment: "enr_1",
    enrolledAt: at(-6000),
    hostKey: "k",
    nextHostKey: null,
    brokerKeys: [KEY],
    boxKey: "b",
    target: "tgt_1",
    allow: ["localhost:22"],
    allowNo: 1,
    version: "0.1.0",
    skewMs: 12,
    facts: { host: "web-1", system: "Debian GNU/Linux 12 (bookworm)", node: "v24.21.0" },
    seenAt: at(-1),
    ...over,
  });
const line = (over: Partial<AgentLine> = {}, a: Partial<Agent> = {}): AgentLine => ({
  agent: agent(a),
  presence: "connected",
  beatAt: at(0),
  ownerName: "operator",
  target: target({ name: "web-1", platform: "linux-agent", host: "localhost" }),
  movedBy: null,
  fingerprint: KEY,
  nextFingerprint: null,
  manages: true,
  ...over,
});
const LINES: readonly AgentLine[] = [
  line(),
  line({ presence: "late", beatAt: at(-3) }, { name: "db-2", skewMs: -90_000 }),
  line(
    { presence: "gone", beatAt: at(-3000), target: null },
    { name: LONG, mode: "gateway", target: null, skewMs: null, allow: [`${FAR}:5432`, "10.0.0.7:22"] },
  ),
  line({ presence: "never", beatAt: null, target: null }, { name: "fresh", state: "enrolled", skewMs: null, seenAt: null, target: null }),
  line({ movedBy: "second", presence: "connected" }, {
    name: "paused",
    state: "paused",
    by: "per_second",
    movedAt: at(-20),
    why: NASTY,
  } as Partial<Agent>),
  line({ movedBy: "second", presence: "gone", beatAt: at(-90) }, {
    name: "taken-away",
    state: "revoked",
    by: "per_second",
    movedAt: at(-60),
    why: "taken away",
  } as Partial<Agent>),
];
const token = (over: Partial<TokenLine> = {}): TokenLine =>
  as<TokenLine>({
    id: "enr_1",
    kind: "once",
    mode: "agent",
    ownerName: "operator",
    byName: "operator",
    at: at(-2),
    expiresAt: at(8),
    maxUses: 1,
    used: 0,
    ...over,
  });
const GOOD: Examined = {
  unreachable: null,
  checks: [
    { check: "rights", ok: true, says: "runs as root" },
    { check: "name", ok: true, says: "broker.example is known here" },
    { check: "port", ok: true, says: "broker.example:8282 answers" },
  ],
};
const BAD: Examined = {
  unreachable: null,
  checks: [
    { check: "rights", ok: true, says: "runs as root" },
    {
      check: "clock",
      ok: false,
      says: "this machine's clock is 10 minutes ahead of the broker's",
      hint: "let a time service set it: timedatectl set-ntp true",
    },
  ],
};
const one = (l: AgentLine, examined: Examined | null = null) => (
  <AgentPage line={l} brokerKeys={[KEY]} targets={[{ id: as("tgt_2"), name: FAR }]} owners={["operator", "second"]} examined={examined} />
);
const knowing = (over: Partial<KnowingLine> = {}): KnowingLine => ({
  id: as("agt_00000000000000000001"),
  name: "web-1",
  knows: "both",
  presence: "connected",
  heardAt: at(0),
  ...over,
});
const NEXT = { fingerprint: KEY.replace("0123", "3210"), since: at(-30), by: "operator" };
const UNTOLD = [
  knowing({ name: LONG, knows: "current", presence: "gone", heardAt: at(-3000) }),
  knowing({ name: "db-2", knows: "unknown", heardAt: null }),
];
const keys = (over: Partial<BrokerKeysView> = {}): BrokerKeysView => ({
  current: { fingerprint: KEY, since: at(-9000) },
  following: null,
  agents: [knowing()],
  cutOff: [],
  all: true,
  manages: true,
  ...over,
});
const Rolled = (v: BrokerKeysView) => <AgentsPage list={LINES.slice(0, 2)} tokens={[]} enrols keys={v} />;
const LINE = [
  `d=$(mktemp -d) && curl -fsSk 'https://broker.example:8282/download/lockstep-agent.mjs' -o "$d/lockstep-agent.mjs"`,
  `printf %s 'lsa_AAAAAAAAAAAAAAAAAAAAAA' | node "$d/lockstep-agent.mjs" install --server 'broker.example' --port 8282 --user 'operator'`,
].join(" && ");

export const AGENTS: readonly Story[] = [
  story("agents", () => (
    <AgentsPage list={LINES} tokens={[token(), token({ kind: "many", maxUses: 40, used: 7, ownerName: LONG })]} enrols keys={keys()} />
  )),
  story("agents, none yet", () => <AgentsPage list={[]} tokens={[]} enrols keys={keys({ agents: [] })} />),
  story("agents, as an auditor", () => <AgentsPage list={LINES.slice(0, 2)} tokens={[]} enrols={false} keys={keys({ manages: false })} />),
  story("the broker's key, none", () => <Rolled {...keys({ current: null, agents: [] })} />),
  story("the broker's key, another one follows", () => (
    <Rolled {...keys({ following: NEXT, agents: [knowing(), knowing({ name: NASTY, knows: "following" }), ...UNTOLD], cutOff: UNTOLD })} />
  )),
  story("the broker's key, everybody knows the next", () => <Rolled {...keys({ following: NEXT })} />),
  story("the broker's key, another one follows, as an owner of one", () => (
    <Rolled {...keys({ following: NEXT, agents: UNTOLD, cutOff: UNTOLD, all: false, manages: false })} />
  )),
  story("the broker's key, some still know the old one", () => (
    <Rolled {...keys({ agents: [knowing(), knowing({ name: "away", knows: "older", presence: "gone" })] })} />
  )),
  story("the broker's key, some are cut off", () => <Rolled {...keys({ cutOff: [knowing({ name: LONG, knows: "neither", presence: "gone" })] })} />),
  story("agent, connected", () => one(LINES[0]!)),
  story("agent, examined and well", () => one(LINES[0]!, GOOD)),
  story("agent, examined and wrong", () => one(LINES[1]!, BAD)),
  story("agent, not to be reached", () =>
    one(LINES[1]!, {
      checks: [],
      unreachable: "The agent db-2 is not connected. It is gone now. On the machine itself, as root: lockstep-agent doctor",
    }),
  ),
  story("agent, another key follows", () => one(line({ nextFingerprint: KEY }))),
  story("agent, paused", () => one(LINES[4]!)),
  story("agent, revoked", () => one(LINES[5]!)),
  story("agent, as an auditor", () => one(line({ manages: false }))),
  story("gateway", () => one(LINES[2]!)),
  story("add a host", () => <AgentNew owners={["operator", LONG]} me="operator" cannot={null} />),
  story("add a host, none can be", () => (
    <AgentNew owners={["operator"]} me="operator" cannot="The agent's program is not built on this broker. Build it with: npm run agent" />
  )),
  story("the line to paste", () => <AgentPaste line={LINE} mode="agent" owner="operator" expiresAt={at(10)} uses={1} brokerKey={KEY} />),
];
