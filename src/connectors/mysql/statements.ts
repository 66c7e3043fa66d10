/**
 * The statements that change passwords. Rules: the server gets a verifier computed here; the password itself only where MariaDB's password-check
 * plugin would take nothing else, and then only with every log of ours switched off. Several hosts are one statement: all of it arrives, or none.
 */
import type { Random } from "../../kernel/clock.ts";
import { MysqlFailure, type MysqlSession } from "../../wires/mysql.ts";
import { accountOf, literal, type Row } from "./grants.ts";
import { NATIVE, verifier } from "./verifier.ts";

/** Nobody can be called so; a right to change others is shown by what the server says of this one. */
const NOBODY = { user: "lockstep_asks_whether_it_may", host: "nobody.invalid" };
const NO_SUCH = new Set([1133, 1396]);
const NO_RIGHT = new Set([1044, 1142, 1227, 1410, 3619]),
  READ_ONLY = new Set([1290, 1836, 3901]);

export type Standing = "ready" | { readonly cannot: "right" | "read_only"; readonly why: string };
/** May this login change other accounts, and does the server take changes? Changes nothing. */
export const standing = async (s: MysqlSession): Promise<Standing> => {
  try {
    await s.run(s.server.mariadb ? `set password for ${accountOf(NOBODY)} = '*${"0".repeat(40)}'` : `alter user ${accountOf(NOBODY)} account unlock`);
    return { cannot: "right", why: `there is an account called ${NOBODY.user}; drop it` };
  } catch (e) {
    if (!(e instanceof MysqlFailure) || e.kind !== "said") throw e;
    if (NO_SUCH.has(e.number)) return "ready";
    if (READ_ONLY.has(e.number)) return { cannot: "read_only", why: `this server takes no changes (${e.why}); name the primary` };
    if (NO_RIGHT.has(e.number)) return { cannot: "right", why: e.why };
    throw e;
  }
};

/** MariaDB: a plugin that judges passwords takes no verifier. */
const judged = async (s: MysqlSession): Promise<boolean> => {
  if (!s.server.mariadb) return false;
  const [strict] = await s.rows<{ strict: string | number }>("select @@global.strict_password_validation as strict");
  const plugins = await s.rows(
    "select plugin_name from information_schema.plugins where plugin_type = 'PASSWORD VALIDATION' and plugin_status = 'ACTIVE'",
  );
  return Number(strict?.strict) === 1 && plugins.length > 0;
};
const off = async (s: MysqlSession, what: string): Promise<boolean> => {
  try {
    await s.run(what);
    return true;
  } catch (e) {
    if (e instanceof MysqlFailure && e.kind === "said") return false;
    throw e;
  }
};
export const WRITTEN_DOWN =
  "a password-check plugin of this server takes the password itself, and the server writes statements into its general log, where it would stand: " +
  "grant SUPER to the administrative account (it then switches that log off for itself), or turn general_log or strict_password_validation off";
/** Neither log gets our statements where the rights allow it; true when no log would hold them. */
const unlogged = async (s: MysqlSession): Promise<boolean> => {
  if (s.server.mariadb) await off(s, "set session slow_query_log = 0");
  if (await off(s, "set session sql_log_off = 1")) return true;
  const [general] = await s.rows<{ g: string | number }>("select @@global.general_log as g");
  return Number(general?.g) === 0;
};

/** `own`: only the account we are logged in as. Undefined as a statement: why not. */
export type Prepared = { readonly statement: string; readonly hidden: readonly string[] } | { readonly refused: string };
export const prepare = async (s: MysqlSession, rows: readonly Row[] | "own", to: string, random: Random): Promise<Prepared> => {
  const quiet = await unlogged(s),
    whole = await judged(s);
  if (whole && !quiet) return { refused: WRITTEN_DOWN };
  if (s.server.mariadb) {
    const hash = verifier("native", to, random),
      value = whole ? `password(${literal(to)})` : literal(hash),
      set = (whom: string): string => `set password${whom} = ${value}`;
    const each = rows === "own" ? [set("")] : rows.map((r) => set(` for ${accountOf(r)}`));
    return { hidden: [hash], statement: each.length === 1 ? each[0]! : `begin not atomic ${each.join("; ")}; end` };
  }
  if (rows === "own")
    return { refused: "on MySQL an account sets its own password only with the password in the statement; name an administrative account" };
  const all = rows.map((r) => ({
    r,
    plugin: r.kept.how === "sha2" ? "caching_sha2_password" : r.kept.how === "sha256" ? "sha256_password" : NATIVE,
    hash: verifier(r.kept.how as "native", to, random),
  }));
  return {
    hidden: all.map((a) => a.hash),
    statement: `alter user ${all.map((a) => `${accountOf(a.r)} identified with '${a.plugin}' as ${literal(a.hash)}`).join(", ")}`,
  };
};

/** The server's own sentence and, of a policy, its reasons. */
export const reasons = async (s: MysqlSession, f: MysqlFailure): Promise<string> => {
  if (f.number !== POLICY) return f.why;
  const list = await s.rows<{ Level: string; Message: string }>("show warnings").catch(() => []);
  return [f.why, ...list.filter((w) => w.Level === "Warning").map((w) => w.Message)].join("; ");
};
const POLICY = 1819;
/** For certain nothing came of a statement for one account: policy, no such account, no right, read only, a hash or name it does not take, syntax. */
const UNDONE = new Set([POLICY, 1064, 1372, 1470, 1699, 1827, 3955, ...NO_SUCH, ...NO_RIGHT, ...READ_ONLY]);
export const undone = (f: MysqlFailure): boolean => f.kind === "said" && UNDONE.has(f.number);
