/** With one administrator only, what lists changes says so. Rule: said on stderr, so that a pipe gets data only; who may not ask for the broker's health is not told. */
import type { Run } from "./act.ts";

export const sayIfAlone = async (run: Run): Promise<void> => {
  const health = await run.client.json<{ readonly singleAdministrator: boolean }>("GET", "/health").catch(() => null);
  if (health?.singleAdministrator) run.say("Single administrator: changes are not four-eyed.");
};
