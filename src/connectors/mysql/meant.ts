/** Whose password a change sets, and what came of it. Rule: what stands against it is found before a byte of the change has left. */
import { MysqlFailure, type MysqlSession } from "../../wires/mysql.ts";
import type { ChangeResult, Login } from "../connector.ts";
import { rowsOf, told, tooOld, type Row } from "./grants.ts";
import { whoOf } from "./settings.ts";
import { reasons, standing, undone } from "./statements.ts";

export const self = async (s: MysqlSession): Promise<{ user: string; host: string | null }> => {
  const [row] = await s.rows<{ me: string }>("select current_user() as me");
  return whoOf({ name: row?.me ?? "" });
};

/** Whose password is to be set, or what stands against it; nothing of a change has left. "own": without rights over others, the login's own. */
export const meant = async (s: MysqlSession, account: Login, alone: boolean): Promise<Row[] | "own" | ChangeResult> => {
  const old = tooOld(s.server),
    now = await standing(s),
    who = whoOf(account);
  if (old !== undefined) return { refused: old };
  if (now !== "ready" && now.cannot === "read_only") return { not_sent: "unreachable", why: now.why };
  if (now !== "ready" && alone) return ownOnly(await self(s), who.host);
  if (now !== "ready") return { not_sent: "auth_of_as", why: `the administrative account got in, but may not change others: ${now.why}` };
  const rows = await told(() => rowsOf(s, who));
  return "unknown" in rows
    ? alone
      ? ownOnly(await self(s), who.host)
      : { not_sent: "auth_of_as", why: `the administrative account got in, but may not read who there is: ${rows.unknown}` }
    : suited(account, rows);
};
const ownOnly = (us: { user: string; host: string | null }, host: string | null): "own" | ChangeResult =>
  host === null || us.host?.toLowerCase() === host.toLowerCase()
    ? "own"
    : { refused: `the server takes the broker for ${us.user}@${us.host ?? ""}, which is another account; name an administrative account` };
const suited = (account: Login, rows: readonly Row[]): Row[] | ChangeResult => {
  const with1 = rows.filter((r) => r.kept.how !== "none"),
    role = rows.find((r) => r.role),
    foreign = with1.find((r) => r.kept.how === "foreign");
  if (rows.length === 0) return { refused: `account "${account.name}" does not exist` };
  if (role !== undefined) return { refused: `"${account.name}" is a role: nobody logs in as one` };
  if (with1.length === 0) return { refused: `account "${account.name}" has no password: the operating system or a directory lets it in` };
  if (foreign?.kept.how === "foreign")
    return {
      refused:
        `${foreign.user}@${foreign.host} logs in by ${foreign.kept.plugin}, which is not computed here; ` +
        "give it another plugin, or name the other hosts one by one",
    };
  return with1;
};

/** Several hosts: what the first ones got before an error is looked at. */
export const send = async (s: MysqlSession, statement: string, account: Login, rows: readonly Row[] | "own"): Promise<ChangeResult> => {
  try {
    await s.run(statement);
    return "done";
  } catch (e) {
    if (!(e instanceof MysqlFailure) || !undone(e)) throw e;
    const why = await reasons(s, e);
    return rows === "own" || rows.length === 1 || (await unchanged(s, account, rows))
      ? { refused: why }
      : { unknown: `only some of its hosts may have been changed: ${why}` };
  }
};
const unchanged = async (s: MysqlSession, account: Login, before: readonly Row[]): Promise<boolean> => {
  const now = await rowsOf(s, whoOf(account));
  return before.every((b) => now.some((n) => n.host === b.host && JSON.stringify(n.kept) === JSON.stringify(b.kept)));
};
