/** Of the matrix: nine kinds of people and a request in every state. Rule: every state is reached by the verbs, as in life. */
import { sql } from "drizzle-orm";
import type { Role } from "../../src/domain/person.ts";
import { NEXT, type State } from "../../src/domain/request.ts";
import { ask } from "../../src/flow/ask.ts";
import { expireRequest, giveBack } from "../../src/flow/checkin.ts";
import { putPolicy } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { release } from "../../src/flow/release.ts";
import { reviewRequest } from "../../src/flow/review.ts";
import { admit, sessionEnded, sessionLive } from "../../src/flow/session.ts";
import { cancelRequest, revokeRequest, vote } from "../../src/flow/vote.ts";
import { setPassword } from "../../src/identity/passwords.ts";
import type { RequestId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as people from "../../src/store/people.ts";
import * as targets from "../../src/store/targets.ts";
import { CHEAP, PASSWORD } from "../identity/world.ts";
import { addManaged, Browser, TOTP_KEY, world, type Seed, type World } from "./world.ts";

/** `colleague` may ask for the same account; `bystander` and `rival` approve under other policies; `owner` owns nothing here; `gone` was disabled after the login. */
export const WHO = ["requester", "approver", "operator", "auditor", "outsider", "colleague", "bystander", "rival", "owner", "gone", "nobody"] as const;
export type Who = (typeof WHO)[number];
const EXTRA: Readonly<Partial<Record<Who, readonly Role[]>>> = { colleague: ["user"], bystander: ["approver"], rival: ["user", "approver"],
  owner: ["owner", "user"], gone: ["user", "auditor"] };
export const STATES = Object.keys(NEXT) as State[];

let w: World, at = 0;
export const callers = {} as Record<Who, Caller>, browsers = {} as Record<Who, Browser>, samples = {} as Record<State, RequestId>;
/** One live, one over; and of every other noun what its routes are asked about. */
export const sessions: string[] = [], ids: Record<string, string> = {};
const flow = () => w.core.deps;
const fresh = async (): Promise<RequestId> =>
    ask(flow(), callers.requester, { account: `m-${at++}@matrix`, minutes: 30, reason: "for the matrix", ticket: "" });
const approved = async (): Promise<RequestId> => {
  const id = await fresh();
  await vote(flow(), callers.approver, id, { decision: "approve" });
  return id;
};
const checkedOut = async (): Promise<RequestId> => {
  const id = await approved();
  (await release(flow(), callers.requester, id)).password.wipe();
  return id;
};
const closed = async (): Promise<RequestId> => {
  const id = await checkedOut();
  await giveBack(flow(), callers.requester, id);
  return id;
};
/** A request in the state, made by the verbs. */
export const MAKE: Readonly<Record<State, () => Promise<RequestId>>> = {
  pending: fresh,
  approved,
  checked_out: checkedOut,
  closed,
  denied: async () => {
    const id = await fresh();
    await vote(flow(), callers.approver, id, { decision: "deny", reason: "not today" });
    return id;
  },
  cancelled: async () => {
    const id = await fresh();
    await cancelRequest(flow(), callers.requester, id, "no need");
    return id;
  },
  revoked: async () => {
    const id = await approved();
    await revokeRequest(flow(), callers.approver, id, "over");
    return id;
  },
  expired: async () => {
    const id = await approved();
    await flow().db.q.execute(sql.raw(`update requests set start_by = now() - interval '1 second' where id = '${id}'`));
    await expireRequest(flow(), id);
    return id;
  },
  reviewed: async () => {
    const id = await closed();
    await reviewRequest(flow(), callers.auditor, id, "as it should be");
    return id;
  },
};

const join = async (name: Who, roles: readonly Role[]): Promise<Caller> => {
  const { person } = await w.core.person(name, [...roles]), { db, keyring } = flow();
  await db.transaction(async (tx) => {
    await setPassword(tx, person.id, Secret.of(PASSWORD), CHEAP);
    if (roles.includes("approver")) await people.setTotp(tx, person.id, keyring.sealFor("sessions", `totp/${person.id}`, Secret.of(TOTP_KEY)));
  });
  return { person: (await people.find(db, person.id))!, address: "127.0.0.1", means: "portal" };
};
const sat = async (): Promise<void> => {
  for (const live of [true, false]) {
    const { session } = await admit(flow(), callers.requester, "root", "web-1", "shell");
    sessions.push(session);
    await sessionLive(flow(), session);
    if (live) continue;
    const recording = { chunks: 0, hash: "", bytes: 0, complete: true };
    await sessionEnded(flow(), session, { why: "client_closed", detail: "", bytes: 0, identityChanged: false, facts: {}, recording });
  }
};
/** Everything above, filled. */
export const raise = async (): Promise<World> => {
  w = await world();
  Object.assign(callers, w.who);
  for (const [name, roles] of Object.entries(EXTRA)) Object.assign(w.who, { [name]: (callers[name as Who] = await join(name as Who, roles)) });
  const managed = await addManaged(w.core, callers.operator, "matrix", Array.from({ length: 40 }, (_, i) => `m-${i}`));
  const p = (n: Who): string => callers[n].person.id;
  await putPolicy(flow(), callers.operator, {
    name: "matrix",
    terms: { preset: "release", maxMinutes: 60, review: true },
    binding: { requesters: [p("requester"), p("colleague")], approvers: [p("approver")], accountNames: ["m-*"] },
  });
  for (const state of STATES) samples[state] = await MAKE[state]();
  const used = await ask(flow(), callers.requester, { account: "root@web-1", minutes: 30, reason: "for the matrix", ticket: "" });
  await vote(flow(), callers.approver, used, { decision: "approve" });
  await sat();
  const target = (await targets.named(flow().db, "web-1"))!;
  Object.assign(ids, { targets: target.id, ask: "app1@web-1", accounts: managed["m-39"], people: p("outsider"), me: "tok_00000000000000000000",
    terminal: "trm_00000000000000000000" });
  for (const name of WHO) {
    browsers[name] = new Browser(w);
    if (name !== "nobody") await browsers[name].login(name as Seed);
  }
  await flow().db.transaction((tx) => people.change(tx, callers.gone.person.id, { disabled: true }));
  return w;
};
