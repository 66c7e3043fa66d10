/** /targets/:id/desktop: its RDP server, read, compared and pinned. Rule: reading keeps nothing; pinning says what it stops. */
import { z } from "zod";
import { desktopOf } from "../../domain/desktop.ts";
import { hasVnc, readDesktop, setDesktop, setVnc } from "../../flow/desktop.ts";
import { target } from "../../flow/registers.ts";
import { Fault } from "../../kernel/fault.ts";
import { DesktopConfirm, TargetDesktop } from "../../../views/target-desktop.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, whole } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const Port = z.int("a port is 1 to 65535").min(1).max(65_535), Pinned = z.object({ port: Port, certificate: z.string().min(1).max(200), security: z.enum(["tls", "nla"]), domain: z.string().max(128) });

const page = async (c: Ctx, deps: WebDeps) => {
  const t = await target(deps.flow.db, me(c).person, param(c, "id"));
  return render(c, deps, { title: `Desktop of ${t.name}` }, <TargetDesktop target={t} desktop={desktopOf(t)} port={null} vnc={hasVnc(deps.flow, t.platform)} />);
};
const look = async (c: Ctx, deps: WebDeps) => {
  const t = await target(deps.flow.db, me(c).person, param(c, "id")), f = await fields(c), port = Port.parse(whole(f["port"]));
  const seen = await readDesktop(deps.flow, callerOf(c), { host: t.host, port, link: t.link });
  return render(c, deps, { title: "Is this the machine?" }, <DesktopConfirm target={t} seen={seen} domain={(f["domain"] ?? "").trim()} />);
};
const pin = async (c: Ctx, deps: WebDeps) => {
  const { id } = await target(deps.flow.db, me(c).person, param(c, "id")), f = await fields(c);
  if (f["same"] !== "yes") throw new Fault("invalid", "Compare the certificate first, and say that it is the same.");
  await setDesktop(deps.flow, callerOf(c), id, Pinned.parse({ ...f, port: whole(f["port"]), domain: (f["domain"] ?? "").trim() }));
  return c.redirect(`/targets/${id}?done=where`, 303);
};
const vnc = async (c: Ctx, deps: WebDeps) => {
  const { id } = await target(deps.flow.db, me(c).person, param(c, "id"));
  await setVnc(deps.flow, callerOf(c), id, Port.parse(whole((await fields(c))["port"])));
  return c.redirect(`/targets/${id}?done=where`, 303);
};
const remove = async (c: Ctx, deps: WebDeps) => {
  const { id } = await target(deps.flow.db, me(c).person, param(c, "id"));
  await setDesktop(deps.flow, callerOf(c), id, null);
  return c.redirect(`/targets/${id}?done=where`, 303);
};

const at = "/targets/:id/desktop";
export const TARGET_DESKTOP: readonly Route[] = [
  { method: "GET", path: at, act: "target.manage", verb: true, handle: page },
  { method: "POST", path: at, act: "target.add", verb: true, handle: look },
  { method: "POST", path: `${at}/pin`, act: "target.manage", verb: true, handle: pin },
  { method: "POST", path: `${at}/vnc`, act: "target.manage", verb: true, handle: vnc },
  { method: "POST", path: `${at}/remove`, act: "target.manage", verb: true, handle: remove },
];
