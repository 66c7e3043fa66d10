/** Every failure leaves by this door. Rule: what is not a Fault is logged and becomes "internal"; a reader is told what to do next. */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { HTTPException } from "hono/http-exception";
import { ZodError } from "zod";
import { Fault, FAULTS, toFault, type FaultCode } from "../kernel/fault.ts";
import { FaultNote, FaultPage } from "../../views/fault.tsx";
import { localPath } from "./address.ts";
import type { Ctx, WebDeps } from "./deps.ts";
import { isPartial, render } from "./render.tsx";

const field = (path: readonly PropertyKey[]): string => path.map(String).join(".");
const ofZod = (e: ZodError): Fault => new Fault("invalid", `${e.issues.map((i) => `${field(i.path) || "the form"}: ${i.message}`).join("; ")}.`);
const BY_STATUS: Record<number, [FaultCode, string]> = {
  404: ["not_found", "There is no such page."],
  413: ["invalid", "That is more than this form takes."],
  400: ["invalid", "This request could not be read."],
};
const understood = (e: unknown): Fault => {
  if (e instanceof ZodError) return ofZod(e);
  if (e instanceof HTTPException) {
    const [code, message] = BY_STATUS[e.status] ?? ["invalid", "This request could not be read."];
    return new Fault(code, message, { cause: e });
  }
  return toFault(e);
};

export const wantsJson = (c: Ctx): boolean => c.req.path.startsWith("/api/") || /json/.test(c.req.header("accept") ?? "");

export const answerFault =
  (deps: WebDeps) =>
  (e: unknown, c: Ctx): Response | Promise<Response> => {
    const fault = understood(e),
      { http, title } = FAULTS[fault.code];
    if (fault.code === "internal")
      deps.flow.log("error", "a page failed", { path: c.req.path, what: e instanceof Error ? `${e.name}: ${e.message}` : "not an error" });
    if (wantsJson(c))
      return c.json({ type: "about:blank", title, status: http, code: fault.code, detail: fault.message }, http as ContentfulStatusCode, {
        "Content-Type": "application/problem+json",
      });
    if (fault.code === "unauthenticated") return toLogin(c, deps);
    if (isPartial(c)) {
      c.header("HX-Retarget", "#notice");
      c.header("HX-Reswap", "innerHTML");
      return c.html(<FaultNote title={title} message={fault.message} />, http as ContentfulStatusCode);
    }
    return render(c, deps, { title, status: http }, <FaultPage code={fault.code} title={title} message={fault.message} back={backOf(c, deps)} />);
  };

/** The page of ours the reader came from, or null. */
const cameFrom = (c: Ctx, { config }: WebDeps): string | undefined => {
  const from = c.req.header("referer");
  return from !== undefined && from.startsWith(`${config.origin}/`) ? from.slice(config.origin.length) : undefined;
};
/** Where looking again or going back leads: this very page for a GET that may work next time, else where the form stood. */
const backOf = (c: Ctx, deps: WebDeps): string | undefined => {
  const from = cameFrom(c, deps);
  return from === undefined || from.startsWith("/log") ? undefined : localPath(from);
};

/** GETs come back to where they were going, forms to the page they stood on; a form is not sent twice. */
const toLogin = (c: Ctx, deps: WebDeps): Response => {
  const going = c.req.method === "GET" ? c.req.path + new URL(c.req.url).search : cameFrom(c, deps);
  const next = going !== undefined && !going.startsWith("/log") ? `?next=${encodeURIComponent(going)}` : "";
  if (isPartial(c)) {
    c.header("HX-Redirect", `/login${next}`);
    return c.body(null, 401);
  }
  return c.redirect(`/login${next}`, 303);
};
