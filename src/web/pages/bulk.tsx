/** /bulk: many passwords changed, followed and moved. Rule: a typed password travels sealed from the preview to the press; the page never holds it. */
import { z } from "zod";
import { BulkTerms, Choice, HOW, ITEM_STATES, Recipients, type How, type ItemState } from "../../domain/bulk.ts";
import { may } from "../../domain/may.ts";
import { bulkPreview, openBulk, type BulkWish } from "../../flow/bulk.ts";
import { bulkCard, bulkItems, bulkList } from "../../flow/bulk-look.ts";
import { MOVES, moveBulk, type BulkMove } from "../../flow/bulk-moves.ts";
import { sharedPassword } from "../../flow/bulk-shared.ts";
import { collectionList } from "../../flow/collections.ts";
import { deliveriesAbout } from "../../flow/notices.ts";
import { targetList } from "../../flow/registers.ts";
import { untriedOf } from "../../flow/untried.ts";
import { Fault } from "../../kernel/fault.ts";
import { isId, type BulkId } from "../../kernel/ids.ts";
import type { Secret } from "../../kernel/secret.ts";
import { BulkForm } from "../../../views/bulk-form.tsx";
import { BulkPreviewPage } from "../../../views/bulk-preview.tsx";
import { BulkLive, BulkPage, Bulks, type BulkPageView } from "../../../views/bulk.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { lines, many, secretField, textField, whole, words } from "../forms.ts";
import { live } from "../live.ts";
import { me } from "../login-session.ts";
import { openSecret, sealSecret, showShared } from "../release.tsx";
import { fragment, render } from "../render.tsx";
import type { Route } from "../route.ts";
import { nobodyTold } from "../told.ts";

const PAGE = 200, LIST = 50;
const idOf = (c: Ctx): BulkId => {
  const id = param(c, "id");
  if (!isId("bulk", id)) throw new Fault("not_found", "No such bulk change.");
  return id;
};
const list = async (c: Ctx, deps: WebDeps) => {
  const before = new Date(c.req.query("before") ?? ""), found = await bulkList(deps.flow.db, callerOf(c), { limit: LIST + 1, ...(Number.isNaN(before.getTime()) ? {} : { before }) }), shown = found.slice(0, LIST);
  return render(c, deps, { title: "Bulk changes", wide: true }, <Bulks list={shown} begins={may(me(c).person, "bulk.open")} next={found.length > LIST ? shown.at(-1)!.bulk.at : null} />);
};

/** Of a form, or of an address that names what to begin with. Lists stand one a line. */
export const choiceOf = async (c: Ctx): Promise<z.infer<typeof Choice>> => parsed(Choice, {
  accounts: lines(await textField(c, "accounts")), targets: lines(await textField(c, "targets")), search: await textField(c, "search"),
  // Ticked in the form; one a line in what the preview carries on.
  groups: [...await many(c, "groups"), ...lines(await textField(c, "groupLines"))],
});
export const termsOf = async (c: Ctx): Promise<BulkTerms> => {
  const given = await Promise.all(Object.keys(BulkTerms.shape).map(async (name) => [name, whole(await textField(c, name))] as const));
  return parsed(BulkTerms, Object.fromEntries(given.filter(([, n]) => n !== undefined)));
};
export const notifyOf = async (c: Ctx): Promise<Recipients> => parsed(Recipients, {
  people: words(await textField(c, "tell")), groups: words(await textField(c, "tellGroups")), addresses: (await textField(c, "addresses")).split(",").map((a) => a.trim()).filter((a) => a !== ""),
});
/** What is wrong with a form, in one sentence. */
export const parsed = <T extends z.ZodType>(shape: T, value: unknown): z.infer<T> => {
  const got = shape.safeParse(value);
  if (!got.success) throw new Fault("invalid", got.error.issues.map((i) => `${i.path.length > 0 ? `${i.path.join(".")}: ` : ""}${i.message}`).slice(0, 4).join("; "));
  return got.data;
};

const NONE: z.infer<typeof Choice> = { accounts: [], targets: [], groups: [], search: "" };
const targetsOf = async (c: Ctx, deps: WebDeps) => {
  const mine = await targetList(deps.flow.db, me(c).person);
  return { targets: mine.map((t) => t.name), untried: await untriedOf(deps.flow.db, mine) };
};
export const offersOf = async (c: Ctx, deps: WebDeps) => ({ groups: (await collectionList(deps.flow.db, callerOf(c))).map((g) => g.name), ...(await targetsOf(c, deps)) });
export const bulkForm = async (c: Ctx, deps: WebDeps, choice: Partial<z.infer<typeof Choice>>) =>
  render(c, deps, { title: "Change many passwords" }, <BulkForm choice={{ ...NONE, ...choice }} offers={await offersOf(c, deps)} terms={BulkTerms.parse({})} nobody={nobodyTold(deps)} />);
const form = (c: Ctx, deps: WebDeps) => {
  const q = (name: string): string => (c.req.query(name) ?? "").trim().slice(0, 300), list = (text: string) => (text === "" ? [] : [text]);
  return bulkForm(c, deps, { search: q("q"), targets: list(q("target")), groups: list(q("group")), accounts: list(q("account")) });
};

