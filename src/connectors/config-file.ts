/**
 * A password in a configuration file: the one line that holds it, and how it is written there. Rule: text in, text out; one line is found, or
 * nothing is changed; everything else of the file stays as it was, byte for byte.
 */
import type { Form } from "./connector.ts";

const PLACE = "{{password}}";
/** How whoever reads the file reads exactly that password. */
export const FORMED: Readonly<Record<Form, (password: string) => string>> = {
  plain: (p) => p,
  quoted: (p) => `'${p.replaceAll("'", "'\\''")}'`,
  json: (p) => JSON.stringify(p),
  url: (p) => encodeURIComponent(p).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
  pgpass: (p) => p.replace(/[\\:]/g, (c) => `\\${c}`),
  xml: (p) => p.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;").replaceAll("'", "&apos;"),
};

/** `line` as the template has it. `password` null: only whether the place is there. */
export type Rewritten = { readonly text: string; readonly same: boolean } | { readonly refused: string };
export const rewritten = (text: string, line: string, form: Form, password: string | null): Rewritten => {
  const [before = "", after = ""] = line.split(PLACE), lines = text.split("\n");
  const found = lines.flatMap((l, i) => {
    const bare = l.trimStart(), end = bare.endsWith("\r") ? "\r" : "", body = end === "" ? bare : bare.slice(0, -1);
    return body.length >= before.length + after.length && body.startsWith(before) && body.endsWith(after) ? [{ i, indent: l.slice(0, l.length - bare.length), end }] : [];
  });
  if (found.length !== 1) return { refused: found.length === 0 ? "no line of the file looks like the template" : `${found.length} lines of the file look like the template; one is wanted` };
  if (password === null) return { text, same: true };
  // A private key, say: it would be several lines, of which the template names one.
  if (/[\r\n\0]/.test(password)) return { refused: "what is to be written has line breaks: it is no password for one line" }; // eslint-disable-line no-control-regex
  const { i, indent, end } = found[0]!, to = `${indent}${before}${FORMED[form](password)}${after}${end}`, same = lines[i] === to;
  lines[i] = to;
  return { text: lines.join("\n"), same };
};
