/** How the broker itself is. Rule: for admins, auditors and the machine's operator; nothing here touches a target. */
import { z } from "@hono/zod-openapi";
import { singleAdministrator } from "../../flow/four-eyes.ts";
import { brokerHealth } from "../../flow/health.ts";
import { operable, type Endpoint } from "./endpoint.ts";
import { iso, When } from "./shapes.ts";

const Health = z.object({
  ok: z.boolean(), now: When, engine: z.enum(["postgresql", "pglite"]), node: z.string(), passive: z.string().nullable(), epoch: z.int(), rootKey: z.string(),
  accounts: z.record(z.string(), z.int()).openapi({ description: "how many accounts stand how" }), liveSessions: z.int(),
  singleAdministrator: z.boolean().openapi({ description: "changes are not four-eyed: nobody else is an admin" }),
}).openapi("Health");

export const health: readonly Endpoint[] = [operable({
  method: "get", path: "/health", tag: "broker", summary: "State of the broker", operator: true, answer: Health,
  run: async ({ flow }, { caller }) => {
    const counts = await brokerHealth(flow, caller);
    return {
      ok: flow.passive.why === null, now: iso(flow.clock.now()), engine: flow.db.engine, node: flow.node, passive: flow.passive.why, epoch: flow.epoch.value, rootKey: flow.keyring.kek.id,
      ...counts, singleAdministrator: await singleAdministrator(flow.db),
    };
  },
})];
