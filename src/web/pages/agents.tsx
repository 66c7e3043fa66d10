/**
 * /agents: who dials out to this broker, one of them, and letting another in. Rule: each press is a verb of flow/agent-*; the line with its token is
 * shown once.
 */
import { EnrolmentInput } from "../../domain/agent.ts";
import { may } from "../../domain/may.ts";
import { byAgent } from "../../domain/platform.ts";
import { endEnrolment, newEnrolment } from "../../flow/agent-enrol.ts";
import { agentCard, agentList, askDoctor, enrolmentList } from "../../flow/agent-look.ts";
import { allowAgent, deleteAgent, giveAgent, mapAgent, pauseAgent, resumeAgent, revokeAgent, rollAgentKey } from "../../flow/agent-moves.ts";
import { brokerKeysCard } from "../../flow/broker-key-look.ts";
import { retireBrokerKey, rollBrokerKey } from "../../flow/broker-keys.ts";
import { manageable } from "../../flow/targets.ts";
import { ownersOf } from "../../identity/directory.ts";
import { Fault } from "../../kernel/fault.ts";
import { isId, type AgentId } from "../../kernel/ids.ts";
import { AgentPage, type Examined } from "../../../views/agent.tsx";
import { AgentNew } from "../../../views/agent-new.tsx";
import { AgentsLive, AgentsPage } from "../../../views/agents.tsx";
import { bundleOf, NO_KEY, NOT_BUILT, PROGRAM } from "../agent-line.ts";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, lines, many, whole, type Fields } from "../forms.ts";
import { live } from "../live.ts";
import { me } from "../login-session.ts";
import { showPaste } from "../release.tsx";
import { fragment, render } from "../render.tsx";
import type { Route } from "../route.ts";
import { parsed } from "./bulk.tsx";

const idOf = (c: Ctx): AgentId => {
  const id = param(c, "id");
  if (!isId("agent", id)) throw new Fault("not_found", "No such agent.");
  return id;
};
const viewOf = async (c: Ctx, { flow }: WebDeps) => ({
  list: await agentList(flow, callerOf(c)),
  tokens: await enrolmentList(flow, callerOf(c)),
  enrols: may(me(c).person, "agent.enrol"),
  keys: await brokerKeysCard(flow, callerOf(c)),
});
const list = async (c: Ctx, deps: WebDeps) =>
  render(c, deps, { title: "Agents and gateways", wide: true }, <AgentsPage {...await viewOf(c, deps)} />);

/** Why no machine can be let in by a line of ours. */
export const cannotEnrol = (deps: WebDeps): string | null =>
  deps.flow.passive.why !== null
    ? `This broker is passive: ${deps.flow.passive.why}`
    : bundleOf(deps.config.root) === null
      ? NOT_BUILT
      : (deps.config.agentKeys ?? []).length === 0
        ? NO_KEY
        : null;
const ownerNames = async (c: Ctx, deps: WebDeps): Promise<string[]> =>
  (await ownersOf(deps.flow.db)).filter((p) => !p.disabled && may(me(c).person, "agent.manage", { owner: p.id })).map((p) => p.name);
const fresh = async (c: Ctx, deps: WebDeps) =>
  render(c, deps, { title: "Add a host" }, <AgentNew owners={await ownerNames(c, deps)} me={me(c).person.name} cannot={cannotEnrol(deps)} />);
const wishOf = (f: Fields): EnrolmentInput => {
  const many = f["kind"] === "many",
    hours = whole(f["hours"]),
    uses = whole(f["uses"]);
  return parsed(EnrolmentInput, {
    mode: f["mode"],
    kind: f["kind"],
    ...(f["owner"] ? { owner: f["owner"] } : {}),
    ...(many && hours ? { hours } : {}),
    ...(many && uses ? { uses } : {}),
  });
};
const make = async (c: Ctx, deps: WebDeps) => {
  const wish = wishOf(await fields(c)),
    cannot = cannotEnrol(deps);
  if (cannot !== null) throw new Fault("invalid", cannot);
  return showPaste(c, deps, await newEnrolment(deps.flow, callerOf(c), wish), wish.owner ?? me(c).person.name);
};
const endToken = async (c: Ctx, deps: WebDeps) => {
  const id = (await fields(c))["token"] ?? "";
  if (!isId("enrolment", id)) throw new Fault("not_found", "No such token.");
  await endEnrolment(deps.flow, callerOf(c), id);
  return c.redirect("/agents?done=revoked_token", 303);
};

