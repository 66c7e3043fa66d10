/**
 * RFC 9457 problem details, from the FAULTS table. Rule: what is not a Fault is logged and becomes "internal"; every broken field is named at
 * once.
 */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { HTTPException } from "hono/http-exception";
import { z } from "@hono/zod-openapi";
import { Fault, FAULTS, toFault, type FaultCode } from "../../kernel/fault.ts";
import type { ApiCtx, ApiDeps } from "./deps.ts";

export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(FAULTS) as [FaultCode, ...FaultCode[]]),
    detail: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .openapi("Problem");
type FieldError = { readonly field: string; readonly message: string };

const named = (e: z.ZodError): FieldError[] => e.issues.map((i) => ({ field: i.path.map(String).join(".") || "(the whole)", message: i.message }));
const READABLE: Record<number, string> = {
  413: "That is more than this takes: 256 KiB.",
  415: "Send JSON, with the header Content-Type: application/json.",
};

type Understood = { readonly fault: Fault; readonly errors?: FieldError[] };
const understood = (e: unknown): Understood => {
  if (e instanceof z.ZodError) {
    const errors = named(e);
    return { fault: new Fault("invalid", `${errors.map((f) => `${f.field}: ${f.message}`).join("; ")}.`), errors };
  }
  if (e instanceof HTTPException)
    return { fault: new Fault("invalid", READABLE[e.status] ?? "The body could not be read: it is not JSON.", { cause: e }) };
  return { fault: toFault(e) };
};

const causeOf = (e: unknown): string => (e instanceof Error ? `${e.name}: ${e.message}` : "not an error");

/** Relative, so that it holds behind any address: the docs page explains each code. */
export const answerProblem =
  (deps: ApiDeps) =>
  (e: unknown, c: ApiCtx): Response => {
    const { fault, errors } = understood(e),
      { http, title } = FAULTS[fault.code];
    if (fault.code === "internal") deps.flow.log("error", "an API call failed", { path: c.req.path, what: causeOf(e) });
    if (fault.code === "unauthenticated") c.header("WWW-Authenticate", "Bearer");
    return c.json(
      { type: `/api/v1/docs#${fault.code}`, title, status: http, code: fault.code, detail: fault.message, ...(errors ? { errors } : {}) },
      http as ContentfulStatusCode,
      { "Content-Type": "application/problem+json" },
    );
  };
