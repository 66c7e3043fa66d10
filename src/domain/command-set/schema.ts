/**
 * A command set: how passwords are changed and proven on one kind of device, as data. Rule: a template holds checked names alone, never a
 * password and nothing a shell would give a meaning to; a list is walked once, front to back, so it always ends.
 */
import { z } from "zod";
import { re2, unreadable } from "../re2.ts";

export const WIRES = ["ssh-shell", "ssh-exec", "telnet"] as const;
export type WireName = (typeof WIRES)[number];
/** proven: nine cases on a real server · recorded: a transcript of a named real device · draft: written from documentation. */
export const GRADES = ["proven", "recorded", "draft"] as const;
export type Grade = (typeof GRADES)[number];
export const LISTS = ["login", "start", "verify", "rights", "change", "change-with-admin", "on-success", "on-failure"] as const;
export type ListName = (typeof LISTS)[number];

const Pattern = z.string().min(1, "an empty pattern matches everything").max(400).superRefine((text, c) => {
  const why = unreadable(text);
  if (why !== null) c.addIssue({ code: "custom", message: `no pattern that RE2 reads: ${why}` });
});
/** `{{account}}`: whose password it is about. `{{user}}`: who is logged in. Both are checked names; nothing else is filled in. */
const Template = z.string().max(400).superRefine((text, c) => {
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) c.addIssue({ code: "custom", message: "one line, without control characters: Enter is pressed at its end" });
  for (const [, name] of text.matchAll(/\{\{(.*?)\}\}/g)) {
    if (name === "account" || name === "user") continue;
    c.addIssue({ code: "custom", message: `there is no {{${name}}}: a template holds {{account}} and {{user}}; passwords are sent by sendSecret` });
  }
});

export const IS = ["ok", "refused", "auth", "unknown"] as const;
export type Is = (typeof IS)[number];
const Alternative = z.strictObject({
  match: Pattern.optional().describe("On what was heard since the step was sent; $ is its very end."),
  exit: z.union([z.int().min(0).max(255), z.literal("any"), z.literal("none")]).optional()
    .describe("Over ssh-exec: the command's exit status; none: it ended without one."),
  is: z.enum(IS)
    .describe("ok: go on. refused: the device said no, nothing changed. auth: who logged in, or the present password, was refused. unknown: nobody knows."),
}).refine((a) => (a.match === undefined) !== (a.exit === undefined), { message: "either match or exit" });
export type Alternative = z.infer<typeof Alternative>;

const Seconds = z.number().min(0).max(30);
const Step = z.strictObject({
  when: Pattern.optional().describe("The step is left out unless this matches what was heard last."),
  send: Template.optional(),
  sendSecret: z.enum(["present", "new"]).optional()
    .describe("present: the password of who is logged in. new: the one to be set. Stands after `send`, before `tail`, on one line."),
  tail: Template.optional(),
  enter: z.boolean().default(true),
  expect: z.array(Alternative).max(20).default([]),
  timeout: Seconds.default(10), pause: Seconds.default(0),
  changes: z.boolean().default(false)
    .describe("From here on something may have changed. Every step that sends the new password does that by itself."),
  commits: z.boolean().default(false)
    .describe("Once this was answered ok the change is made. Without any: the last step that sends the new password."),
  hide: z.boolean().default(false).describe("What the device answers is left out of transcripts: it shows hashes or keys."),
}).superRefine((s, c) => {
  if (s.tail !== undefined && s.sendSecret === undefined) c.addIssue({ code: "custom", path: ["tail"], message: "stands behind a sendSecret only" });
  const idle = s.send === undefined && s.sendSecret === undefined && s.expect.length === 0 && s.pause === 0;
  if (idle) c.addIssue({ code: "custom", message: "sends nothing, expects nothing and waits for nothing" });
});
export type Step = z.infer<typeof Step>;
const List = z.array(Step).max(40).default([]);

/** One bracketed class, because a password is looked at character by character too, as it is made. */
const Class = Pattern.refine((text) => { try { return /^\[(\\.|[^\]\\])+\]$/.test(text) && new RegExp(text) !== null; } catch { return false; } },
  "one class of characters in brackets, as [^!-~]");
