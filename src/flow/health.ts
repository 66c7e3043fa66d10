/** How the broker stands, in numbers. Rule: counts alone; whoever runs the machine learns nobody's name from them. */
import { Fault } from "../kernel/fault.ts";
import { standing } from "../domain/account.ts";
import { may } from "../domain/may.ts";
import * as accounts from "../store/accounts.ts";
import * as requests from "../store/requests.ts";
import * as sessions from "../store/sessions.ts";
import type { Deps } from "./deps.ts";
import type { Asker } from "./record.ts";

export type Standings = { readonly accounts: Readonly<Record<string, number>>; readonly liveSessions: number };

export const brokerHealth = async ({ db }: Pick<Deps, "db">, by: Asker): Promise<Standings> => {
  if (!may(by === "operator" ? by : by.person, "broker.health")) throw new Fault("forbidden", "The broker's health is for admins and auditors.");
  const counts: Record<string, number> = {};
  for (const account of await accounts.all(db)) {
    const { word } = standing(account, await requests.holds(db, account.id));
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return { accounts: counts, liveSessions: (await sessions.openWhere(db, {})).length };
};
