/** Accounts: looked at, added, adopted, rotated, verified, blocked. Rule: `{id}` is an id or `root@web-1`; unknown and not allowed read the same. */
import { z } from "@hono/zod-openapi";
import type { AccountId, RotationId } from "../../kernel/ids.ts";
import { changeAccount, declarePassword } from "../../flow/account-change.ts";
import { addAccount, adopt, rotateNow, setBlock } from "../../flow/accounts.ts";
import { changePassword } from "../../flow/change-password.ts";
import { accountCard, accountCards, accountHistory } from "../../flow/look.ts";
import { ACTS, MOST, preview, several } from "../../flow/several.ts";
import { verify } from "../../flow/verify.ts";
import { preflight } from "../../flow/preflight.ts";
import { target } from "../../flow/registers.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { AccountSecret } from "./people.ts";
import { AccountOut, accountOut, iso, RotationOut, rotationOut, When } from "./shapes.ts";

const tag = "accounts";
const find = (deps: ApiDeps, { caller }: Who, text: string) => accountCard(deps.flow.db, caller.person, text);
const opened = async (deps: ApiDeps, { caller }: Who, id: RotationId) => rotationOut(await deps.shelf.rotation(caller, id));

const Add = z.object({
  target: z.string().min(1).openapi({ description: "name or id of its target" }), login: z.string().min(1).max(128), passwordPolicy: z.string().max(40).optional().openapi({ description: "of its own; without one it goes by its target's, its platform's, or medium" }),
  password: AccountSecret.optional(), adopt: z.boolean().default(false),
});
const add: Endpoint = endpoint({
  method: "post", path: "/accounts", tag, summary: "Add an account", says: "A password typed here is an exposure of its typist.", body: Add, answer: AccountOut, status: 201,
  run: async (deps, a) => {
    const { login: name, passwordPolicy, password, adopt: now } = a.body;
    try {
      const { id } = await target(deps.flow.db, a.caller.person, a.body.target);
      return accountOut(await find(deps, a, (await addAccount(deps.flow, a.caller, { target: id, name, passwordPolicy, password, adopt: now })).id));
    } finally { password?.wipe(); }
  },
});

const Tags = z.array(z.string().min(1).max(40)).max(40);
const Change = z.object({ passwordPolicy: z.string().max(40).nullable().optional().openapi({ description: "null: none of its own" }), tags: Tags.optional() });
const change: Endpoint = endpoint({
  method: "patch", path: "/accounts/{id}", tag, summary: "Change an account's password policy or tags", params: Id, body: Change, answer: AccountOut,
  run: async (deps, a) => { const { account } = await find(deps, a, a.params.id); await changeAccount(deps.flow, a.caller, account.id, a.body); return accountOut(await find(deps, a, account.id)); },
});
const declare: Endpoint = endpoint({
  method: "post", path: "/accounts/{id}/declare", tag, summary: "Give the vault the password of an account nobody manages yet", says: "You know it then: an exposure. It counts as declared until a login has proven it.",
  params: Id, body: z.object({ password: AccountSecret }), answer: AccountOut,
  run: async (deps, a) => {
    using password = a.body.password;
    const { account } = await find(deps, a, a.params.id);
    await declarePassword(deps.flow, a.caller, account.id, password);
    return accountOut(await find(deps, a, account.id));
  },
});

const Secretly = z.object({
  password: AccountSecret.optional().openapi({ description: "without one it is generated" }), remote: z.boolean().default(true).openapi({ description: "false: the target has it already; the vault asks the target" }),
  reason: z.string().trim().max(500).default(""), cut: z.boolean().default(false).openapi({ description: "end what others hold of it first; needs a reason" }),
  probe: z.boolean().default(false).openapi({ description: "with remote: false on an account nobody manages: ask the target too" }),
});
const Opened = z.object({
  rotation: RotationOut.nullable().openapi({ description: "poll it until `done`; null: kept as declared, nobody was asked" }),
  joined: z.boolean().openapi({ description: "a change was open already and this is it; the password given here was not kept" }),
}).openapi("PasswordChange");
const password: Endpoint = endpoint({
  method: "post", path: "/accounts/{id}/password", tag, summary: "Change its password: given here or generated, on the target or in the vault alone",
  says: "A password given here is an exposure of whoever gave it. Every rule of its policy that it breaks is named at once. `outcome` of the rotation says what came of it: changed, unchanged, or being settled.",
  params: Id, body: Secretly, answer: Opened, status: 202,
  run: async (deps, a) => {
    const { password: given, ...wish } = a.body;
    try {
      const r = await changePassword(deps.flow, a.caller, (await find(deps, a, a.params.id)).account.id, { ...wish, password: given ?? null });
      return { rotation: r.rotation && await opened(deps, a, r.rotation), joined: r.joined };
    } finally { given?.wipe(); }
  },
});

const Several = z.object({ act: z.enum(ACTS), accounts: z.array(z.string().min(1).max(300)).max(MOST), reason: z.string().trim().max(300).default(""), dryRun: z.boolean().default(false).openapi({ description: "only say who would be affected" }) });
const SeveralOut = z.object({ items: z.array(z.object({ account: z.string(), ok: z.boolean(), said: z.string(), rotation: z.string().nullable() })) }).openapi("Several");
const onSeveral: Endpoint = endpoint({
  method: "post", path: "/accounts/several", tag, summary: "Rotate, verify, block or free several accounts", says: "Each by itself; one that fails leaves the others alone.", body: Several, answer: SeveralOut,
  run: async (deps, { caller, body: b }) => {
    if (!b.dryRun) return { items: (await several(deps.flow, caller, b.act, b.accounts, b.reason)).map((o) => ({ account: o.name, ok: o.ok, said: o.said, rotation: o.rotation })) };
    return { items: (await preview(deps.flow, caller, b.act, b.accounts)).map((x) => ({ account: x.name, ok: x.stops === null, said: x.stops ?? `${x.liveSessions} live sessions`, rotation: null })) };
  },
});