const howOf = async (c: Ctx): Promise<How> => parsed(z.enum(HOW), await textField(c, "how"));
/** Typed twice, or the sealed one of the preview; null: none is given. */
const typedTwice = async (c: Ctx): Promise<Secret> => {
  const f = { password: await textField(c, "password"), again: await textField(c, "again") };
  if (f.password !== f.again) throw new Fault("invalid", "The two passwords do not match. Nothing was changed.");
  return secretField(f, "password");
};
const wishOf = async (c: Ctx): Promise<BulkWish> => ({ choice: await choiceOf(c), how: await howOf(c), apply: (await textField(c, "apply")) === "yes", cut: (await textField(c, "cut")) === "yes" });
/** The form again, as fields of the next press. */
const carriedOf = async (c: Ctx, wish: BulkWish): Promise<Record<string, string>> => {
  const names = ["search", "accounts", "targets", "how", "reason", "tell", "tellGroups", "addresses", ...Object.keys(BulkTerms.shape)], given = await Promise.all(names.map(async (n) => [n, await textField(c, n)] as const));
  return { ...Object.fromEntries(given), groupLines: wish.choice.groups.join("\n"), apply: wish.apply ? "yes" : "", cut: wish.cut ? "yes" : "" };
};
const preview = async (c: Ctx, deps: WebDeps) => {
  const wish = await wishOf(c), notify = await notifyOf(c), reason = (await textField(c, "reason")).trim();
  await termsOf(c);
  if (reason.length < 3) throw new Fault("invalid", "Say why, in three or more characters.");
  using password = wish.how === "given" ? await typedTwice(c) : wish.how === "shown" ? await sharedPassword(deps.flow, callerOf(c), wish.choice) : undefined;
  const { list: affected, digest } = await bulkPreview(deps.flow, callerOf(c), { ...wish, password }), sealed = password && wish.how === "given" ? sealSecret(deps, me(c).person.id, password) : "";
  const carried = { ...await carriedOf(c, wish), seen: digest, sealed }, told = notify.people.length + notify.groups.length + notify.addresses.length;
  return render(c, deps, { title: "Who is affected", wide: true }, <BulkPreviewPage list={affected} how={wish.how} apply={wish.apply} cut={wish.cut} reason={reason} carried={carried} nobody={nobodyTold(deps)} told={told} />);
};
const begin = async (c: Ctx, deps: WebDeps) => {
  const wish = await wishOf(c), caller = callerOf(c);
  const rest = { reason: await textField(c, "reason"), terms: await termsOf(c), notify: await notifyOf(c), seen: await textField(c, "seen") };
  using password = wish.how === "given" ? openSecret(deps, me(c).person.id, await textField(c, "sealed")) : wish.how === "shown" ? await sharedPassword(deps.flow, caller, wish.choice) : undefined;
  const id = await openBulk(deps.flow, caller, { ...wish, ...rest, password });
  return password && wish.how === "shown" ? showShared(c, deps, id, password) : c.redirect(`/bulk/${id}`, 303);
};

const stateOf = (c: Ctx): ItemState | null => ITEM_STATES.find((s) => s === c.req.query("state")) ?? null;
/** Without a state: what failed first, then the rest, until the page is full. */
const facts = async (c: Ctx, deps: WebDeps): Promise<BulkPageView> => {
  const id = idOf(c), { db } = deps.flow, caller = callerOf(c), card = await bulkCard(db, caller, id), state = stateOf(c), after = whole(c.req.query("after"));
  const asked = { limit: PAGE + 1, ...(state ? { states: [state] } : {}), ...(after === undefined ? {} : { after }) }, found = await bulkItems(db, caller, id, asked), shown = found.slice(0, PAGE);
  const bad = state === null && after === undefined ? (await bulkItems(db, caller, id, { states: ["failed", "skipped"], limit: PAGE })) : [], first = new Set(bad.map((b) => b.no));
  const more = found.length > PAGE ? `/bulk/${id}?${new URLSearchParams({ ...(state ? { state } : {}), after: String(shown.at(-1)!.no) }).toString()}` : null;
  return { ...card, state, more, list: [...bad, ...shown.filter((i) => !first.has(i.no))] };
};
/** What became of every mail and webhook about it; whoever may see it may see that. */
export const toldOf = async (c: Ctx, deps: WebDeps, about: Readonly<Record<string, string>>) =>
  ({ list: await deliveriesAbout(deps.flow.db, about), manages: may(me(c).person, "notice.manage") });
const page = async (c: Ctx, deps: WebDeps) => {
  const f = await facts(c, deps), over = f.bulk.state === "done" || f.bulk.state === "stopped", told = await toldOf(c, deps, { bulk: f.bulk.id });
  return render(c, deps, { title: "Bulk change", wide: true, ...(over ? {} : { plainRefresh: 5 }) }, <BulkPage {...f} told={told} />);
};
const view = async (c: Ctx, deps: WebDeps) => fragment(c, deps, <BulkLive {...await facts(c, deps)} />);
const move = (m: BulkMove) => async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c);
  await moveBulk(deps.flow, callerOf(c), id, m);
  return c.redirect(`/bulk/${id}`, 303);
};

export const BULK: readonly Route[] = [
  { method: "GET", path: "/bulk", act: "bulk.see", verb: true, handle: list },
  { method: "GET", path: "/bulk/new", act: "bulk.open", handle: form },
  { method: "POST", path: "/bulk/preview", act: "bulk.open", handle: preview },
  { method: "POST", path: "/bulk", act: "bulk.open", handle: begin },
  { method: "GET", path: "/bulk/:id", act: "bulk.see", verb: true, handle: page },
  { method: "GET", path: "/bulk/:id/view", act: "bulk.see", verb: true, handle: view },
  { method: "GET", path: "/bulk/:id/live", act: "bulk.see", verb: true, handle: async (c, deps) => { const id = idOf(c); await bulkCard(deps.flow.db, callerOf(c), id); return live(c, deps, id); } },
  ...MOVES.map((m): Route => ({ method: "POST", path: `/bulk/:id/${m}`, act: "bulk.move", verb: true, handle: move(m) })),
];
