/** /exposures: who has seen what, and changing all of it. */
import { exposureLedger, seenBy, type LedgerAsk } from "../../flow/exposures.ts";
import { rotateSeen, seenRun } from "../../flow/rotate-seen.ts";
import { directory } from "../../identity/directory.ts";
import { may } from "../../domain/may.ts";
import { Fault } from "../../kernel/fault.ts";
import { Exposures, type ExposureQuery } from "../../../views/exposures.tsx";
import { isSettled, SeenPage, SeenRun } from "../../../views/seen.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const PAGE = 100;
/** A name nobody has is an empty answer with a sentence, not a page that is missing. */
const ledger = async (c: Ctx, deps: WebDeps, ask: LedgerAsk) => {
  try {
    return { list: await exposureLedger(deps.flow.db, callerOf(c), ask), unknown: null };
  } catch (e) {
    if (e instanceof Fault && e.code === "not_found") return { list: [], unknown: e.message };
    throw e;
  }
};
const list = async (c: Ctx, deps: WebDeps) => {
  const text = (name: string): string => (c.req.query(name) ?? "").trim().slice(0, 300),
    q: ExposureQuery = { person: text("person"), account: text("account"), standing: text("standing") === "1" },
    before = new Date(text("before"));
  const ask = {
    ...(q.person ? { person: q.person } : {}),
    ...(q.account ? { account: q.account } : {}),
    standing: q.standing,
    ...(Number.isNaN(before.getTime()) ? {} : { before }),
  };
  const { list: found, unknown } = await ledger(c, deps, { ...ask, limit: PAGE + 1 }),
    shown = found.slice(0, PAGE);
  const names = (await directory(deps.flow.db, me(c).person)).people.map((p) => p.name);
  return render(
    c,
    deps,
    { title: "Exposure", wide: true },
    <Exposures list={shown} q={q} names={names} next={found.length > PAGE ? shown.at(-1)!.at : null} unknown={unknown} />,
  );
};
const preview = async (c: Ctx, deps: WebDeps) => {
  const person = (c.req.query("person") ?? "").trim().slice(0, 100);
  if (person === "") throw new Fault("invalid", "Say whose: open this page from the ledger.");
  return render(
    c,
    deps,
    { title: "Everything seen", wide: true },
    <SeenPage seen={await seenBy(deps.flow.db, callerOf(c), person, c.req.query("used") === "1")} rotates={may(me(c).person, "exposure.rotate")} />,
  );
};
const rotate = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c);
  if (!f["person"]) throw new Fault("invalid", "Say whose: open this page from the ledger.");
  const whom = { person: f["person"], usedToo: f["used"] === "1", reason: (f["reason"] ?? "").trim().slice(0, 300) };
  return c.redirect(`/exposures/runs/${await rotateSeen(deps.flow, callerOf(c), whom)}`, 303);
};
const run = async (c: Ctx, deps: WebDeps) => {
  const facts = await seenRun(deps.flow.db, callerOf(c), param(c, "id"));
  return render(c, deps, { title: "Changing what was seen", wide: true, ...(isSettled(facts) ? {} : { refresh: 2 }) }, <SeenRun {...facts} />);
};

export const EXPOSURES: readonly Route[] = [
  { method: "GET", path: "/exposures", act: "exposure.see", handle: list },
  { method: "GET", path: "/exposures/seen", act: "exposure.see", handle: preview },
  { method: "POST", path: "/exposures/rotate", act: "exposure.rotate", handle: rotate },
  { method: "GET", path: "/exposures/runs/:id", act: "exposure.see", handle: run },
];
