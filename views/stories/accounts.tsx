/** Stories of accounts. */
import type { Account, Standing } from "../../src/domain/account.ts";
import type { History } from "../account-history.tsx";
import { AccountPage } from "../account.tsx";
import { Accounts, type AccountCard } from "../accounts.tsx";
import { account, as, at, policy, story, target, type Story } from "./fixed.tsx";
import { STANDINGS } from "./home.tsx";

const card = (standing: Standing, over: Partial<Account> = {}): AccountCard => ({
  account: account(over),
  target: target(),
  standing,
  holds:
    standing.word === "held" ? as([{ person: "per_requester", personName: "requester", until: at(40), exclusive: true, policy: "pol_1" }]) : [],
  offers: [policy],
  manage: true,
});
const history: History = {
  typed: null,
  rotations: ["committed", "waiting", "dead_letter"].map((state, i) => ({
    id: `rot_${i}`,
    state,
    trigger: "end_of_use",
    reason: "the last use is over",
    why: state === "waiting" ? "unreachable" : null,
    attempt: i,
    openedAt: at(-40 * i),
  })),
  versions: [{ id: "ver_1", no: 1, status: "current", origin: "generated", createdAt: at(-90), provenAt: at(-89) }],
  closures: [{ id: "c", step: "first", dueAt: at(-80), doneAt: at(-80), newResult: "yes", oldResult: "no" }],
  exposures: [{ id: "e", personName: "requester", how: "released", at: at(-95), versionNo: 1 }],
};

export const ACCOUNTS: readonly Story[] = [
  story("accounts", () => <Accounts cards={STANDINGS.map((s) => card(s))} q="" adds />),
  story("accounts, none", () => <Accounts cards={[]} q="" adds />),
  story("account", () => <AccountPage card={card({ word: "held", by: "requester", until: at(40) })} history={history} />),
  story("account, its password typed", () => (
    <AccountPage card={card({ word: "available" })} history={{ ...history, typed: { byName: "operator", at: at(-95), changesAt: at(385) } }} />
  )),
  story("account, typed and not adopted", () => (
    <AccountPage
      card={card({ word: "unmanaged" }, { credential: "unmanaged" })}
      history={{ ...history, typed: { byName: "operator", at: at(-5), changesAt: null } }}
    />
  )),
  ...(["unmanaged", "quarantined"] as const).map((c) =>
    story(`account ${c}`, () => <AccountPage card={card({ word: c }, { credential: c })} history={null} />),
  ),
];
