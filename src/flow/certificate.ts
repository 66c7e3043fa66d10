/** Reads what a certificate is made of. Rule: who may see the request may see how it was closed. */
import type { RequestId } from "../kernel/ids.ts";
import { certificateOf, type Certificate, type CertificateFacts } from "../domain/certificate.ts";
import { knows } from "../domain/exposure.ts";
import type { Person } from "../domain/person.ts";
import { platformOf } from "../domain/platform.ts";
import type { Rotation } from "../domain/rotation.ts";
import type { Reader } from "../store/db.ts";
import * as events from "../store/events.ts";
import * as rotations from "../store/rotations.ts";
import * as versions from "../store/versions.ts";
import { requestCard, type RequestCard } from "./look.ts";

type Opened = Rotation & { readonly openedAt: Date };

export const certificate = async (db: Reader, person: Person, id: RequestId): Promise<Certificate> => certificateFor(db, await requestCard(db, person, id));
/** For a request that was authorised already. */
export const certificateFor = async (db: Reader, { request: r, account, target }: Pick<RequestCard, "request" | "account" | "target">): Promise<Certificate> => {
  const mine = (await versions.exposuresOf(db, { account: account.id })).filter((e) => e.request === r.id), last = mine.at(-1);
  if (!last) return certificateOf({ used: null, inUse: false, rotation: null, checks: [], logins: null });
  const given = new Set(mine.map((e) => e.version as string));
  const rotation = await rotations.firstProven(db, account.id, last.at, [...given]) ?? await rotations.notProven(db, account.id, last.at);
  return certificateOf({ used: { versions: given.size, lastAt: last.at, seen: mine.some((e) => knows(e.how)) }, inUse: r.state === "checked_out", loginsAre: platformOf(target.platform).logins, ...(await after(db, rotation)) });
};

const after = async (db: Reader, r: Opened | null): Promise<Pick<CertificateFacts, "rotation" | "checks" | "logins">> => {
  if (!r) return { rotation: null, checks: [], logins: null };
  const told = await events.story(db, r.id), facts = (what: string) => told.filter((e) => e.what === what).map((e) => (e.facts ?? {}) as Record<string, unknown>), done = facts("rotation.committed").at(-1);
  const logins = facts("rotation.closure").find((f) => f["step"] === "logins")?.["logins"];
  return {
    rotation: { id: r.id, state: r.state, openedAt: r.openedAt, endedAt: "endedAt" in r ? r.endedAt : null, why: r.why, provenBy: done === undefined ? null : done["login"] === "accepted" ? "login" : "compare" },
    checks: (await rotations.closuresOf(db, r.id)).map((c) => ({ step: c.step, dueAt: c.dueAt, doneAt: c.doneAt, fresh: c.newResult, old: c.oldResult })), logins: typeof logins === "string" ? logins : null,
  };
};
