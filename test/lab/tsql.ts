/**
 * Statements of Transact-SQL, taken apart. Rule: by the manual's rules for identifiers and constants, and by nothing of ours: it is what judges our
 * quoting.
 */
export type Piece = { readonly kind: "word" | "name" | "text" | "hex" | "number" | "sign"; readonly value: string };
const FIRST = /[\p{L}_@#]/u,
  NEXT = /[\p{L}\p{N}_@#$]/u;

/** Up to the closing `end`, of which two are one. */
const upTo = (sql: string, from: number, end: string): { value: string; next: number } => {
  let value = "",
    i = from;
  for (;;) {
    if (i >= sql.length) throw new Error(`unclosed ${end}`);
    if (sql[i] === end) {
      if (sql[i + 1] !== end) return { value, next: i + 1 };
      i += 1;
    }
    value += sql[i];
    i += 1;
  }
};
export const pieces = (sql: string): Piece[] => {
  const out: Piece[] = [];
  for (let i = 0; i < sql.length;) {
    const c = sql[i]!;
    if (/\s/.test(c)) {
      i += 1;
      continue;
    }
    if (sql.startsWith("--", i) || sql.startsWith("/*", i)) throw new Error("a comment");
    if (c === "[" || c === '"') {
      const { value, next } = upTo(sql, i + 1, c === "[" ? "]" : '"');
      out.push({ kind: "name", value });
      i = next;
      continue;
    }
    if (c === "'" || (/[nN]/.test(c) && sql[i + 1] === "'")) {
      const { value, next } = upTo(sql, i + (c === "'" ? 1 : 2), "'");
      out.push({ kind: "text", value });
      i = next;
      continue;
    }
    const hex = /^0[xX][0-9A-Fa-f]*/.exec(sql.slice(i)),
      number = /^\d+(\.\d+)?/.exec(sql.slice(i));
    if (hex) {
      out.push({ kind: "hex", value: hex[0] });
      i += hex[0].length;
      continue;
    }
    if (number) {
      out.push({ kind: "number", value: number[0] });
      i += number[0].length;
      continue;
    }
    if (FIRST.test(c)) {
      let j = i + 1;
      while (j < sql.length && NEXT.test(sql[j]!)) j += 1;
      out.push({ kind: "word", value: sql.slice(i, j).toLowerCase() });
      i = j;
      continue;
    }
    out.push({ kind: "sign", value: c });
    i += 1;
  }
  return out;
};
/** What it says, whatever names and values stand in it. */
export const shape = (sql: string): string =>
  pieces(sql)
    .map((p) => (p.kind === "word" || p.kind === "sign" ? p.value : `<${p.kind}>`))
    .join(" ");
export const valuesIn = (sql: string): string[] =>
  pieces(sql)
    .filter((p) => p.kind !== "word" && p.kind !== "sign")
    .map((p) => p.value);
