/** Targets and accounts as rows of a file. Rule: every mistake of a row is named at once, with its line; a password is a Secret from here on. */
import { z } from "zod";
import { Secret } from "../kernel/secret.ts";
import { csvLine, parseCsv } from "./csv.ts";
import { TargetName } from "./target.ts";

const text = z.string().trim().max(4_000).default("");
const list = z.union([z.string(), z.array(z.string())]).default("").transform((v) => (Array.isArray(v) ? v : v.split(/[\s,]+/)).map((w) => w.trim()).filter(Boolean))
  .pipe(z.array(z.string().max(40, "a tag has at most 40 characters")).max(40));
const yes = z.union([z.boolean(), z.string()]).default("").transform((v, ctx) => {
  const word = String(v).trim().toLowerCase();
  if (/^(true|yes|y|1|x)$/.test(word)) return true;
  if (!/^(|false|no|n|0)$/.test(word)) ctx.addIssue("yes or no");
  return false;
});
const port = z.union([z.number(), z.string()]).default("").transform((v, ctx) => {
  const n = v === "" ? undefined : Number(v);
  if (n !== undefined && !(Number.isInteger(n) && n >= 1 && n <= 65_535)) ctx.addIssue("a number from 1 to 65535");
  return n;
});
const settings = z.union([z.string(), z.record(z.string(), z.unknown())]).default("").transform((v, ctx): Record<string, unknown> => {
  if (typeof v !== "string") return v;
  if (v.trim() === "") return {};
  try { return z.record(z.string(), z.unknown()).parse(JSON.parse(v)); } catch { ctx.addIssue("a JSON object, such as {\"sudo\": true}"); return {}; }
});
const Row = z.object({
  target: TargetName, platform: text, host: z.string().trim().max(255).regex(/^[A-Za-z0-9.:_-]*$/, "a host name or an IP address").default(""), port, host_key: text, through: list, settings, target_tags: list, owner: text,
  account: text, password: z.string().max(16_384).default("").transform((t) => (t === "" ? undefined : Secret.of(t))), password_policy: text, account_tags: list,
  role: z.enum(["", "administrative", "reconcile"], "empty, administrative or reconcile").default(""), adopt: yes,
}).strict();
export type ImportRow = z.infer<typeof Row>;
/** What a file may say, in the order of the template. */
export const COLUMNS = Object.keys(Row.shape) as readonly (keyof ImportRow)[];
export const MOST_ROWS = 1_000;

export type Parsed = { readonly line: number; readonly row: ImportRow | null; readonly errors: readonly string[] };
export type Format = "csv" | "json";
/** `whole`: what is wrong with the file itself; then there are no rows. */
export type ParsedFile = { readonly rows: readonly Parsed[]; readonly whole: string | null };
const nothing = (whole: string): ParsedFile => ({ rows: [], whole });

const issueOf = (i: z.core.$ZodIssue): string =>
  i.code === "unrecognized_keys" ? `there is no column ${i.keys.join(", ")}` : `${i.path.join(".") || "the row"}: ${i.message}`;
const rowOf = (line: number, value: unknown): Parsed => {
  const r = Row.safeParse(value);
  return r.success ? { line, row: r.data, errors: [] } : { line, row: null, errors: r.error.issues.map(issueOf) };
};

const ofJson = (source: string): ParsedFile => {
  let value: unknown;
  try { value = JSON.parse(source); } catch (e) {
    // Only where: the parser's own sentence quotes the text, and passwords stand in it.
    const at = /position (\d+)/.exec((e as Error).message)?.[1];
    return nothing(`This is not JSON${at === undefined ? "" : `: something is wrong in line ${source.slice(0, Number(at)).split("\n").length}`}.`);
  }
  if (!Array.isArray(value)) return nothing("The file must be a list of rows: [ {\"target\": …}, … ].");
  return { rows: value.map((v, i) => rowOf(i + 1, v)), whole: null };
};
const ofCsv = (source: string): ParsedFile => {
  const csv = parseCsv(source);
  if ("why" in csv) return nothing(`Line ${csv.line}: ${csv.why}.`);
  const [head, ...rest] = csv.rows, names = head?.cells.map((c) => c.toLowerCase()) ?? [];
  if (!names.includes("target")) return nothing(`The first line must name the columns, target among them. Known: ${COLUMNS.join(", ")}.`);
  const strange = names.filter((n) => !COLUMNS.some((c) => c === n));
  if (strange.length > 0) return nothing(`There is no column ${strange.join(", ")}. Known: ${COLUMNS.join(", ")}.`);
  return {
    rows: rest.map(({ line, cells }) => (cells.length > names.length ? { line, row: null, errors: [`${cells.length} cells, but ${names.length} columns`] }
      : rowOf(line, Object.fromEntries(names.map((n, i) => [n, cells[i] ?? ""]))))), whole: null,
  };
};

export const parseImport = (format: Format, source: string): ParsedFile => {
  const file = format === "json" ? ofJson(source) : ofCsv(source);
  if (file.rows.length > MOST_ROWS) return nothing(`${file.rows.length} rows are more than one import takes (${MOST_ROWS}). Split the file.`);
  return file.whole === null && file.rows.length === 0 ? nothing("There is no row in it.") : file;
};
/** A guess for pasted text: JSON begins with a bracket. */
export const formatOf = (source: string): Format => (/^\s*[[{]/.test(source) ? "json" : "csv");

const EXAMPLE: readonly Record<string, string>[] = [
  { target: "web-2", platform: "linux-ssh", host: "192.0.2.20", port: "22", host_key: "ssh-ed25519 AAAA… (from /etc/ssh/ssh_host_ed25519_key.pub)", target_tags: "web production", account: "rotator", password: "its present password", role: "administrative", adopt: "yes" },
  { target: "web-2", account: "deploy", password_policy: "strong", account_tags: "pipeline", adopt: "yes" },
  { target: "db-1", platform: "postgres", host: "192.0.2.30", host_key: "AB:CD:… (openssl x509 -in server.crt -noout -fingerprint -sha256)", account: "rotator", password: "its present password", role: "administrative", adopt: "yes" },
];
export const template = (format: Format): string => (format === "json" ? `${JSON.stringify(EXAMPLE, null, 2)}\n`
  : `${[COLUMNS as readonly string[], ...EXAMPLE.map((e) => COLUMNS.map((c) => e[c] ?? ""))].map(csvLine).join("\r\n")}\r\n`);
