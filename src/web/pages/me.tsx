/** /me: a person's own keys, tokens and password. */
import { addSshKey, removeSshKey } from "../../flow/people.ts";
import { choices } from "../../flow/notices.ts";
import { groupsOf, keysOf } from "../../identity/directory.ts";
import { changePassword } from "../../identity/passwords.ts";
import { samePassword } from "../../identity/secrets.ts";
import { readPublicKey } from "../../identity/ssh-keys.ts";
import { makeToken, revokeToken, TokenInput, tokensOf } from "../../identity/tokens.ts";
import { Fault } from "../../kernel/fault.ts";
import type { TokenId } from "../../kernel/ids.ts";
import { MePage } from "../../../views/me.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, secretField, whole, words } from "../forms.ts";
import { keepCookie, me } from "../login-session.ts";
import { showToken } from "../release.tsx";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const from = (c: Ctx) => ({ address: c.get("address"), means: "portal" as const });
const page = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), { db, clock } = deps.flow;
  return render(c, deps, { title: "My keys and tokens" }, <MePage person={person} keys={await keysOf(db, person)} tokens={await tokensOf(deps.identity, person)} groups={await groupsOf(db, person)} choices={await choices(db, callerOf(c))} now={clock.now()} />);
};
const addKey = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c), key = readPublicKey(f["key"] ?? ""), { person } = me(c);
  await addSshKey(deps.flow, callerOf(c), person.id, { fingerprint: key.fingerprint, line: key.line, label: (f["label"] ?? "").trim().slice(0, 80) || key.comment || "key" });
  return c.redirect("/me?done=added", 303);
};
const removeKey = async (c: Ctx, deps: WebDeps) => {
  await removeSshKey(deps.flow, callerOf(c), me(c).person.id, (await fields(c))["fingerprint"] ?? "");
  return c.redirect("/me?done=changed", 303);
};
const token = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c), input = TokenInput.parse({ label: f["label"] ?? "", days: whole(f["days"]) ?? 0, readOnly: f["readOnly"] === "yes", networks: words(f["networks"]) });
  return showToken(c, deps, await makeToken(deps.identity, me(c).person, input, from(c)));
};
const password = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c);
  using old = secretField(f, "old");
  using fresh = secretField(f, "fresh");
  using again = secretField(f, "again");
  if (!samePassword(fresh, again)) throw new Fault("invalid", "The two new passwords differ.");
  keepCookie(c, deps, "session", await changePassword(deps.identity, { person: me(c).person, old, fresh, ...from(c) }));
  return c.redirect("/me?done=password", 303);
};

export const ME: readonly Route[] = [
  { method: "GET", path: "/me", act: "logged_in", handle: page },
  { method: "POST", path: "/me/keys", act: "logged_in", handle: addKey },
  { method: "POST", path: "/me/keys/remove", act: "logged_in", handle: removeKey },
  { method: "POST", path: "/me/tokens", act: "logged_in", handle: token },
  { method: "POST", path: "/me/tokens/:id/revoke", act: "logged_in", handle: async (c, deps) => { await revokeToken(deps.identity, me(c).person, param(c, "id") as TokenId, from(c)); return c.redirect("/me?done=revoked_token", 303); } },
  { method: "POST", path: "/me/password", act: "logged_in", handle: password },
];
