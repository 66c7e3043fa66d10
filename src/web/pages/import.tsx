/** /targets/import: a file looked at, then imported. Rule: between the two the text travels sealed; the page never holds a password of it. */
import { planImport, runImport } from "../../flow/import.ts";
import { COLUMNS, formatOf, MOST_ROWS, template, type Format } from "../../domain/import.ts";
import { Fault } from "../../kernel/fault.ts";
import { ImportForm, ImportPreview, ImportResult } from "../../../views/import.tsx";
import { callerOf } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, textOrFile } from "../forms.ts";
import { me } from "../login-session.ts";
import { openText, sealText } from "../release.tsx";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const form = (c: Ctx, deps: WebDeps) => render(c, deps, { title: "Import" }, <ImportForm columns={COLUMNS} most={MOST_ROWS} />);
const preview = async (c: Ctx, deps: WebDeps) => {
  const text = await textOrFile(c, "text", "file");
  if (text.trim() === "") throw new Fault("invalid", "Give a file or paste its text: there was nothing in either.");
  const plan = await planImport(deps.flow, callerOf(c), formatOf(text), text);
  return render(
    c,
    deps,
    { title: "Import: what it would do", wide: true },
    <ImportPreview {...plan} sealed={sealText(deps, me(c).person.id, text)} />,
  );
};
const run = async (c: Ctx, deps: WebDeps) => {
  const text = openText(deps, me(c).person.id, (await fields(c))["sealed"] ?? "");
  return render(c, deps, { title: "Imported", wide: true }, <ImportResult rows={await runImport(deps.flow, callerOf(c), formatOf(text), text)} />);
};
const file = (format: Format) => (c: Ctx) =>
  c.body(template(format), 200, {
    "Content-Type": format === "csv" ? "text/csv; charset=utf-8" : "application/json",
    "Content-Disposition": `attachment; filename="lockstep-import.${format}"`,
  });

export const IMPORT: readonly Route[] = [
  { method: "GET", path: "/targets/import", act: "target.add", handle: form },
  { method: "GET", path: "/targets/import/template.csv", act: "target.add", handle: file("csv") },
  { method: "GET", path: "/targets/import/template.json", act: "target.add", handle: file("json") },
  { method: "POST", path: "/targets/import", act: "target.add", handle: preview },
  { method: "POST", path: "/targets/import/run", act: "target.add", handle: run },
];
