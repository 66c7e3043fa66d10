/**
 * Agents and gateways as ways to targets. Rule: a person names only what they manage; what it may carry to is on its own list, and whether it is
 * there is asked when it is used, never here.
 */
import type { AgentId } from "../kernel/ids.ts";
import { Fault } from "../kernel/fault.ts";
import type { Agent } from "../domain/agent.ts";
import { may } from "../domain/may.ts";
import { linkThrough, THROUGH_MOST, throughOf, type Target } from "../domain/target.ts";
import * as agents from "../store/agents.ts";
import type { Reader } from "../store/db.ts";
import type { Caller } from "./record.ts";

const OVER: readonly string[] = ["revoked", "deleted"];
const living = async (db: Reader): Promise<Agent[]> => (await agents.all(db)).filter((a) => !OVER.includes(a.state));

/** Those a person may send a target through. */
export type Way = { readonly id: AgentId; readonly name: string; readonly mode: Agent["mode"] };
export const waysOf = async (db: Reader, caller: Caller): Promise<readonly Way[]> =>
  (await living(db)).filter((a) => may(caller.person, "agent.manage", { owner: a.owner })).map(({ id, name, mode }) => ({ id, name, mode }));

const fitting = (ways: readonly Way[], text: string): readonly Way[] => ways.filter((w) => w.id === text || w.name === text);
const wrongName = (fit: readonly Way[], text: string): string | null => fit.length === 1 ? null : fit.length === 0 ? `There is no agent or gateway ${text} that you manage.`
  : `There are ${fit.length} agents named ${text}: give the id (${fit.map((w) => w.id).join(", ")}).`;
/** What is wrong with naming these, by id or name. */
export const wrongThrough = (ways: readonly Way[], through: readonly string[]): string[] => {
  const fits = through.map((text) => fitting(ways, text)), wrong = fits.map((fit, i) => wrongName(fit, through[i]!)).filter((why) => why !== null);
  const twice = new Set(fits.map((fit) => fit[0]?.id)).size < fits.length && wrong.length === 0;
  return [...wrong, ...(twice ? ["Each agent or gateway is named once."] : []), ...(through.length > THROUGH_MOST ? [`At most ${THROUGH_MOST} agents or gateways lead to one target.`] : [])];
};
/** The link that leads through these. */
export const linkNamed = async (db: Reader, caller: Caller, through: readonly string[]): Promise<string> => {
  if (through.length === 0) return linkThrough([]);
  const ways = await waysOf(db, caller), [wrong] = wrongThrough(ways, through);
  if (wrong !== undefined) throw new Fault("invalid", wrong);
  return linkThrough(through.map((text) => fitting(ways, text)[0]!.id));
};
/** For people: the names, in the order in which they are tried; an empty list: directly. */
export const wayWords = async (db: Reader, t: Pick<Target, "link">): Promise<readonly string[]> => {
  const ids = throughOf(t);
  if (ids.length === 0) return [];
  const known = new Map((await agents.all(db)).map((a) => [a.id, a.name]));
  return ids.map((id) => known.get(id) ?? id);
};
