/** /accounts/several: one act on those that were ticked, or on all a search shows: preview, then done. */
import { ACTS, preview as affected, several, type SeveralAct } from "../../flow/several.ts";
import { Fault } from "../../kernel/fault.ts";
import { SeveralPreview, SeveralResult } from "../../../views/several.tsx";
import { callerOf } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { many } from "../forms.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";
import { find, queryOf } from "./accounts.tsx";
import { bulkForm } from "./bulk.tsx";

const first = async (c: Ctx, name: string): Promise<string> => (await many(c, name))[0] ?? "";
const actOf = async (c: Ctx): Promise<SeveralAct> => {
  const wanted = await first(c, "act"), act = ACTS.find((a) => a === wanted);
  if (act === undefined) throw new Fault("invalid", "Choose what to do with them.");
  return act;
};
const chosen = async (c: Ctx, deps: WebDeps): Promise<string[]> =>
  ((await first(c, "shown")) === "yes" ? (await find(c, deps, queryOf(await first(c, "q")))).cards.filter((a) => a.manage).map((a) => a.account.id) : many(c, "account"));

/** Changing passwords is a bulk change: it outlives the press, and can be followed, paused and repeated. */
const toBulk = async (c: Ctx, deps: WebDeps) => {
  if ((await first(c, "shown")) === "yes") return bulkForm(c, deps, { search: queryOf(await first(c, "q")) || "@" });
  const ids = await many(c, "account"), { all } = await find(c, deps, "");
  if (ids.length === 0) throw new Fault("invalid", "No account was chosen. Tick one or more in the list.");
  if (ids.some((id) => !all.some((a) => a.account.id === id))) throw new Fault("not_found", "One of these accounts does not exist, or is not yours to see.");
  return bulkForm(c, deps, { accounts: all.filter((a) => ids.includes(a.account.id)).map((a) => `${a.account.name}@${a.target.name}`) });
};
const preview = async (c: Ctx, deps: WebDeps) => {
  const act = await actOf(c);
  if (act === "rotate") return toBulk(c, deps);
  return render(c, deps, { title: "Who is affected", wide: true }, <SeveralPreview act={act} list={await affected(deps.flow, callerOf(c), act, await chosen(c, deps))} />);
};
const run = async (c: Ctx, deps: WebDeps) => {
  const act = await actOf(c), done = await several(deps.flow, callerOf(c), act, await many(c, "account"), await first(c, "reason"));
  return render(c, deps, { title: "Done", wide: true }, <SeveralResult act={act} list={done} />);
};

export const SEVERAL: readonly Route[] = [
  { method: "POST", path: "/accounts/several", act: "target.add", handle: preview },
  { method: "POST", path: "/accounts/several/run", act: "target.add", handle: run },
];
