/** The person behind this request, as verbs want to know them. */
import type { Caller } from "../flow/record.ts";
import type { Ctx } from "./deps.ts";
import { me } from "./login-session.ts";

export const callerOf = (c: Ctx): Caller & { means: "portal" } => ({ person: me(c).person, address: c.get("address"), means: "portal" });
/** Of a route that has it; hono decodes it. */
export const param = (c: Ctx, name: string): string => c.req.param(name) ?? "";
