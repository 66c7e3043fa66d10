/** The form of a policy as a value. Rule: one reader per field of views/policy-sections.tsx; what the form does not carry stays as it was. */
import { readRules, type CommandRule } from "../../domain/commands.ts";
import { readOpenings, type Hours } from "../../domain/hours.ts";
import { Fault } from "../../kernel/fault.ts";
import { PolicyBinding, PolicyTerms, type Policy, type PolicyInput } from "../../domain/policy.ts";
import type { Ctx } from "../deps.ts";
import { lines, many, whole, words } from "../forms.ts";

/** One field: its text, every value of its name. */
type Sent = { readonly text: string; readonly all: readonly string[] };
type Reader = (sent: Sent) => unknown;
const text: Reader = (s) => s.text,
  number: Reader = (s) => whole(s.text),
  tick: Reader = (s) => s.text === "yes",
  list: Reader = (s) => s.all,
  line: Reader = (s) => words(s.text),
  each: Reader = (s) => lines(s.text);

const TERMS = {
  preset: text,
  approvals: number,
  maxMinutes: number,
  requestTtlMinutes: number,
  startWindowMinutes: number,
  reconnectGraceSeconds: number,
  entries: number,
  review: tick,
  networks: line,
  forwardTo: each,
  reasonMin: number,
  ticketPattern: text,
  channels: list,
  record: text,
  recordInput: tick,
  clipboardIn: tick,
  clipboardOut: tick,
  filesIn: tick,
  filesOut: tick,
} as const satisfies Partial<Record<keyof PolicyTerms, Reader>>;
const BINDING = {
  requesters: list,
  requesterGroups: list,
  approvers: list,
  approverGroups: list,
  targets: line,
  tags: line,
  platforms: list,
  accountNames: line,
} as const satisfies Record<keyof PolicyBinding, Reader>;

/** `files` is a value of its own; its fields are called filesReadOnly and so on. */
const FILES = { filesReadOnly: tick, filesNoDelete: tick, filesAllow: each, filesDeny: each } as const;
const filesOf = (f: Record<string, unknown>): Record<string, unknown> => ({
  readOnly: f["filesReadOnly"],
  noDelete: f["filesNoDelete"],
  allow: f["filesAllow"],
  deny: f["filesDeny"],
});

/** What a new policy begins with: the domain's own defaults. */
export const FRESH: Pick<Policy, "name" | "terms" | "binding" | "active"> = {
  name: "",
  terms: PolicyTerms.parse({}),
  binding: PolicyBinding.parse({}),
  active: true,
};

const openingLines = (text: string): Hours["open"] => {
  try {
    return readOpenings(text);
  } catch (e) {
    throw new Fault("invalid", `Weekly hours: ${(e as Error).message}.`);
  }
};

const ruleLines = (text: string): CommandRule[] => {
  try {
    return readRules(text);
  } catch (e) {
    throw new Fault("invalid", `Command rules: ${(e as Error).message}`);
  }
};

export const readPolicy = async (c: Ctx, was: Pick<Policy, "terms" | "binding">): Promise<{ input: PolicyInput; active: boolean }> => {
  const sent = async (name: string): Promise<Sent> => {
    const all = await many(c, name);
    return { all, text: (all[0] ?? "").trim() };
  };
  const read = async (readers: Readonly<Record<string, Reader>>) =>
    Object.fromEntries(await Promise.all(Object.entries(readers).map(async ([name, reader]) => [name, reader(await sent(name))] as const)));
  const openings = (await sent("openings")).text,
    zone = (await sent("zone")).text;
  const hours = openings === "" ? null : { zone: zone || "UTC", open: openingLines(openings) };
  const commands = {
    mode: (await sent("commandMode")).text === "listed" ? ("listed" as const) : ("open" as const),
    rules: ruleLines((await sent("commandRules")).text),
  };
  const terms = { ...was.terms, ...(await read(TERMS)), files: filesOf(await read(FILES)), hours, commands },
    binding = { ...was.binding, ...(await read(BINDING)) };
  return { input: { name: (await sent("name")).text, terms, binding } as PolicyInput, active: (await sent("active")).text === "yes" };
};
