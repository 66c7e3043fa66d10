/** The members a group is set to. Rule: nobody empties one by naming nothing, as a script does whose list came out empty; that has a word of its own. */
import { Fault } from "../kernel/fault.ts";
import type { Run } from "./act.ts";

export const membersOf = (run: Run, named: readonly string[]): readonly string[] => {
  const none = run.flag("none");
  if (none && named.length > 0) throw new Fault("invalid", "--none and members together: say one of them.");
  if (!none && named.length === 0) throw new Fault("invalid", "Name every member it has from now on, or say --none to empty it.");
  return named;
};