const Passwords = z.strictObject({
  /** Control characters never leave anyway. */
  forbid: Class.default("[^ -~]").describe("What no password may hold."),
  longest: z.int().min(4).max(512).default(127).describe("Bytes. What a device cuts off would open it without the rest."),
});

const Shape = z.strictObject({
  set: z.string().regex(/^[a-z][a-z0-9-]{1,30}$/, "2 to 31 of a-z, 0-9 and dash, a letter first"),
  called: z.string().min(1).max(60), one: z.string().min(1).max(80).describe("With its article, as in \"web-1 is a …\"."),
  grade: z.enum(GRADES), about: z.string().max(4_000).default(""), needs: z.string().max(300).default("those its documentation names"),
  over: z.array(z.enum(WIRES)).min(1), sessions: z.boolean().default(true),
  names: Pattern.default("[A-Za-z_][A-Za-z0-9_.-]*").describe("The whole name of an account must match this."),
  passwords: Passwords.prefault({}),
  errors: z.array(Alternative).max(40).default([]).describe("Looked for after every step that sent something, before its own alternatives."),
  "login": List.describe("How to log in over Telnet: SSH does that by itself."),
  "start": List.describe("After every login: the first prompt, no paging."),
  "verify": List.describe("After a login that is to prove a password: what a login alone leaves open."),
  "rights": List.describe("The Test button, logged in as whoever changes the others: may they? Changes nothing."),
  "change": List.describe("The account changes its own password."),
  "change-with-admin": List.describe("Another account, logged in, changes it."),
  "on-success": List, "on-failure": List,
  follow: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "1 to 31 of a-z, 0-9 and dash, a letter first"), List).default({})
    .describe("By a name of its own: what is done here after a password changed, also another target's; that one is sendSecret: new."),
});

type Raw = z.infer<typeof Shape>;
const sends = (steps: readonly Step[], what: "present" | "new"): boolean => steps.some((s) => s.sendSecret === what);
const IN_ARGV = "over ssh-exec the first line sent is a command: everybody on the device reads it";
type Objection = { readonly path: (string | number)[]; readonly message: string };
const objections = (s: Raw): Objection[] => {
  const out: Objection[] = [], say = (path: Objection["path"], message: string): void => { out.push({ path, message }); };
  if (s.change.length === 0 && s["change-with-admin"].length === 0) say(["change"], "a set needs change, change-with-admin, or both");
  for (const list of ["change", "change-with-admin"] as const) {
    if (s[list].length > 0 && !sends(s[list], "new")) say([list], "sends no new password: one step has sendSecret: new");
  }
  for (const list of ["login", "start", "verify", "rights", "on-success", "on-failure"] as const) {
    s[list].forEach((step, i) => {
      if (step.sendSecret === "new") say([list, i, "sendSecret"], `the new password is sent by change and change-with-admin alone, not by ${list}`);
    });
  }
  if (s.over.includes("telnet") && !sends(s.login, "present"))
    say(["login"], "over Telnet the login is written here: one step has sendSecret: present");
  const lists = [...LISTS.map((l) => [[l], s[l]] as const), ...Object.entries(s.follow).map(([name, steps]) => [["follow", name], steps] as const)];
  for (const [at, steps] of lists.slice(LISTS.length)) if (steps.length === 0) say([...at], "does nothing: a list has at least one step");
  if (s.over.includes("ssh-exec")) {
    for (const [at, steps] of lists) {
      const first = steps.findIndex((step) => step.send !== undefined || step.sendSecret !== undefined);
      if (at[0] !== "login" && steps[first]?.sendSecret !== undefined) say([...at, first, "sendSecret"], IN_ARGV);
    }
  } else {
    for (const [at, steps] of lists) steps.forEach((step, i) => step.expect.forEach((a, j) => {
      if (a.exit !== undefined) say([...at, i, "expect", j, "exit"], "only ssh-exec has an exit status");
    }));
  }
  return out;
};
export const CommandSet = Shape.superRefine((s, c) => { for (const o of objections(s)) c.addIssue({ code: "custom", ...o }); });
export type CommandSet = Raw;

/** Names that are a word to every shell and command line there is; a set narrows it further. */
const WORD = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
export const wordLike = (name: string): boolean => WORD.test(name);
export const nameFits = (set: Pick<CommandSet, "names">, name: string): boolean => wordLike(name) && re2(set.names).whole(name);
