/** Setting up the second factor. Rule: the key travels sealed and bound to the person until a code proves that their device holds it. */
import { Fault } from "../kernel/fault.ts";
import type { Secret } from "../kernel/secret.ts";
import * as people from "../store/people.ts";
import type { From, IdentityDeps } from "./deps.ts";
import { actorOf, ticketOwner, welcome, type LoginResult } from "./login.ts";
import { newTotpKey, totpCounter, totpUri } from "./secrets.ts";
import { endSession } from "./sessions.ts";

/** `sealed` goes into the form and comes back with the code; `key` and `uri` are shown. */
export type Enrolment = { readonly key: Secret; readonly uri: Secret; readonly sealed: string };

/** `sealed` given: the same key again after a mistyped code. */
export const beginEnrol = (deps: IdentityDeps, ticket: string, sealed?: string): Promise<Enrolment> => deps.db.transaction(async (tx) => {
  const owner = await ticketOwner(deps, tx, ticket);
  if (!owner || owner.credentials.totp !== null) throw new Fault("unauthenticated", "This login took too long. Start again.");
  const context = `enrol/${owner.person.id}`;
  const key = sealed === undefined ? newTotpKey(deps.random) : reopen(deps, context, sealed);
  return { key, uri: totpUri(key, owner.person.name, deps.issuer), sealed: sealed ?? deps.vaulted.seal("sessions", context, key).toString("base64url") };
});

const reopen = (deps: IdentityDeps, context: string, sealed: string): Secret => {
  try { return deps.vaulted.open("sessions", context, Buffer.from(sealed, "base64url")); } catch (cause) {
    throw new Fault("invalid", "This set-up form is not yours or was changed. Start again.", { cause });
  }
};

export const confirmEnrol = (deps: IdentityDeps, { ticket, sealed, code, ...from }: { ticket: string; sealed: string; code: string } & From): Promise<LoginResult> =>
  deps.db.transaction(async (tx) => {
    const owner = await ticketOwner(deps, tx, ticket);
    if (!owner || owner.credentials.totp !== null) return { outcome: "refused", why: "This login took too long. Start again." };
    const { person } = owner;
    using key = reopen(deps, `enrol/${person.id}`, sealed);
    const counter = totpCounter(key, code.replaceAll(" ", ""), tx.now);
    if (counter === null) return { outcome: "refused", why: "This code does not match. Check that your device's clock is right and type the newest code." };
    await people.setTotp(tx, person.id, deps.vaulted.seal("sessions", `totp/${person.id}`, key));
    await people.spendTotp(tx, person.id, counter);
    await deps.record(tx, { what: "person.changed", who: actorOf(person, from), about: { person: person.id }, outcome: "ok", why: "second factor set up" });
    await endSession(tx, ticket);
    return welcome(deps, tx, { ...person, totp: true }, from, "password and code");
  });
