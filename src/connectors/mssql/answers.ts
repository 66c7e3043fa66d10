/** What SQL Server's answers mean. Rule: the error table is by number; what is not in it refuses nothing, because the change may have been made. */
import { TdsFailure, WRONG } from "../../wires/tds.ts";
import { unforeseen } from "../../wires/numbered-failure.ts";
import type { FoundAccount, LockState, NotTold } from "../connector.ts";
import { answersBy } from "../numbered.ts";
import type { Doors, Everyone } from "./statements.ts";

/**
 * For certain nothing came of the statement. 15113-15121: the policy (too many tries, too young, used before, short, long, plain, a filter) · 15151,
 * 15247, 300, 229: not there, or no right · 33062-33065: the policy as SQL Server on Linux says it · 15021: no such hash · 15128: the login's
 * options · 102, 105, 156, 170: syntax · 3906, 978: read only · 1222: a lock.
 */
const UNDONE = new Set([
  102, 105, 156, 170, 229, 300, 978, 1222, 3906, 15021, 15113, 15114, 15115, 15116, 15117, 15118, 15119, 15120, 15121, 15128, 15151, 15247, 33062,
  33063, 33064, 33065,
]);

export const failureIn = (e: unknown): TdsFailure => unforeseen(TdsFailure, e);
/** 18456 is said of a wrong password, and of a right one where the server lets only Windows' logins in or the login may not connect. */
export const { failed, notIn, notTold } = answersBy({ read: failureIn, undone: UNDONE, wrong: WRONG });

const VAIN = "so a refused login proves nothing";
export const lockIn = (d: Doors | undefined): LockState => {
  if (d === undefined || d.windows === null) return { unknown: "the server did not say who may log in" };
  if (d.windows === 1) return { locked: `the server lets only logins of Windows in (authentication mode), ${VAIN}` };
  if (d.name === null) return { unknown: "the account does not exist there, or the administrative account may not see it" };
  if (d.disabled !== false) return { locked: `the account is disabled, ${VAIN}` };
  if (d.denied > 0) return { locked: `the account is denied CONNECT SQL, ${VAIN}` };
  if (d.mighty === null) return { unknown: "the server did not say whether the account is a sysadmin" };
  if (d.mighty === 0 && d.granted === 0) return { locked: `the account is not granted CONNECT SQL, ${VAIN}` };
  if (d.locked === null || d.expired === null || d.must === null) return { unknown: "the server did not say whether the account is locked out" };
  if (d.locked !== 0) return { locked: `the account is locked out, ${VAIN}` };
  return d.expired !== 0 || d.must !== 0 ? { locked: `the account's password has to be changed before it is let in, ${VAIN}` } : "open";
};

export const NO_RIGHT = "it got in, but has no right to change others: grant it ALTER ANY LOGIN";
export const listIn = (rows: readonly Everyone[]): readonly FoundAccount[] | NotTold => {
  if (rows.some((r) => r.may !== 1) || rows.length === 0) return { unknown: NO_RIGHT };
  return rows.flatMap((r): FoundAccount[] =>
    r.name === null
      ? []
      : [
          {
            name: r.name,
            enabled: r.disabled === null ? null : !r.disabled,
            privileged: r.mighty === null ? null : r.mighty === 1 || r.controls > 0,
            says: [
              ...(r.mighty === 1 ? ["member of sysadmin"] : []),
              ...(r.controls > 0 ? ["CONTROL SERVER"] : []),
              ...(r.disabled ? ["disabled"] : []),
              ...(r.locked === 1 ? ["locked out"] : []),
            ],
          },
        ],
  );
};
