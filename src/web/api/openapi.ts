/** The API's description. Rule: generated from the mounted endpoints, written down nowhere else. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { ApiEnv } from "./deps.ts";

const INFO = {
  openapi: "3.1.0", info: { title: "Lockstep", version: "1", description: "Ask, approve, use, rotate. Whatever the portal does, this does." }, servers: [{ url: "/api/v1" }],
};
export type Document = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;
export const documentOf = (app: OpenAPIHono<ApiEnv>): Document => app.getOpenAPI31Document(INFO);
