/** The description: every route is in it, and it is what OpenAPI says a description is. No broker is started. */
import { describe, expect, test } from "vitest";
import { apiRoutes, ENDPOINTS, type ApiDeps } from "../../src/web/api/index.ts";
import { documentOf } from "../../src/web/api/openapi.ts";

type Operation = { summary?: string; tags?: string[]; parameters?: { name: string; in: string; required?: boolean }[]; responses: Record<string, { description?: string; content?: Record<string, { schema?: object }> }>; security?: object[]; requestBody?: { content: Record<string, { schema: { properties?: Record<string, { format?: string }> } }> } };
const app = apiRoutes({} as ApiDeps), doc = documentOf(app) as unknown as { openapi: string; info: { title: string; version: string }; paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, object>; securitySchemes: object } };
const operations = Object.entries(doc.paths).flatMap(([path, ops]) => Object.entries(ops).map(([method, op]) => ({ name: `${method.toUpperCase()} ${path}`, path, op })));
const UNDESCRIBED = ["GET /openapi.json", "GET /docs", "ALL /*"];

describe("openapi", () => {
  test("every route of the router is described, and nothing else is", () => {
    const routed = new Set(app.routes.map((r) => `${r.method} ${r.path.replace(/:(\w+)/g, "{$1}")}`).filter((r) => !UNDESCRIBED.includes(r)));
    expect([...routed].sort()).toEqual(operations.map((o) => o.name).sort());
    expect(operations).toHaveLength(ENDPOINTS.length);
    expect(operations.length).toBeGreaterThan(45);
  });
  test("it is OpenAPI 3.1 in its basic structure", () => {
    expect(doc.openapi).toBe("3.1.0");
    expect(doc.info).toMatchObject({ title: "Lockstep", version: "1" });
    expect(doc.components.securitySchemes).toEqual({ token: { type: "http", scheme: "bearer" } });
    for (const { name, path, op } of operations) {
      expect(op.summary, name).toMatch(/^[A-Z]/);
      expect(op.tags, name).toHaveLength(1);
      expect(op.security, name).toEqual([{ token: [] }]);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
      expect((op.parameters ?? []).filter((p) => p.in === "path").map((p) => [p.name, p.required]), name).toEqual(inPath.map((p) => [p, true]));
      expect(Object.keys(op.responses), name).toEqual(expect.arrayContaining([expect.stringMatching(/^20[012]$/), "default"]));
      expect(op.responses["default"]?.content?.["application/problem+json"]?.schema, name).toEqual({ $ref: "#/components/schemas/Problem" });
    }
  });
  test("every reference leads somewhere", () => {
    for (const [, name] of JSON.stringify(doc).matchAll(/#\/components\/schemas\/(\w+)/g)) expect(doc.components.schemas).toHaveProperty(name!);
  });
  test("two answers hold a password: the release's, and the one made for many accounts; what is typed is marked as one", () => {
    const answers = operations.filter((o) => /"password":/.test(JSON.stringify(Object.entries(o.op.responses).filter(([k]) => k !== "default"))) || /schemas\/Released/.test(JSON.stringify(o.op.responses)));
    expect(answers.map((o) => o.name)).toEqual(["POST /requests/{id}/release", "POST /bulks/shown"]);
    const typed = operations.flatMap((o) => Object.entries(o.op.requestBody?.content["application/json"]?.schema.properties ?? {}).filter(([k]) => k === "password").map(([, s]) => [o.name, s.format]));
    expect(typed.sort()).toEqual([["POST /accounts", "password"], ["POST /accounts/{id}/declare", "password"], ["POST /accounts/{id}/password", "password"], ["POST /bulks", "password"], ["POST /bulks/preview", "password"], ["POST /people", "password"], ["POST /rotations/{id}/tell", "password"]]);
  });
  test("the docs page needs no login and lists every endpoint", async () => {
    const page = await (await app.request("/docs")).text();
    for (const { name } of operations) expect(page).toContain(`<code>${name.replace(" ", " ")}</code>`);
    expect(page).not.toMatch(/<script|style=/);
    expect((await app.request("/openapi.json")).headers.get("content-type")).toMatch(/json/);
  });
});
