/** Command sets: devices with a command line, as data. Rule: what is proposed is inert until another admin accepts its hash; transcripts hold no password. */
import { z } from "@hono/zod-openapi";
import { accountCard } from "../../flow/look.ts";
import { acceptCommandSet, checkCommandSet, commandSetList, oneCommandSet, proposeCommandSet, type SetLine } from "../../flow/command-sets.ts";
import { platformTests, tryPlatform } from "../../flow/platform-test.ts";
import { target } from "../../flow/registers.ts";
import { GRADES, WIRES, type PlatformTest } from "../../domain/command-set/index.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { iso, When } from "./shapes.ts";

const tag = "command sets", text = z.string(), Hash = z.object({ hash: z.string().max(64) }), Body = z.object({ text: z.string().max(65_536).openapi({ description: "YAML" }) });
const Line = z.object({
  platform: text, called: text, grade: z.enum(GRADES), over: z.array(z.enum(WIRES)), hash: text.nullable().openapi({ description: "null: it comes with Lockstep" }),
  state: z.enum(["shipped", "proposed", "accepted"]), by: text.nullable(), at: When, acceptedBy: text.nullable(), acceptedAt: When,
}).openapi("CommandSet");
const Whole = z.object({ ...Line.shape, about: text, text }).openapi("CommandSetText");
const line = ({ kept, ...l }: SetLine): z.input<typeof Line> => ({
  platform: l.platform, called: l.called, grade: l.grade, over: [...l.over] as z.input<typeof Line>["over"], hash: kept?.hash ?? null,
  state: kept === null ? "shipped" : kept.accepted ? "accepted" : "proposed",
  by: kept?.byName ?? null, at: iso(kept?.at ?? null), acceptedBy: kept?.acceptedByName ?? null, acceptedAt: iso(kept?.accepted?.at ?? null),
});
const whole = (l: SetLine): z.input<typeof Whole> => ({ ...line(l), about: l.about, text: l.body });

const Mistakes = z.object({ mistakes: z.array(z.object({ line: z.int(), key: text, says: text })) });
const Said = z.array(z.object({ verb: text, over: text, said: z.array(z.object({ by: z.enum(["broker", "device"]), text })) }));
const Test = z.object({ id: text, passed: z.boolean(), changed: z.boolean(), why: text, at: When, transcript: Said }).openapi("PlatformTest");
const test = (t: PlatformTest): z.input<typeof Test> =>
  ({ id: t.id, passed: t.passed, changed: t.changed, why: t.why, at: iso(t.at), transcript: t.said.map((s) => ({ ...s, said: s.said.map((l) => ({ ...l })) })) });
const Try = z.object({ account: z.string().min(1).max(300), change: z.boolean().default(false).openapi({ description: "change its password once, by an ordinary rotation" }) });

export const commandSets: readonly Endpoint[] = [
  endpoint({
    method: "get", path: "/command-sets", tag, summary: "Command sets, shipped and our own", query: Paging, answer: pageOf(Line),
    run: async ({ flow: { db } }, { caller, query }) => { const p = cut(await commandSetList(db, caller), query, (l) => l.kept?.hash ?? l.platform); return { ...p, items: p.items.map(line) }; },
  }),
  endpoint({
    method: "post", path: "/command-sets/check", tag, summary: "What is wrong with a text, by line and key", body: Body, answer: Mistakes,
    run: (_deps, { caller, body }) => Promise.resolve({ mistakes: checkCommandSet(caller, body.text).map((m) => ({ ...m })) }),
  }),
  endpoint({
    method: "post", path: "/command-sets", tag, summary: "Propose a command set", says: "It is no platform until another admin accepts its hash.", body: Body, answer: Whole, status: 201,
    run: async ({ flow }, { caller, body }) => whole(await proposeCommandSet(flow, caller, body.text)),
  }),
  endpoint({
    method: "get", path: "/command-sets/{hash}", tag, summary: "One with its text, by hash or name", params: Hash, answer: Whole,
    run: async ({ flow: { db } }, { caller, params }) => whole(await oneCommandSet(db, caller, params.hash)),
  }),
  endpoint({
    method: "post", path: "/command-sets/{hash}/accept", tag, summary: "Accept the text with this hash", says: "Never by its author, where there is another admin.", params: Hash, answer: Whole,
    run: async ({ flow }, { caller, params }) => whole(await acceptCommandSet(flow, caller, params.hash)),
  }),
  endpoint({
    method: "post", path: "/platform-tests", tag, summary: "Try a target's command set on the device itself", body: Try, answer: Test,
    run: async ({ flow }, { caller, body }) => test((await tryPlatform(flow, caller, (await accountCard(flow.db, caller.person, body.account)).account.id, body.change)).test),
  }),
  endpoint({
    method: "get", path: "/platform-tests/{target}", tag, summary: "Trials on a target, the newest first", params: z.object({ target: z.string().max(80) }), answer: z.object({ items: z.array(Test) }),
    run: async ({ flow: { db } }, { caller, params }) => ({ items: (await platformTests(db, caller, (await target(db, caller.person, params.target)).id)).map(test) }),
  }),
];
