/** A posted form as plain text fields. Rule: a secret field becomes a Secret before anything else sees it. */
import { Fault } from "../kernel/fault.ts";
import { Secret } from "../kernel/secret.ts";
import type { Ctx } from "./deps.ts";

export type Fields = Readonly<Record<string, string>>;

/** One value a name; files and repeated names are refused. */
export const fields = async (c: Ctx): Promise<Fields> => {
  const body = await c.req.parseBody({ all: true }), out: Record<string, string> = {};
  for (const [name, value] of Object.entries(body)) {
    if (name === "_csrf") continue;
    if (typeof value !== "string") throw new Fault("invalid", `The field "${name}" was given more than once or holds a file.`);
    out[name] = value;
  }
  return out;
};
/** Every value of one name: check boxes. */
export const many = async (c: Ctx, name: string): Promise<string[]> => {
  const value = (await c.req.parseBody({ all: true }))[name];
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).filter((v): v is string => typeof v === "string" && v !== "");
};
/** One text field of a form that has repeated ones too; "" where it is missing. */
export const textField = async (c: Ctx, name: string): Promise<string> => {
  const value = (await c.req.parseBody({ all: true }))[name];
  if (value !== undefined && typeof value !== "string") throw new Fault("invalid", `The field "${name}" was given more than once or holds a file.`);
  return value ?? "";
};
/** Pasted text, or the text of an uploaded file where nothing was pasted. */
export const textOrFile = async (c: Ctx, text: string, file: string): Promise<string> => {
  const body = await c.req.parseBody(), pasted = body[text], sent = body[file];
  if (typeof pasted === "string" && pasted.trim() !== "") return pasted;
  return sent instanceof File ? sent.text() : "";
};
export const secretField = (f: Fields, name: string): Secret => {
  const text = f[name] ?? "";
  if (text === "") throw new Fault("invalid", "The password is missing.");
  return Secret.of(text);
};
/** Typed twice; both fields leave as one Secret or not at all. */
export const twice = (f: Fields, name: string, again: string): Secret => {
  if ((f[name] ?? "") !== (f[again] ?? "")) throw new Fault("invalid", "The two do not match; nothing was done.");
  return secretField(f, name);
};
/** `a, b c` as a list. */
export const words = (text: string | undefined): string[] => (text ?? "").split(/[\s,]+/).filter((w) => w !== "");
/** One a line. */
export const lines = (text: string): string[] => text.split(/\r?\n/).map((l) => l.trim()).filter((l) => l !== "");
export const whole = (text: string | undefined): number | undefined => (text !== undefined && /^\d{1,9}$/.test(text.trim()) ? Number(text.trim()) : undefined);
/** A date field as the start of that day (UTC); `days` later for the end of a range. */
export const day = (text: string | undefined, days = 0): Date | undefined => {
  const at = text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : null;
  if (at === null || Number.isNaN(at.getTime())) return undefined;
  at.setUTCDate(at.getUTCDate() + days);
  return at;
};
