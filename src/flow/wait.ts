/** How far a request of one's own has come, and being told when it goes on. Rule: the rows are the truth, the bus only wakes; nobody polls. */
import { Fault } from "../kernel/fault.ts";
import type { PersonId, RequestId } from "../kernel/ids.ts";
import { sha256Hex } from "../crypto/envelope.ts";
import { obstacle, standing, type Account, type Hold, type Standing } from "../domain/account.ts";
import { canonical } from "../domain/audit.ts";
import type { Person } from "../domain/person.ts";
import { approverNames } from "../domain/policy.ts";
import { isState, type Request } from "../domain/request.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as policies from "../store/policies.ts";
import * as requests from "../store/requests.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { queuePlace } from "./queue.ts";
import { standingOf } from "./vote.ts";

/** `go`: a session may be tried now. `blocked`: approved, and the account is not free yet. `over`: it becomes no session. */
export type Progress = {
  readonly state: "pending" | "blocked" | "go" | "over"; readonly account: string; readonly minutes: number; readonly have: number;
    readonly need: number;
  readonly approvers: readonly string[]; readonly approvedBy: readonly string[]; readonly confirming: boolean;
  readonly place: number | null; readonly holder: { readonly by: string; readonly until: Date } | null; readonly sentence: string;
};
/** Changes when anything a person would see changes. */
export const tagOf = (p: Progress): string => sha256Hex(canonical({ ...p, approvers: [...p.approvers], approvedBy: [...p.approvedBy],
  holder: p.holder && { by: p.holder.by, until: p.holder.until.toISOString() } })).slice(0, 32);

/** Words of an account's standing that pass by themselves. */
const PASSING: readonly Standing["word"][] = ["rotating", "due", "adopting", "unverified"];
type Stand = Pick<Progress, "state" | "holder" | "sentence">;
const OPEN: Omit<Stand, "state"> = { holder: null, sentence: "" };

/** An approved request and its account: may it be tried, is it worth waiting, or neither. `foreign`: exclusive holds of others. */
const readiness = (account: Account, foreign: readonly Hold[], locked: boolean): Stand => {
  const now = standing(account, foreign);
  if (locked) return { ...OPEN, state: "over", sentence: "This target is locked. Ask an admin. Your request stands." };
  if (now.word === "available") return { ...OPEN, state: "go" };
  if (now.word === "held") return { state: "blocked", holder: { by: now.by, until: now.until }, sentence: "" };
  const sentence = obstacle(account, now.word === "due") ?? "";
  return PASSING.includes(now.word) ? { ...OPEN, state: "blocked", sentence } : { ...OPEN, state: "over",
    sentence: `${sentence} Your request stands.` };
};

/** One's own checkout: within the reconnect grace a use goes on and nothing is due. */
const using = (account: Account, locked: boolean): Stand => readiness({ ...account, rotatedNo: account.usedNo }, [], locked);

const ENDED: Record<"denied" | "cancelled" | "revoked", string> = { denied: "Denied", cancelled: "Cancelled", revoked: "Revoked" };
const ending = async (db: Reader, r: Request): Promise<string> => {
  if (isState(r, "denied", "cancelled", "revoked")) {
    const by = (await people.find(db, r.by))?.name;
    return `${ENDED[r.state]}${by ? ` by ${by}` : ""}${r.reason ? `: ${r.reason}` : "."}`;
  }
  if (isState(r, "expired")) return "The request has expired: it was not decided, or the approval not used, in time.";
  return "Your time with this account is over. Ask again.";
};

const stand = async (db: Reader, r: Request, account: Account): Promise<Stand> => {
  if (isState(r, "pending")) return { ...OPEN, state: "pending" };
  if (isState(r, "checked_out")) return using(account, (await targets.find(db, account.target))!.locked);
  if (!isState(r, "approved")) return { ...OPEN, state: "over", sentence: await ending(db, r) };
  const foreign = r.exclusive ? (await requests.holds(db, account.id)).filter((h) => h.exclusive && h.person !== r.requester) : [];
  return readiness(account, foreign, (await targets.find(db, account.target))!.locked);
};

/** law own affairs only: somebody else's request is not found. */
const own = async (db: Reader, person: PersonId, id: RequestId): Promise<Request> => {
  const r = await requests.find(db, id);
  if (!r || r.requester !== person) throw new Fault("not_found", "No such request.");
  return r;
};

export const progress = async (db: Reader, person: Person, id: RequestId): Promise<Progress> => {
  const r = await own(db, person.id, id), account = (await accounts.find(db, r.terms.account))!, target = (await targets.find(db, account.target))!,
    policy = (await policies.find(db, r.terms.policy))!;
  const everyone = await people.all(db), { standing: tally, helped, votes } = await standingOf(db, r, person, policy),
    names = new Map(everyone.map((p) => [p.id, p.name]));
  const queue = isState(r, "approved") ? await queuePlace(db, id) : null, now = await stand(db, r, account);
  const approving = votes.filter((v) => v.decision === "approve" && v.termsHash === r.termsHash).map((v) => names.get(v.voter) ?? "?");
  return {
    ...(now.state === "go" && queue !== null && !queue.yours ? { ...OPEN, state: "blocked" as const, sentence: queue.says } : now), account: `${account.name}@${target.name}`, minutes: "minutes" in r ? r.minutes : r.terms.minutes,
    have: Math.min(tally.have, tally.need), need: tally.need, approvers: approverNames(policy, everyone, r.requester), approvedBy: approving,
    confirming: helped, place: queue !== null && queue.of > 1 ? queue.place : null,
  };
};

/** Resolves when what `look` gives has another tag than `seen`, and after `sessionRenew` anyway: whoever waits may be gone, or a wake-up lost. */
export const untilOther = async <T>(deps: Pick<Deps, "bus" | "clock" | "times">, topics: readonly string[], seen: string, look: () => Promise<T>,
  tag: (seen: T) => string): Promise<T> => {
  const end = deps.clock.mono() + deps.times.sessionRenew;
  let wake: () => void = () => undefined, dirty = false;
  const stops = topics.map((topic) => deps.bus.subscribe(topic, () => { dirty = true; wake(); }));
  try {
    for (;;) {
      dirty = false;
      const now = await look(), left = end - deps.clock.mono();
      if (tag(now) !== seen || left <= 0) return now;
      if (!dirty) await new Promise<void>((done) => { const timer = setTimeout(done, left); wake = () => { clearTimeout(timer); done(); }; });
    }
  } finally { for (const stop of stops) stop(); }
};

/** `person` is read again at every look: who was disabled meanwhile is told so. */
export const awaitProgress = async (deps: Deps, person: () => Promise<Person>, id: RequestId, seen: string): Promise<Progress> => {
  const who = await person(), r = await own(deps.db, who.id, id);
  return untilOther(deps, [id, r.terms.account, who.id], seen, async () => progress(deps.db, await person(), id), tagOf);
};
