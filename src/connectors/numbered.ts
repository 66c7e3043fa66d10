/**
 * What the answers of a server mean whose errors have numbers, where each connector brings its own table. Rule: what is not in the table refuses
 * nothing, because the change may have been made.
 */
import type { NumberedFailure } from "../wires/numbered-failure.ts";
import type { Answer, ChangeResult, Credential, NotTold } from "./connector.ts";
import { plain, toldNothing, unsent, words } from "./connector.ts";

/** `undone`: for certain nothing came of the statement. `wrong`: the number of a refused login that may be for its password. */
export type Numbers = { readonly read: (e: unknown) => NumberedFailure; readonly undone: ReadonlySet<number>; readonly wrong: number };
export type Answers = {
  failed(e: unknown, sent: boolean, hidden: readonly string[]): ChangeResult;
  notIn(e: unknown, secret: Credential["secret"]): Answer;
  notTold(e: unknown, as: Credential): NotTold;
};
const IN_DOUBT = "the login was refused; whether for its password only an administrator can tell";
export const answersBy = ({ read, undone, wrong }: Numbers): Answers => ({
  failed: (e, sent, hidden) => {
    const f = read(e), why = words(f.why, hidden);
    if (!sent) return unsent(f, hidden);
    return f.kind === "said" && undone.has(f.number) ? { refused: why } : { unknown: why };
  },
  notIn: (e, secret) => {
    const f = read(e);
    return f.kind === "auth" && f.number === wrong ? { unknown: IN_DOUBT, refused: true } : { unknown: words(f.why, plain(secret)) };
  },
  /** Over a proven certificate a refused login is the administrator's own. */
  notTold: (e, as) => { const f = read(e); return toldNothing(words(f.why, plain(as.secret)), f.kind === "auth", f.kind === "identity"); },
});
