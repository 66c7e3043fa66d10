/** One password for many accounts, generated: shown once to whoever asked. Rule: it keeps every policy of every account it is for, or there is none. */
import { Fault } from "../kernel/fault.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Choice } from "../domain/bulk.ts";
import * as passwordPolicies from "../store/password-policies.ts";
import { generate } from "../vault/generate.ts";
import { choose } from "./choose.ts";
import type { Deps } from "./deps.ts";
import { brokenFor } from "./password-check.ts";
import type { Caller } from "./record.ts";

const TRIES = 40;
/** The caller wipes it. */
export const sharedPassword = async (deps: Deps, caller: Caller, choice: Choice): Promise<Secret> => {
  const known = await passwordPolicies.known(deps.db), platforms = await passwordPolicies.platforms(deps.db);
  const rules = (await choose(deps.db, caller.person, choice)).map(({ account, target }) => ({ login: account.name, policy: passwordPolicies.among(account, target, known, platforms).policy, connector: deps.connectors.get(target.platform) ?? { forbidden: /(?!)/ } }));
  const [hardest] = [...rules].sort((a, b) => b.policy.length - a.policy.length);
  if (!hardest) throw new Fault("invalid", "No account that you may change was found. Choose others, or look at the search on the accounts page.");
  let broken: string[] = [];
  for (let i = 0; i < TRIES; i++) {
    const made = generate(hardest.policy, hardest.login, hardest.connector.forbidden, deps.random);
    broken = rules.flatMap((r) => brokenFor(r.connector, made, r.policy, r.login).map((b) => `${b} (policy ${r.policy.name})`));
    if (broken.length === 0) return made;
    made.wipe();
  }
  throw new Fault("invalid", `No single password keeps all their policies: ${[...new Set(broken)].slice(0, 4).join("; ")}. Let each have its own, or choose fewer.`);
};
