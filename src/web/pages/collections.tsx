/** /collections: groups of targets and accounts. */
import { collectionList, dropCollection, putCollection } from "../../flow/collections.ts";
import { accountCards } from "../../flow/look.ts";
import { Fault } from "../../kernel/fault.ts";
import { isId, type CollectionId } from "../../kernel/ids.ts";
import { targetList } from "../../flow/registers.ts";
import { Collections } from "../../../views/collections.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { many } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const idOf = (c: Ctx): CollectionId => {
  const id = param(c, "id");
  if (!isId("collection", id)) throw new Fault("not_found", "No such group.");
  return id;
};
const list = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c),
    { db } = deps.flow,
    cards = (await accountCards(db, person)).filter((a) => a.manage);
  return render(
    c,
    deps,
    { title: "Groups of targets and accounts" },
    <Collections list={await collectionList(db, callerOf(c))} targets={await targetList(db, person)} cards={cards} />,
  );
};
const put = (id: (c: Ctx) => CollectionId | undefined) => async (c: Ctx, deps: WebDeps) => {
  const known = id(c),
    name = ((await many(c, "name"))[0] ?? "").trim();
  await putCollection(deps.flow, callerOf(c), name, await many(c, "members"), known);
  return c.redirect(`/collections?done=${known ? "changed" : "added"}`, 303);
};
const drop = async (c: Ctx, deps: WebDeps) => {
  await dropCollection(deps.flow, callerOf(c), idOf(c));
  return c.redirect("/collections?done=removed", 303);
};

export const COLLECTIONS: readonly Route[] = [
  { method: "GET", path: "/collections", act: "target.add", handle: list },
  { method: "POST", path: "/collections", act: "target.add", handle: put(() => undefined) },
  { method: "POST", path: "/collections/:id", act: "target.add", handle: put(idOf) },
  { method: "POST", path: "/collections/:id/remove", act: "target.add", handle: drop },
];
