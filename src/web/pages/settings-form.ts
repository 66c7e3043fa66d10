/** A platform's settings as form fields, from its connector's own schema, and back. Rule: what the schema does not know is kept as it is; the connector checks the result. */
import { z } from "zod";
import { Fault } from "../../kernel/fault.ts";
import type { Setting } from "../../../views/target-edit.tsx";
import type { Fields } from "../forms.ts";

type Property = { readonly type?: string; readonly enum?: readonly unknown[]; readonly items?: { readonly type?: string }; readonly description?: string; readonly contentMediaType?: string; readonly default?: unknown };
type Shape = { readonly properties?: Record<string, Property>; readonly required?: readonly string[] };
type Kind = Setting["kind"];

const shapeOf = (schema: z.ZodType): Shape => z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Shape;
const kindOf = (p: Property): Kind =>
  p.enum ? "choice" : p.type === "boolean" ? "tick" : p.type === "integer" || p.type === "number" ? "number" : p.type === "string" ? (p.contentMediaType ? "block" : "text")
    : p.type === "array" && p.items?.type === "string" ? "lines" : "json";
const textOf = (kind: Kind, value: unknown): string => {
  if (value === undefined || value === null) return "";
  if (kind === "tick") return value === true ? "yes" : "";
  if (kind === "lines") return (value as string[]).join("\n");
  return kind === "json" ? JSON.stringify(value, null, 2) : String(value as string | number);
};

export const settingFields = (schema: z.ZodType, values: Record<string, unknown>): Setting[] => {
  const { properties = {}, required = [] } = shapeOf(schema);
  return Object.entries(properties).map(([name, p]) => {
    const kind = kindOf(p);
    return { name, kind, value: textOf(kind, values[name] ?? p.default), choices: (p.enum ?? []).map(String), required: required.includes(name) && kind !== "tick", says: p.description ?? "" };
  });
};

const read = (s: Setting, text: string): unknown => {
  switch (s.kind) {
    case "tick": return text === "yes";
    case "number": return text.trim() === "" ? undefined : Number(text);
    case "lines": return text.split("\n").map((l) => l.trim()).filter((l) => l !== "");
    case "block": return text.replaceAll("\r\n", "\n").trim();
    case "json":
      if (text.trim() === "") return undefined;
      try { return JSON.parse(text) as unknown; } catch (cause) { throw new Fault("invalid", `${s.name} is not JSON. Correct it and send it again.`, { cause }); }
    default: return text.trim() === "" ? undefined : text.trim();
  }
};
export const readSettings = (schema: z.ZodType, was: Record<string, unknown>, f: Fields): Record<string, unknown> => {
  const next = Object.entries({ ...was, ...Object.fromEntries(settingFields(schema, was).map((s) => [s.name, read(s, f[`set_${s.name}`] ?? "")])) });
  return Object.fromEntries(next.filter(([, v]) => v !== undefined));
};
