/** /locks: what is stopped, and stopping more. */
import { lockList, liftLock, setLock } from "../../flow/lock.ts";
import { LOCK_KINDS, type LockKind } from "../../domain/lock.ts";
import { may } from "../../domain/may.ts";
import { isId } from "../../kernel/ids.ts";
import { Fault } from "../../kernel/fault.ts";
import { Locks } from "../../../views/locks.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const list = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c);
  return render(c, deps, { title: "Locks" }, <Locks list={await lockList(deps.flow.db, person, false)} sets={may(person, "lock.set")} />);
};
const set = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c),
    kind = LOCK_KINDS.find((k) => k === f["kind"]);
  if (!kind) throw new Fault("invalid", "Say what to lock: a person, an account, a target or everything.");
  await setLock(deps.flow, callerOf(c), { kind: kind as LockKind, subject: (f["subject"] ?? "").trim(), reason: f["reason"] ?? "" });
  return c.redirect("/locks?done=locked", 303);
};
const lift = async (c: Ctx, deps: WebDeps) => {
  const id = param(c, "id");
  if (!isId("lock", id)) throw new Fault("not_found", "No such lock.");
  await liftLock(deps.flow, callerOf(c), id, (await fields(c))["reason"] ?? "");
  return c.redirect("/locks?done=lifted", 303);
};

export const LOCKS: readonly Route[] = [
  { method: "GET", path: "/locks", act: "lock.see", handle: list },
  { method: "POST", path: "/locks", act: "lock.set", handle: set },
  { method: "POST", path: "/locks/:id/lift", act: "lock.set", handle: lift },
];
