/** Importing targets and accounts, and their groups. Rule: dryRun says what every row would do; the text is never part of an answer. */
import { z } from "@hono/zod-openapi";
import { isId } from "../../kernel/ids.ts";
import { Fault } from "../../kernel/fault.ts";
import { collectionList, dropCollection, putCollection } from "../../flow/collections.ts";
import { planImport, runImport } from "../../flow/import.ts";
import { Done, endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";

const tag = "import";
const Body = z.object({
  format: z.enum(["csv", "json"]),
  text: z.string().min(1).openapi({ description: "the file; it may hold passwords", writeOnly: true }),
  dryRun: z.boolean().default(false),
});
const Row = z.object({
  line: z.int(),
  name: z.string(),
  outcome: z.enum(["ready", "done", "same", "left_out", "failed"]),
  did: z.array(z.string()),
  why: z.array(z.string()),
});
const Rows = z
  .object({ whole: z.string().nullable().openapi({ description: "what is wrong with the file itself" }), rows: z.array(Row) })
  .openapi("Import");

const Collection = z.object({ id: z.string(), name: z.string(), members: z.array(z.string()) }).openapi("Collection");
const Put = z.object({
  name: z.string().trim(),
  members: z.array(z.string().min(1).max(80)).max(5_000).default([]).openapi({ description: "ids of targets and accounts" }),
});
const idOf = (text: string) => {
  if (!isId("collection", text)) throw new Fault("not_found", "No such group.");
  return text;
};

export const imports: readonly Endpoint[] = [
  endpoint({
    method: "post",
    path: "/import",
    tag,
    summary: "Import targets and accounts from CSV or JSON",
    body: Body,
    answer: Rows,
    run: async (deps, { caller, body: { format, text, dryRun } }) => {
      if (!dryRun)
        return { whole: null, rows: (await runImport(deps.flow, caller, format, text)).map((r) => ({ ...r, did: [...r.did], why: [...r.why] })) };
      const plan = await planImport(deps.flow, caller, format, text);
      const outcome = (r: (typeof plan.rows)[number]) =>
        r.errors.length > 0 ? ("left_out" as const) : r.does.length > 0 ? ("ready" as const) : ("same" as const);
      return {
        whole: plan.whole,
        rows: plan.rows.map((r) => ({ line: r.line, name: r.name, outcome: outcome(r), did: [...r.does], why: [...r.errors] })),
      };
    },
  }),
  endpoint({
    method: "get",
    path: "/collections",
    tag,
    summary: "Groups of targets and accounts",
    query: Paging,
    answer: pageOf(Collection),
    run: async (deps, { caller, query }) => {
      const p = cut(await collectionList(deps.flow.db, caller), query, (x) => x.id);
      return { ...p, items: p.items.map((x) => ({ ...x, members: [...x.members] })) };
    },
  }),
  endpoint({
    method: "post",
    path: "/collections",
    tag,
    summary: "Add a group of targets and accounts",
    body: Put,
    answer: z.object({ id: z.string() }),
    status: 201,
    run: async (deps, { caller, body }) => ({ id: await putCollection(deps.flow, caller, body.name, body.members) }),
  }),
  endpoint({
    method: "put",
    path: "/collections/{id}",
    tag,
    summary: "Set its name and members",
    params: Id,
    body: Put,
    answer: z.object({ id: z.string() }),
    run: async (deps, a) => ({ id: await putCollection(deps.flow, a.caller, a.body.name, a.body.members, idOf(a.params.id)) }),
  }),
  endpoint({
    method: "delete",
    path: "/collections/{id}",
    tag,
    summary: "Remove a group; its members stay",
    params: Id,
    answer: Done,
    run: async (deps, a) => {
      await dropCollection(deps.flow, a.caller, idOf(a.params.id));
      return { ok: true as const };
    },
  }),
];
