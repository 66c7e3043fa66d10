/** The API as a page to read. Rule: made from the same document as openapi.json; no script. */
import type { FC } from "hono/jsx";
import { FAULTS } from "../../kernel/fault.ts";
import type { Document } from "./openapi.ts";

type Schema = {
  readonly type?: string | string[];
  readonly properties?: Record<string, Schema>;
  readonly required?: string[];
  readonly $ref?: string;
  readonly enum?: unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly format?: string;
};
type Parameter = { readonly name: string; readonly in: string; readonly required?: boolean; readonly schema?: Schema; readonly description?: string };
type Operation = {
  readonly tags?: string[];
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: Parameter[];
  readonly requestBody?: { readonly content?: Record<string, { readonly schema?: Schema }> };
};
type Row = { readonly method: string; readonly path: string; readonly op: Operation };

const rowsOf = (doc: Document): Row[] =>
  Object.entries((doc.paths ?? {}) as Record<string, Record<string, Operation>>).flatMap(([path, ops]) =>
    Object.entries(ops).map(([method, op]) => ({ method: method.toUpperCase(), path, op })),
  );
const typeOf = (s: Schema | undefined): string =>
  [s?.enum ? s.enum.join(" | ") : [s?.type ?? "any"].flat().join(" | "), s?.default === undefined ? "" : `default ${JSON.stringify(s.default)}`]
    .filter(Boolean)
    .join(", ");
const fieldsOf = ({ parameters = [], requestBody }: Operation) => {
  const body = Object.values(requestBody?.content ?? {})[0]?.schema;
  return [
    ...parameters.map((p) => ({
      name: p.name,
      where: p.in,
      must: p.required === true,
      type: typeOf(p.schema),
      says: p.description ?? p.schema?.description ?? "",
    })),
    ...Object.entries(body?.properties ?? {}).map(([name, s]) => ({
      name,
      where: "body",
      must: body?.required?.includes(name) === true,
      type: typeOf(s),
      says: s.description ?? "",
    })),
  ];
};

const Endpoint: FC<{ row: Row }> = ({ row: { method, path, op } }) => {
  const fields = fieldsOf(op);
  return (
    <article>
      <h3>
        <code>
          {method} {path}
        </code>
      </h3>
      <p>
        {op.summary}
        {op.description ? `. ${op.description}` : ""}
      </p>
      {fields.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">In</th>
              <th scope="col">Type</th>
              <th scope="col">Needed</th>
            </tr>
          </thead>
          <tbody>
            {fields.map((f) => (
              <tr>
                <td>
                  <code>{f.name}</code> {f.says}
                </td>
                <td>{f.where}</td>
                <td>{f.type}</td>
                <td>{f.must ? "yes" : "no"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </article>
  );
};

const Problems: FC = () => (
  <section>
    <h2>Problems</h2>
    <p>
      Every refusal is <code>application/problem+json</code> (RFC 9457): <code>type, title, status, code, detail</code>, and <code>errors</code> with
      one entry per broken field.
    </p>
    <table>
      <thead>
        <tr>
          <th scope="col">Code</th>
          <th scope="col">Status</th>
          <th scope="col">Exit code</th>
          <th scope="col">Meaning</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(FAULTS).map(([code, f]) => (
          <tr id={code}>
            <td>
              <code>{code}</code>
            </td>
            <td>{f.http}</td>
            <td>{f.exit}</td>
            <td>{f.title}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);

export const docsPage = (doc: Document) => {
  const rows = rowsOf(doc),
    tags = [...new Set(rows.flatMap((r) => r.op.tags ?? []))];
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Lockstep API</title>
        <link rel="stylesheet" href="/assets/pico.css" />
        <link rel="stylesheet" href="/assets/base.css" />
        <link rel="stylesheet" href="/assets/lockstep.css" />
        <link rel="stylesheet" href="/assets/narrow.css" />
      </head>
      <body>
        <main class="container">
          <h1>Lockstep API</h1>
          <p>
            JSON under <code>/api/v1</code>, with <code>Authorization: Bearer TOKEN</code>; make a token in the portal under your name. The machine's
            copy of this page: <a href="/api/v1/openapi.json">openapi.json</a>.
          </p>
          <p>
            Lists take <code>limit</code> and <code>cursor</code> and answer <code>{"{ items, next }"}</code>. A POST with an{" "}
            <code>Idempotency-Key</code> gives the same answer again for a day. A GET of one thing carries an <code>ETag</code>.
          </p>
          <nav>
            <ul>
              {tags.map((t) => (
                <li>
                  <a href={`#${t}`}>{t}</a>
                </li>
              ))}
            </ul>
          </nav>
          {tags.map((t) => (
            <section id={t}>
              <h2>{t}</h2>
              {rows
                .filter((r) => r.op.tags?.includes(t))
                .map((row) => (
                  <Endpoint row={row} />
                ))}
            </section>
          ))}
          <Problems />
        </main>
      </body>
    </html>
  );
};
