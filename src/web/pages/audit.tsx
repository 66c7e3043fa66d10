/** /audit: the log, filtered and paged; its gap check; its export. */
import { checkList, checkOne, openCheck } from "../../flow/audit-check.ts";
import { exportEvents } from "../../flow/audit-export.ts";
import { singleAdministrator } from "../../flow/four-eyes.ts";
import { audit } from "../../flow/look.ts";
import { EVENTS, OUTCOMES } from "../../domain/audit.ts";
import { verdictOf } from "../../domain/audit-chain.ts";
import { may } from "../../domain/may.ts";
import { FORMATS, TYPE, type Format } from "../../domain/audit-export.ts";
import { Fault } from "../../kernel/fault.ts";
import { AuditCheck } from "../../../views/audit-check.tsx";
import { Audit, type AuditQuery } from "../../../views/audit.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { day, fields, whole } from "../forms.ts";
import { bodyOf } from "../lines.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const PAGE = 100;
const queryOf = (get: (name: string) => string | undefined): AuditQuery => {
  const text = (name: string, most: number): string => (get(name) ?? "").trim().slice(0, most),
    outcome = text("outcome", 10);
  return {
    text: text("text", 100),
    what: text("what", 40),
    who: text("who", 100),
    about: text("about", 80),
    outcome: (OUTCOMES as readonly string[]).includes(outcome) ? outcome : "",
    from: text("from", 10),
    to: text("to", 10),
  };
};
const filterOf = ({ text, what, who, about, outcome, ...q }: AuditQuery) => {
  const from = day(q.from),
    to = day(q.to, 1),
    words = Object.fromEntries(Object.entries({ text, what, who, about, outcome }).filter(([, v]) => v !== ""));
  return { ...words, ...(from ? { from } : {}), ...(to ? { to } : {}) };
};

const list = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c),
    q = queryOf((name) => c.req.query(name)),
    before = whole(c.req.query("before")),
    { db } = deps.flow;
  const rows = await audit(db, person, { ...filterOf(q), ...(before === undefined ? {} : { before }), limit: PAGE + 1 }),
    [last] = await checkList(db, callerOf(c));
  const check = last === undefined ? null : { ...last, says: verdictOf(last, deps.flow.times.sweep) };
  return render(
    c,
    deps,
    { title: "Audit log", wide: true },
    <Audit
      events={rows.slice(0, PAGE)}
      q={q}
      names={EVENTS}
      outcomes={OUTCOMES}
      more={rows.length > PAGE}
      check={check}
      alone={await singleAdministrator(db)}
      manages={may(person, "person.manage")}
    />,
  );
};
/** A POST, because taking the log away is written to it. */
const take = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c),
    format = FORMATS.find((x) => x === f["format"]) ?? ("jsonl" as Format);
  const lines = await exportEvents(deps.flow, callerOf(c), { format, after: -1, filter: filterOf(queryOf((name) => f[name])) });
  return c.body(bodyOf(lines, c.req.path, deps.flow.log), 200, {
    "Content-Type": TYPE[format],
    "Content-Disposition": `attachment; filename="audit-${deps.flow.clock.now().toISOString().slice(0, 10)}.${format}"`,
  });
};
const begin = async (c: Ctx, deps: WebDeps) => c.redirect(`/audit/checks/${await openCheck(deps.flow, callerOf(c))}`, 303);
const check = async (c: Ctx, deps: WebDeps) => {
  const id = param(c, "id");
  if (id === "") throw new Fault("not_found", "No such check.");
  const one = await checkOne(deps.flow.db, callerOf(c), id),
    earlier = await checkList(deps.flow.db, callerOf(c)),
    says = (x: typeof one) => ({ ...x, says: verdictOf(x, deps.flow.times.sweep) });
  return render(
    c,
    deps,
    { title: "Check of the audit log", ...(one.state === "running" ? { refresh: 1 } : {}) },
    <AuditCheck check={says(one)} earlier={earlier.filter((x) => x.id !== one.id).map(says)} />,
  );
};

export const AUDIT: readonly Route[] = [
  { method: "GET", path: "/audit", act: "audit.read", handle: list },
  { method: "POST", path: "/audit/export", act: "audit.export", handle: take },
  { method: "POST", path: "/audit/checks", act: "audit.check", handle: begin },
  { method: "GET", path: "/audit/checks/:id", act: "audit.read", handle: check },
];
