/** The outbox with a real database and vault, and no target: what mail and webhook tests stand on. Rule: quick to make, so that each test has its own where it needs one. */
import type { Role } from "../../src/domain/person.ts";
import type { Deps } from "../../src/flow/deps.ts";
import type { Caller } from "../../src/flow/record.ts";
import * as people from "../../src/store/people.ts";
import { worldOn } from "../flow/world.ts";
import { embedded } from "../store/engines.ts";

/** `operator` is an admin and can be mailed. */
export type Outbox = { readonly deps: Deps; readonly operator: Caller; person(name: string, roles: readonly Role[]): Promise<Caller>; destroy(): Promise<void> };
export const outbox = async (over: Partial<Deps>): Promise<Outbox> => {
  const db = await embedded(), w = await worldOn(db, { site: { origin: "https://lockstep.example" }, ...over });
  await db.transaction((tx) => people.change(tx, w.operator.person.id, { mail: "operator@lockstep.test" }));
  return {
    deps: w.deps, operator: await w.again(w.operator), person: (name, roles) => w.person(roles, {}, name),
    destroy: async () => { await w.close(); await db.close(); },
  };
};