const Reason = z.object({ reason: z.string().trim().max(500).default("") });
const Verdict = z.object({ verdict: z.enum(["in_force", "not_in_force", "unknown"]), by: z.enum(["compare", "login"]), why: z.string() }).openapi("Verdict");
const VersionOut = z.object({ id: z.string(), no: z.int(), status: z.string(), origin: z.string(), createdAt: When, provenAt: When });
const Typed = z.object({ by: z.string().nullable(), at: When, changesAt: When }).nullable().openapi({ description: "the password the vault goes by, if a person typed it; `changesAt` is null until the account is managed" });
const History = z.object({
  typed: Typed,
  versions: z.array(VersionOut), rotations: z.array(RotationOut), exposures: z.array(z.object({ person: z.string(), version: z.string(), request: z.string().nullable(), how: z.string(), at: When })),
  closures: z.array(z.object({ rotation: z.string(), step: z.string(), dueAt: When, doneAt: When, fresh: z.string().nullable(), old: z.string().nullable() })),
}).openapi("History");

const history: Endpoint = endpoint({
  method: "get", path: "/accounts/{id}/history", tag, summary: "Versions, rotations, exposures and closure checks of an account", params: Id, answer: History,
  run: async (deps, a) => {
    const card = await find(deps, a, a.params.id), h = await accountHistory(deps.flow.db, a.caller.person, card.account.id, deps.flow.times), account = `${card.account.name}@${card.target.name}`;
    return {
      typed: h.typed && { by: h.typed.by, at: iso(h.typed.at), changesAt: iso(h.typed.changesAt) },
      versions: h.versions.map((v) => ({ ...v, createdAt: iso(v.createdAt), provenAt: iso(v.provenAt) })), rotations: h.rotations.map((r) => rotationOut({ rotation: r, openedAt: r.openedAt, account })),
      exposures: h.exposures.map((e) => ({ ...e, at: iso(e.at) })), closures: h.closures.map((c) => ({ ...c, dueAt: iso(c.dueAt), doneAt: iso(c.doneAt), fresh: c.newResult, old: c.oldResult })),
    };
  },
});

const Rules = z.record(z.string(), z.number()).nullable().openapi({ description: "what the target said, in its own numbers; null: it did not say" });
const Preflight = z.object({ policy: z.string(), rules: Rules, why: z.string().nullable(), conflicts: z.array(z.object({ stops: z.boolean().openapi({ description: "the target will refuse our changes, or undo them" }), says: z.string() })) }).openapi("Preflight");
const lookAhead: Endpoint = endpoint({
  method: "post", path: "/accounts/{id}/preflight", tag, summary: "Read the target's own rules for its password, beside our policy", says: "Changes nothing.", params: Id, answer: Preflight,
  run: async (deps, a) => { const p = await preflight(deps.flow, a.caller, (await find(deps, a, a.params.id)).account.id); return { ...p, conflicts: [...p.conflicts], rules: p.rules && { ...p.rules } as Record<string, number> }; },
});

export const accounts: readonly Endpoint[] = [
  endpoint({
    method: "get", path: "/accounts", tag, summary: "Accounts you may see", query: Paging.extend({ offered: z.enum(["true", "false"]).optional().openapi({ description: "only what you may ask for" }) }), answer: pageOf(AccountOut),
    run: async (deps, { caller, query }) => {
      const all = await accountCards(deps.flow.db, caller.person), p = cut(query.offered === "true" ? all.filter((c) => c.offers.length > 0) : all, query, (c) => c.account.id);
      return { ...p, items: p.items.map(accountOut) };
    },
  }),
  endpoint({ method: "get", path: "/accounts/{id}", tag, summary: "One account", params: Id, answer: AccountOut, run: async (deps, a) => accountOut(await find(deps, a, a.params.id)) }),
  onSeveral, add, change, declare, password, lookAhead, history,
  endpoint({
    method: "post", path: "/accounts/{id}/adopt", tag, summary: "Take an account under management", says: "Two rotations in a row must succeed.", params: Id, answer: RotationOut, status: 202,
    run: async (deps, a) => opened(deps, a, await adopt(deps.flow, a.caller, (await find(deps, a, a.params.id)).account.id)),
  }),
  endpoint({
    method: "post", path: "/accounts/{id}/rotate", tag, summary: "Change its password now", says: "Poll the rotation until `done`.", params: Id, body: Reason, answer: RotationOut, status: 202,
    run: async (deps, a) => opened(deps, a, await rotateNow(deps.flow, a.caller, (await find(deps, a, a.params.id)).account.id, a.body.reason)),
  }),
  endpoint({
    method: "post", path: "/accounts/{id}/verify", tag, summary: "Does the vault's password still open the target?", params: Id, answer: Verdict,
    run: async (deps, a) => verify(deps.flow, a.caller, (await find(deps, a, a.params.id)).account.id as AccountId),
  }),
  endpoint({
    method: "post", path: "/accounts/{id}/block", tag, summary: "Disable, lock or free an account", says: "Blocking cuts its live sessions.", params: Id, body: Reason.extend({ block: z.enum(["none", "disabled", "locked"]) }), answer: AccountOut,
    run: async (deps, a) => {
      const { account } = await find(deps, a, a.params.id);
      await setBlock(deps.flow, a.caller, account.id, a.body.block, a.body.reason);
      return accountOut(await find(deps, a, account.id));
    },
  }),
];
