/** From a view to an answer. Rule: the one place that puts a page into its frame and hands the nonce to the views. */
import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { may, type Act } from "../domain/may.ts";
import { Here, type HereNow } from "../../views/here.ts";
import { Layout, type Nav } from "../../views/layout.tsx";
import { sentence } from "../../views/notices.ts";
import type { Ctx, WebDeps } from "./deps.ts";

export type Frame = { readonly title: string; readonly status?: number; readonly wide?: boolean; readonly refresh?: number | { seconds: number; to: string }; /** Only where scripts do not run: they renew the page themselves. */ readonly plainRefresh?: number };

export const isPartial = (c: Ctx): boolean => c.req.header("hx-request-type") === "partial";

const hereOf = (c: Ctx, { flow, config }: WebDeps): HereNow => ({
  nonce: c.get("nonce"), csrf: c.get("me")?.csrf ?? "", now: flow.clock.now(), path: c.req.path, origin: config.origin, mails: flow.mail !== null, ssh: { host: config.sshHost, port: config.sshPort },
});
const NAV: readonly Act[] = ["audit.read", "lock.see", "person.manage", "policy.see", "target.add", "account.manage", "session.play", "account.ask", "broker.health", "exposure.see", "bulk.open", "notice.see", "password_policy.see", "platform.see", "agent.list"];
const navOf = (c: Ctx): Nav | null => {
  const me = c.get("me");
  if (!me) return null;
  const { person } = me;
  return { name: person.name, fullName: person.fullName, roles: person.roles, can: new Set(NAV.filter((act) => may(person, act, { offered: true }))), votes: person.roles.includes("approver") };
};

/** A whole page. `?done=` names a sentence of views/notices.ts; text from outside never gets there. */
export const render = (c: Ctx, deps: WebDeps, frame: Frame, body: Child): Response | Promise<Response> => c.html(
  <Here.Provider value={hereOf(c, deps)}>
    <Layout title={frame.title} nav={navOf(c)} wide={frame.wide ?? false} refresh={frame.refresh} plainRefresh={frame.plainRefresh} notice={sentence(c.req.query("done"))}>{body}</Layout>
  </Here.Provider>, (frame.status ?? 200) as ContentfulStatusCode);

/** A piece of a page, for htmx. */
export const fragment = (c: Ctx, deps: WebDeps, body: Child): Response | Promise<Response> => c.html(<Here.Provider value={hereOf(c, deps)}>{body}</Here.Provider>);
