/** How the broker itself is. Rule: for admins and auditors; nothing here touches a target. */
import { z } from "@hono/zod-openapi";
import { Fault } from "../../kernel/fault.ts";
import { may } from "../../domain/may.ts";
import { accountCards, sessionList } from "../../flow/look.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { iso, When } from "./shapes.ts";

const Health = z.object({
  ok: z.boolean(), now: When, engine: z.enum(["postgresql", "pglite"]), node: z.string(), passive: z.string().nullable(), epoch: z.int(), rootKey: z.string(),
  accounts: z.record(z.string(), z.int()).openapi({ description: "how many accounts stand how" }), liveSessions: z.int(),
}).openapi("Health");

export const health: readonly Endpoint[] = [endpoint({
  method: "get", path: "/health", tag: "broker", summary: "State of the broker", answer: Health,
  run: async ({ flow }, { caller }) => {
    if (!may(caller.person, "broker.health")) throw new Fault("forbidden", "The broker's health is for admins and auditors.");
    const counts: Record<string, number> = {};
    for (const { standing } of await accountCards(flow.db, caller.person)) counts[standing.word] = (counts[standing.word] ?? 0) + 1;
    const live = await sessionList(flow.db, caller.person, { live: true, limit: 10_000 });
    return {
      ok: flow.passive.why === null, now: iso(flow.clock.now()), engine: flow.db.engine, node: flow.node, passive: flow.passive.why, epoch: flow.epoch.value, rootKey: flow.keyring.kek.id,
      accounts: counts, liveSessions: live.length,
    };
  },
})];
