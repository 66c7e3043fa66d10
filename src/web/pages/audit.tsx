/** /audit: the log, filtered and paged. */
import { audit } from "../../flow/look.ts";
import { EVENTS } from "../../domain/audit.ts";
import { Audit } from "../../../views/audit.tsx";
import type { Ctx, WebDeps } from "../deps.ts";
import { whole } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const PAGE = 100;
const list = async (c: Ctx, deps: WebDeps) => {
  const q = { text: (c.req.query("text") ?? "").trim().slice(0, 100), what: c.req.query("what") ?? "", about: (c.req.query("about") ?? "").slice(0, 80) }, before = whole(c.req.query("before"));
  const rows = await audit(deps.flow.db, me(c).person, { ...(q.text ? { text: q.text } : {}), ...(q.what ? { what: q.what } : {}), ...(q.about ? { about: q.about } : {}), ...(before === undefined ? {} : { before }), limit: PAGE + 1 });
  return render(c, deps, { title: "Audit log", wide: true }, <Audit events={rows.slice(0, PAGE)} q={q} names={EVENTS} more={rows.length > PAGE} />);
};
export const AUDIT: readonly Route[] = [{ method: "GET", path: "/audit", act: "audit.read", handle: list }];
