/** What the grant tables and the list of logins tell. Rule: nothing here changes an account; a list is whole or an error. */
import { MysqlFailure, type MysqlSession } from "../../wires/mysql.ts";
import type { CompareResult, FoundAccount } from "../connector.ts";
import { ident, literal, type Row } from "./grants.ts";
import { naming } from "./settings.ts";
import { matcher } from "./verifier.ts";

export const judge = (rows: readonly Row[], passwords: readonly string[]): CompareResult => {
  const kept = rows.filter((r) => r.kept.how !== "none").map((r) => matcher(r.kept));
  if (rows.length === 0) return { unknown: "the target knows no such account" };
  if (kept.length === 0) return { unknown: "the account has no password on the target" };
  if (kept.some((fits) => fits === null)) return { unknown: "the target keeps a kind of verifier that is not computed here" };
  const matches = kept.map((fits) => passwords.findIndex((p) => fits!(p)));
  if (matches.some((m) => m !== matches[0])) return { unknown: "its hosts have different passwords" };
  return matches[0]! < 0 ? "none" : { match: matches[0]! };
};

const MAY_KILL = /\b(SUPER|CONNECTION ADMIN)\b/;
const mayKill = (grant: string): boolean => {
  const end = grant.lastIndexOf(" ON *.*");
  return end > 0 && grant.startsWith("GRANT ") && (grant.startsWith("GRANT ALL PRIVILEGES ON *.*") || MAY_KILL.test(grant.slice(0, end)));
};
/** Without the right MariaDB kills nobody and calls it a success, so it is looked up. */
export const killUser = async (s: MysqlSession, user: string): Promise<{ ended: number } | { unknown: string }> => {
  const grants = (await s.rows<Record<string, string>>("show grants")).flatMap((r) => Object.values(r));
  return grants.some(mayKill)
    ? { ended: await s.run(`kill user ${ident(user)}`) }
    : { unknown: "the administrative account may not end others' logins (CONNECTION ADMIN)" };
};
export const killEach = async (s: MysqlSession, user: string): Promise<{ ended: number }> => {
  let ended = 0;
  for (const { id } of await s.rows<{ id: string | number }>(`select ID as id from information_schema.processlist where USER = ${literal(user)}`)) {
    try {
      await s.run(`kill ${Number(id)}`);
      ended++;
    } catch (e) {
      if (!(e instanceof MysqlFailure && e.number === 1094)) throw e;
    }
  }
  return { ended };
};

/** One line a user, as a name means all of its hosts. No server of this kind keeps who logged in when. */
export const found = (rows: readonly Row[], writers: ReadonlySet<string> | null): FoundAccount[] => {
  const users = new Map<string, Row[]>();
  for (const r of rows) {
    const hosts = users.get(r.user) ?? [];
    if (r.role || !naming.fits(r.user)) continue;
    hosts.push(r);
    users.set(r.user, hosts);
  }
  return [...users].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, all]) => foundUser(name, all, writers));
};
const foundUser = (name: string, all: readonly Row[], writers: ReadonlySet<string> | null): FoundAccount => {
  const mighty = all.some((r) => r.privileged),
    writes = writers?.has(name) === true;
  return {
    name,
    enabled: all.some((r) => !r.locked),
    privileged: mighty || writes ? true : writers === null ? null : false,
    says: [
      `from ${all
        .map((r) => r.host)
        .toSorted()
        .join(", ")}`,
      ...(mighty ? ["may change accounts or everything"] : []),
      ...(writes ? ["may write the grant tables"] : []),
      ...(all.some((r) => r.locked) ? ["locked"] : []),
      ...(all.every((r) => r.kept.how === "none") ? ["has no password of its own"] : []),
    ],
  };
};