const page = async (c: Ctx, deps: WebDeps, examined: Examined | null) => {
  const caller = callerOf(c),
    line = await agentCard(deps.flow, caller, idOf(c));
  const targets = line.manages
    ? (await manageable(deps.flow.db, caller))
        .filter((t) => t.platform === byAgent(line.agent.facts) && t.id !== line.agent.target)
        .map(({ id, name }) => ({ id, name }))
    : [];
  const owners = line.manages ? (await ownersOf(deps.flow.db)).filter((p) => !p.disabled).map((p) => p.name) : [];
  return render(
    c,
    deps,
    { title: line.agent.name },
    <AgentPage line={line} brokerKeys={deps.config.agentKeys ?? []} targets={targets} owners={owners} examined={examined} />,
  );
};
type Act = (deps: WebDeps["flow"], c: Ctx, f: Fields, id: AgentId) => Promise<void>;
/** A press, and the page again. */
const press = (act: Act, done: string, to?: string) => async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c);
  await act(deps.flow, c, await fields(c), id);
  return c.redirect(`${to ?? `/agents/${id}`}?done=${done}`, 303);
};
const why = (f: Fields): string => f["reason"] ?? "";
/** The program itself, for the line that fetches it: nobody is logged in there. */
const download = (c: Ctx, deps: WebDeps): Response => {
  const bundle = bundleOf(deps.config.root);
  if (bundle === null) throw new Fault("not_found", NOT_BUILT);
  return c.body(new Uint8Array(bundle.bytes), 200, { "Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-cache" });
};

const roll = async (c: Ctx, { flow }: WebDeps) => {
  await rollBrokerKey(flow, callerOf(c));
  return c.redirect("/agents?done=broker-key", 303);
};
const retire = async (c: Ctx, { flow }: WebDeps) => {
  await retireBrokerKey(flow, callerOf(c), await many(c, "cut"));
  return c.redirect("/agents?done=broker-key-retired", 303);
};

const at = "/agents/:id";
const one = (move: string, act: Act, done: string, to?: string): Route => ({
  method: "POST",
  path: `${at}/${move}`,
  act: "agent.manage",
  verb: true,
  handle: press(act, done, to),
});
export const AGENTS: readonly Route[] = [
  { method: "GET", path: "/agents", act: "agent.list", handle: list },
  { method: "GET", path: "/agents/view", act: "agent.list", handle: async (c, deps) => fragment(c, deps, <AgentsLive list={await agentList(deps.flow, callerOf(c))} />) },
  { method: "GET", path: "/agents/live", act: "agent.list", handle: (c, deps) => live(c, deps, "agents") },
  { method: "GET", path: "/agents/new", act: "agent.enrol", handle: fresh },
  { method: "POST", path: "/agents/new", act: "agent.enrol", handle: make },
  { method: "POST", path: "/agents/tokens/end", act: "agent.enrol", handle: endToken },
  { method: "POST", path: "/broker-keys/roll", act: "agent.broker_key", handle: roll },
  { method: "POST", path: "/broker-keys/retire", act: "agent.broker_key", handle: retire },
  { method: "GET", path: at, act: "agent.see", verb: true, handle: (c, deps) => page(c, deps, null) },
  {
    method: "POST",
    path: `${at}/doctor`,
    act: "agent.manage",
    verb: true,
    handle: async (c, deps) => page(c, deps, await askDoctor(deps.flow, callerOf(c), idOf(c))),
  },
  one("pause", (flow, c, f, id) => pauseAgent(flow, callerOf(c), id, why(f)), "changed"),
  one("resume", (flow, c, _f, id) => resumeAgent(flow, callerOf(c), id), "changed"),
  one("revoke", (flow, c, f, id) => revokeAgent(flow, callerOf(c), id, why(f)), "agent-revoked"),
  one("delete", (flow, c, _f, id) => deleteAgent(flow, callerOf(c), id), "removed", "/agents"),
  one("map", (flow, c, f, id) => mapAgent(flow, callerOf(c), id, f["target"] ?? ""), "where"),
  one("give", (flow, c, f, id) => giveAgent(flow, callerOf(c), id, (f["owner"] ?? "").trim()), "noted-change"),
  one("allow", (flow, c, f, id) => allowAgent(flow, callerOf(c), id, lines(f["allow"] ?? "")), "changed"),
  one("roll", (flow, c, _f, id) => rollAgentKey(flow, callerOf(c), id), "agent-key"),
  { method: "GET", path: `/download/${PROGRAM}`, act: "public", handle: download },
];
