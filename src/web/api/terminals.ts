/** Terminals that wait to be let in. Rule: a token is one secret, not a login with every factor: it may look and keep out, never let in. */
import { z } from "@hono/zod-openapi";
import { Fault } from "../../kernel/fault.ts";
import type { TerminalId } from "../../kernel/ids.ts";
import { approveTerminal, denyTerminal, terminalsOf } from "../../identity/terminals.ts";
import { Done, endpoint, Id, type Endpoint } from "./endpoint.ts";
import { iso, When } from "./shapes.ts";

const tag = "me", ok = { ok: true as const };
const Terminal = z.object({ id: z.string(), address: z.string(), askedAt: When, expiresAt: When }).openapi("Terminal");

export const terminals: readonly Endpoint[] = [
  endpoint({
    method: "get", path: "/me/terminals", tag, summary: "Terminals that wait for their code", answer: z.object({ items: z.array(Terminal) }),
    run: async ({ identity }, { caller }) => ({
      items: (await terminalsOf(identity, caller.person)).map((t) =>
        ({ id: t.id, address: t.address, askedAt: iso(t.askedAt), expiresAt: iso(t.expiresAt) })),
    }),
  }),
  endpoint({
    method: "post", path: "/me/terminals/approve", tag, summary: "Let the terminal with this code in",
      says: "With a login of the portal only: a token may not.",
    body: z.object({ code: z.string().min(1).max(40) }), answer: Done,
    run: async ({ identity }, { caller, bearer, body }) => {
      if (bearer) throw new Fault("forbidden", "A token cannot let a terminal in: it is not a login with every factor. Type the code in the portal.");
      await approveTerminal(identity, caller.person, body.code, { address: caller.address, means: caller.means });
      return ok;
    },
  }),
  endpoint({
    method: "post", path: "/me/terminals/{id}/deny", tag, summary: "Keep a terminal out", params: Id, answer: Done,
    run: async ({ identity }, { caller, params }) => {
      await denyTerminal(identity, caller.person, params.id as TerminalId, { address: caller.address, means: caller.means });
      return ok;
    },
  }),
];
