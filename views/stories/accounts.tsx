/** Stories of accounts. */
import type { Account, Standing } from "../../src/domain/account.ts";
import type { History } from "../account-history.tsx";
import { AccountPage } from "../account.tsx";
import { AccountEdit } from "../account-edit.tsx";
import { Accounts, type AccountCard } from "../accounts.tsx";
import { SeveralPreview, SeveralResult, type AffectedLine } from "../several.tsx";
import { account, as, at, FAR, LONG, medium, NASTY, policy, story, target, type Story } from "./fixed.tsx";
import { STANDINGS } from "./home.tsx";

export const card = (standing: Standing, over: Partial<Account> = {}): AccountCard => ({
  account: account(over),
  target: target(),
  standing,
  holds:
    standing.word === "held" ? as([{ person: "per_requester", personName: "requester", until: at(40), exclusive: true, policy: "pol_1" }]) : [],
  offers: [policy],
  manage: true,
  password: { policy: medium, from: "default" },
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

const filters = { states: ["available", "held"], tags: ["production", "web"], groups: ["Night shift"], targets: ["web-1", "db-1"] };

const policies = [
  { name: "medium", says: "20 characters, 1 small, 1 capital, 1 digits, 1 symbols at least" },
  { name: "strong", says: "32 characters" },
];
const affected: readonly AffectedLine[] = [
  {
    id: "acc_1",
    name: "root@web-1",
    standing: { word: "held", by: "requester", until: at(40) },
    holds: as([{ person: "per_requester", personName: "requester", until: at(40), exclusive: true, policy: "pol_1" }]),
    liveSessions: 2,
    administers: "web-1",
    stops: null,
  },
  {
    id: "acc_2",
    name: `${LONG}@${FAR}`,
    standing: { word: "unmanaged" },
    holds: [],
    liveSessions: 0,
    administers: null,
    stops: "it is not managed yet",
  },
];

export const ACCOUNTS: readonly Story[] = [
  story("accounts", () => <Accounts cards={STANDINGS.map((s) => card(s))} q="" adds filters={filters} />),
  story("accounts, none", () => <Accounts cards={[]} q="tag:none" adds filters={filters} />),
  story("account", () => <AccountPage card={card({ word: "held", by: "requester", until: at(40) })} history={history} />),
  story("account, its next password left with its agent", () => (
    <AccountPage
      card={card({ word: "held", by: "requester", until: at(40) })}
      history={{
        ...history,
        rotations: [
          {
            id: "rot_2",
            state: "prepared",
            trigger: "end_of_use",
            reason: "for the end of a use",
            why: null,
            attempt: 0,
            openedAt: at(-2),
            order: { state: "placed", agent: as("agt_1"), wanted: at(40), due: at(40), expires: at(1480), fence: 1, epoch: 1, before: false },
          },
          ...history.rotations,
        ],
      }}
    />
  )),
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
  story("account, edit", () => <AccountEdit account={account()} target={FAR} keys={false} policies={policies} />),
  story("account, edit, not managed", () => (
    <AccountEdit account={account({ credential: "unmanaged", name: LONG })} target="web-1" keys policies={policies} />
  )),
  ...(["rotate", "verify", "block", "unblock"] as const).map((act) =>
    story(`several, ${act}`, () => <SeveralPreview act={act} list={affected} />),
  ),
  story("several, none can be done", () => <SeveralPreview act="rotate" list={affected.filter((a) => a.stops !== null)} />),
  story("several, result", () => (
    <SeveralResult
      act="rotate"
      list={[
        { id: "acc_1", name: "root@web-1", ok: true, said: "a change is under way" },
        { id: "acc_2", name: `${LONG}@${FAR}`, ok: false, said: NASTY },
      ]}
    />
  )),
];
