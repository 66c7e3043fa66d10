/** One search over everything the caller may see. */
import { z } from "@hono/zod-openapi";
import { search as find } from "../../flow/search.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";

const Hit = z.object({ kind: z.enum(["account", "target", "person", "request", "session"]), id: z.string(), name: z.string(), says: z.string() });
export const search: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/search",
    tag: "search",
    summary: "Accounts, targets, people, requests and sessions you may see",
    query: z.object({ q: z.string().trim().min(1).max(100) }),
    answer: z.object({ items: z.array(Hit) }).openapi("SearchResult"),
    run: async (deps, { caller, query }) => {
      const f = await find(deps.flow.db, caller, query.q);
      return {
        items: [
          ...f.accounts.map((c) => ({
            kind: "account" as const,
            id: c.account.id,
            name: `${c.account.name}@${c.target.name}`,
            says: c.standing.word,
          })),
          ...f.targets.map((t) => ({ kind: "target" as const, id: t.id, name: t.name, says: `${t.host}:${t.port}` })),
          ...f.people.map((p) => ({ kind: "person" as const, id: p.id, name: p.name, says: p.roles.join(", ") })),
          ...f.requests.map((l) => ({
            kind: "request" as const,
            id: l.request.id,
            name: `${l.accountName}@${l.targetName}`,
            says: `${l.request.state}, by ${l.requesterName}: ${l.request.terms.reason}`,
          })),
          ...f.sessions.map((l) => ({
            kind: "session" as const,
            id: l.session.id,
            name: `${l.accountName}@${l.targetName}`,
            says: `${l.session.state}, ${l.personName}`,
          })),
        ],
      };
    },
  }),
];
