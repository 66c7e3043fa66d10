/** What the tunnel goes by, for everybody who is connected at once. Rule: read where it counts, after every change of an agent; a row that is gone lets nobody in. */
import type { AgentId } from "../kernel/ids.ts";
import { LET_IN, outOfUse, type Agent } from "../domain/agent.ts";
import * as agents from "../store/agents.ts";
import type { Deps } from "./deps.ts";

/** `let`: its connection may go on. `no`: why it is not used now, as a sentence. */
export type Standing = { readonly name: string; readonly let: boolean; readonly no: string | null; readonly allow: readonly string[]; readonly allowNo: number };
const standingOf = (a: Agent): Standing => ({ name: a.name, let: LET_IN.includes(a.state), no: outOfUse(a), allow: a.allow, allowNo: a.allowNo });
export const standings = async (deps: Pick<Deps, "db">): Promise<ReadonlyMap<AgentId, Standing>> =>
  new Map((await agents.all(deps.db)).map((a) => [a.id, standingOf(a)]));
export const standing = async (deps: Pick<Deps, "db">, id: AgentId): Promise<Standing | null> => {
  const a = await agents.find(deps.db, id);
  return a && standingOf(a);
};
