/** A session's text as anybody may read it. Rule: every password the account ever had is masked, and what was opened for that is wiped before the answer leaves. */
import type { AccountId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Reader } from "../store/db.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { openVersion } from "./secrets.ts";

type Which = (v: versions.SecretRow) => boolean;
const EVERY: Which = () => true;

/** `work` is done with them before it returns. `which`: every one there ever was, if not said. */
export const withPasswordsOf = async <T>(
  deps: Pick<Deps, "keyring">, db: Reader, account: AccountId, work: (secrets: readonly Secret[]) => T | Promise<T>, which: Which = EVERY,
): Promise<T> => {
  const secrets = (await versions.of(db, account)).filter(which).map((v) => openVersion(deps, v));
  try { return await work(secrets); } finally { for (const s of secrets) s.wipe(); }
};
