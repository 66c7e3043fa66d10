/** Importing targets and accounts. Rule: every row says what it would do or all that is wrong with it, before anything is done. */
import { Badge, Empty, Field, PageHead, Post, Table, type Tone } from "./parts.tsx";

export type PlannedRow = { readonly line: number; readonly name: string; readonly does: readonly string[]; readonly errors: readonly string[] };
export type ImportedRow = {
  readonly line: number;
  readonly name: string;
  readonly outcome: "done" | "same" | "left_out" | "failed";
  readonly did: readonly string[];
  readonly why: readonly string[];
};
export type Preview = { readonly whole: string | null; readonly rows: readonly PlannedRow[]; readonly sealed: string };

const many = (n: number, one: string, more: string): string => `${n} ${n === 1 ? one : more}`;
const Lines = ({ of, class: name }: { of: readonly string[]; class?: string }) => (
  <>
    {of.map((line) => (
      <span class={`block wrap ${name ?? ""}`}>{line}</span>
    ))}
  </>
);

export const ImportForm = ({ columns, most }: { columns: readonly string[]; most: number }) => (
  <>
    <PageHead
      title="Import targets and accounts"
      sub={`From CSV or JSON, up to ${most} rows. You see what every row does before anything is done.`}
    >
      <a class="button small quiet" href="/targets/import/template.csv">
        Template (CSV)
      </a>
      <a class="button small quiet" href="/targets/import/template.json">
        Template (JSON)
      </a>
    </PageHead>
    <section class="card">
      <Post action="/targets/import" files>
        <Field label="A file">
          <input type="file" name="file" accept=".csv,.json,.txt,text/csv,application/json" />
        </Field>
        <Field label="Or paste it here" hint="CSV with a heading, or a JSON list of rows with the same names.">
          <textarea
            name="text"
            rows={8}
            class="mono"
            spellcheck={false}
            placeholder="target,host,host_key,account,password,role,adopt"
          ></textarea>
        </Field>
        <button type="submit">Look at it first</button>
      </Post>
    </section>
    <section class="card flat">
      <h2>Columns</h2>
      <p class="wrap">{columns.join(", ")}</p>
      <p class="muted">
        Only <code>target</code> is always needed; a new target needs <code>host</code> and its <code>host_key</code>, read on the machine itself: a
        line of a public key over SSH, a certificate's fingerprint for <code>postgres</code>. A password in the file is an exposure of yours: adopt
        such accounts, so that the broker changes them.
      </p>
    </section>
  </>
);

const PlannedTable = ({ rows }: { rows: readonly PlannedRow[] }) => (
  <Table label="Rows of the file" head={["Line", "What", "Does", ""]}>
    {rows.map((r) => (
      <tr>
        <td data-th="Line" class="num">{r.line}</td>
        <td class="wrap">{r.name || "?"}</td>
        <td>
          <Lines of={r.errors} class="bad-text" />
          <Lines of={r.does} />
          {r.errors.length + r.does.length === 0 ? <span class="muted">nothing: it is there already</span> : null}
        </td>
        <td>{r.errors.length > 0 ? <Badge tone="bad">left out</Badge> : r.does.length > 0 ? <Badge tone="ok">ready</Badge> : null}</td>
      </tr>
    ))}
  </Table>
);

export const ImportPreview = ({ whole, rows, sealed }: Preview) => {
  const bad = rows.filter((r) => r.errors.length > 0).length,
    good = rows.filter((r) => r.errors.length === 0 && r.does.length > 0).length;
  return (
    <>
      <PageHead title="What this file would do" sub="Nothing has been done yet." />
      {whole === null ? null : (
        <div class="notice bad" role="alert">
          {whole}
        </div>
      )}
      {rows.length > 0 ? <PlannedTable rows={rows} /> : null}
      <div class="moves pages">
        {good > 0 ? (
          <Post action="/targets/import/run" class="inline">
            <input type="hidden" name="sealed" value={sealed} />
            <button type="submit">
              Import {many(good, "row", "rows")}
              {bad > 0 ? ` and leave ${bad} out` : ""}
            </button>
          </Post>
        ) : null}
        <a class="button quiet" href="/targets/import">
          Another file
        </a>
      </div>
    </>
  );
};

const OUTCOME: Record<ImportedRow["outcome"], readonly [Tone, string]> = {
  done: ["ok", "imported"],
  same: ["quiet", "was there"],
  left_out: ["warn", "left out"],
  failed: ["bad", "failed"],
};
export const ImportResult = ({ rows }: { rows: readonly ImportedRow[] }) => {
  const n = (o: ImportedRow["outcome"]) => rows.filter((r) => r.outcome === o).length,
    sub = `${n("done")} imported, ${n("same")} there already, ${n("left_out")} left out, ${n("failed")} failed`;
  return (
    <>
      <PageHead title="Imported" sub={sub}>
        <a class="button small" href="/accounts">
          Accounts
        </a>
        <a class="button small quiet" href="/targets">
          Targets
        </a>
      </PageHead>
      {rows.length === 0 ? <Empty title="There was no row">Nothing was changed.</Empty> : null}
      <Table label="Result by row" head={["Line", "What", "Result", ""]}>
        {[...rows]
          .sort((a, b) => Number(a.outcome === "done") - Number(b.outcome === "done"))
          .map((r) => (
            <tr>
              <td data-th="Line" class="num">{r.line}</td>
              <td class="wrap">{r.name || "?"}</td>
              <td>
                <Lines of={r.why} class={r.outcome === "same" ? "muted" : "bad-text"} />
                <Lines of={r.did} />
              </td>
              <td>
                <Badge tone={OUTCOME[r.outcome][0]}>{OUTCOME[r.outcome][1]}</Badge>
              </td>
            </tr>
          ))}
      </Table>
    </>
  );
};
