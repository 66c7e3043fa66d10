/** Who has seen which password, and changing all of it. Rule: ids, numbers and moments; no version's content. */
import { z } from "@hono/zod-openapi";
import { FORCES, HOW } from "../../domain/exposure.ts";
import { exposureLedger, seenBy } from "../../flow/exposures.ts";
import { rotateSeen, seenRun, type RunView } from "../../flow/rotate-seen.ts";
import { endpoint, Id, type Endpoint } from "./endpoint.ts";
import { newest, pageOf, Paging } from "./page.ts";
import { iso, When } from "./shapes.ts";

const tag = "exposures",
  text = z.string(),
  maybe = z.string().nullable(),
  how = z.enum(HOW),
  force = z.enum(FORCES),
  flag = z.enum(["true", "false"]).optional();
const ExposureOut = z
  .object({
    id: text,
    person: text,
    account: text,
    version: text,
    versionNo: z.int().nullable(),
    request: maybe,
    how,
    at: When,
    now: force,
    rotatedAt: When,
  })
  .openapi("Exposure");
const Filter = Paging.extend({
  person: z.string().max(100).optional().openapi({ description: "login name or id" }),
  account: z.string().max(300).optional().openapi({ description: "root@web-1 or an id" }),
  standing: flag.openapi({ description: "only what no proven change has ended since" }),
});

const SeenOut = z
  .object({
    account: text,
    hows: z.array(how),
    versions: z.int(),
    lastAt: When,
    now: force,
    heldBy: z.array(text),
    liveSessions: z.int(),
    openRotation: maybe,
    cannot: maybe,
    waits: maybe,
  })
  .openapi("SeenAccount");
const RunOut = z
  .object({
    id: text,
    person: text,
    by: text,
    reason: text,
    usedToo: z.boolean(),
    at: When,
    done: z.boolean(),
    endedAt: When,
    accounts: z.array(
      z.object({
        account: text,
        result: z.enum(["opened", "again", "refused", "not_needed"]).nullable(),
        rotation: maybe,
        rotationState: maybe,
        why: maybe,
      }),
    ),
  })
  .openapi("ExposureRun");
const runOut = ({ run: r, list }: RunView): z.input<typeof RunOut> => ({
  id: r.id,
  person: r.personName,
  by: r.byName,
  reason: r.reason,
  usedToo: r.usedToo,
  at: iso(r.at),
  done: r.endedAt !== null,
  endedAt: iso(r.endedAt),
  accounts: list.map((a) => ({ account: a.name, result: a.result, rotation: a.rotation, rotationState: a.rotationState, why: a.why })),
});
const Seen = z.object({
  person: z.string().min(1).max(100).openapi({ description: "login name or id" }),
  usedToo: flag.openapi({ description: "also what was only carried past them in a session" }),
});

export const exposures: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/exposures",
    tag,
    summary: "Who saw, typed or used which password, newest first",
    query: Filter,
    answer: pageOf(ExposureOut),
    run: async ({ flow: { db } }, { caller, query: { person, account, standing, ...paging } }) => {
      const ask = { ...(person ? { person } : {}), ...(account ? { account } : {}), standing: standing === "true" };
      const page = await newest(
        paging,
        (q) => exposureLedger(db, caller, { ...ask, ...q }),
        (e) => ({ at: e.at, id: e.id }),
      );
      return {
        ...page,
        items: page.items.map((e) => ({
          id: e.id,
          person: e.personName,
          account: `${e.accountName}@${e.targetName}`,
          version: e.version,
          versionNo: e.versionNo,
          request: e.request,
          how: e.how,
          at: iso(e.at),
          now: e.force,
          rotatedAt: iso(e.rotatedAt),
        })),
      };
    },
  }),
  endpoint({
    method: "get",
    path: "/exposures/seen",
    tag,
    summary: "What would be changed by changing everything a person has seen",
    query: Seen,
    answer: z.object({ person: text, usedToo: z.boolean(), items: z.array(SeenOut) }),
    run: async ({ flow: { db } }, { caller, query }) => {
      const s = await seenBy(db, caller, query.person, query.usedToo === "true");
      return {
        person: s.personName,
        usedToo: s.usedToo,
        items: s.list.map(({ name, force: now, account: _id, ...a }) => ({
          ...a,
          account: name,
          now,
          hows: [...a.hows],
          heldBy: [...a.heldBy],
          lastAt: iso(a.lastAt),
        })),
      };
    },
  }),
  endpoint({
    method: "post",
    path: "/exposures/rotate",
    tag,
    summary: "Change everything a person has seen",
    says: "Cuts live sessions of those accounts, then opens a rotation each. Poll the run; each account has its own result.",
    status: 202,
    body: z.object({ person: Seen.shape.person, usedToo: z.boolean().default(false), reason: z.string().trim().max(300).default("") }),
    answer: RunOut,
    run: async ({ flow }, { caller, body }) => runOut(await seenRun(flow.db, caller, await rotateSeen(flow, caller, body))),
  }),
  endpoint({
    method: "get",
    path: "/exposures/runs/{id}",
    tag,
    summary: "One run, account by account",
    params: Id,
    answer: RunOut,
    run: async ({ flow }, { caller, params }) => runOut(await seenRun(flow.db, caller, params.id)),
  }),
];
