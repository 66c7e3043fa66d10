/** What lets agents in. Rule: a token, and the line it stands in, are in the answer that made them and in no other. */
import { z } from "@hono/zod-openapi";
import { EnrolmentInput, MODES } from "../../domain/agent.ts";
import { endEnrolment, newEnrolment } from "../../flow/agent-enrol.ts";
import { enrolmentList } from "../../flow/agent-look.ts";
import { Fault } from "../../kernel/fault.ts";
import type { EnrolmentId } from "../../kernel/ids.ts";
import { bundleOf, namedKeys, NO_KEY, NOT_BUILT } from "../agent-line.ts";
import { Done, endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { iso, When } from "./shapes.ts";

const tag = "agents",
  text = z.string();
const TokenOut = z
  .object({
    id: text,
    kind: z.enum(["once", "many"]),
    mode: z.enum(MODES),
    owner: text,
    by: text,
    at: When,
    expiresAt: When,
    maxUses: z.int(),
    used: z.int(),
  })
  .openapi("Enrolment");

export const enrolments: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/enrolments",
    tag,
    summary: "Tokens that still let a machine in",
    query: Paging,
    answer: pageOf(TokenOut),
    run: async (deps, a) => {
      const p = cut(await enrolmentList(deps.flow, a.caller), a.query, (e) => e.id);
      return {
        ...p,
        items: p.items.map((e) => ({
          id: e.id,
          kind: e.kind,
          mode: e.mode,
          owner: e.ownerName,
          by: e.byName,
          at: iso(e.at),
          expiresAt: iso(e.expiresAt),
          maxUses: e.maxUses,
          used: e.used,
        })),
      };
    },
  }),
  endpoint({
    method: "post",
    path: "/enrolments",
    tag,
    summary: "Let a machine in",
    says: "`line` is pasted into a root shell on it. Token and line are in this answer and never again.",
    body: EnrolmentInput,
    status: 201,
    secret: true,
    answer: z.object({ id: text, token: text, line: text, brokerKeys: z.array(text), owner: text, expiresAt: When, uses: z.int() }),
    run: async (deps, a) => {
      const bundle = bundleOf(deps.config.root),
        keys = namedKeys(deps.config.agentKeys ?? []);
      if (bundle === null || keys.length === 0) throw new Fault("invalid", bundle === null ? NOT_BUILT : NO_KEY);
      const made = await newEnrolment(deps.flow, a.caller, a.body),
        owner = a.body.owner ?? a.caller.person.name;
      return {
        id: made.enrolment.id,
        ...deps.doors.enrolment(made, { origin: deps.config.origin, sha256: bundle.sha256, brokerKeys: keys, mode: made.enrolment.mode, owner }),
        brokerKeys: [...keys],
        owner,
        expiresAt: iso(made.enrolment.expiresAt),
        uses: made.enrolment.maxUses,
      };
    },
  }),
  endpoint({
    method: "delete",
    path: "/enrolments/{id}",
    tag,
    summary: "End a token",
    says: "Whom it let in stays.",
    params: Id,
    answer: Done,
    run: async (deps, a) => {
      await endEnrolment(deps.flow, a.caller, a.params.id as EnrolmentId);
      return { ok: true as const };
    },
  }),
];
