/**
 * Command rules for single commands (`ssh host command`). Rule: globs only (policy.ts `like`), so no rule can hang the broker.
 *
 * What they can: an allow-list is a wall, because it runs nothing that holds a character with a meaning to a shell, unless that very text
 * is listed, without a `*`.
 * What they cannot: a deny is a guard-rail. It sees the text, not what runs: a script, an alias, a variable, an editor's own shell, another name of the
 * same program, or a free shell passes it by. `*` crosses blanks and slashes: an allowed `cat /var/log/*` also allows `cat /var/log/../../etc/passwd`.
 */
import { z } from "zod";

const text = (max: number) => z.string().min(1).max(max).refine((v) => v.isWellFormed() && !/[\0\r\n]/.test(v), "one line of text");
/** `says`: what the person is told; auditors see the glob. */
export const CommandRule = z.object({ effect: z.enum(["deny", "warn", "allow"]), like: text(300), says: z.string().max(300).default("") });
/** `open`: everything runs but what is denied. `listed`: nothing runs but what is allowed, and there is no shell. */
export const CommandRules = z.object({ mode: z.enum(["open", "listed"]).default("open"), rules: z.array(CommandRule).max(200).default([]) });
export type CommandRule = z.infer<typeof CommandRule>;
export type CommandRules = z.infer<typeof CommandRules>;
export type Verdict = { readonly effect: "pass" } | { readonly effect: "warn" | "deny"; readonly like: string; readonly says: string };

/** Anything a POSIX shell may read as more than itself, and every control character. */
const MEANT = /[;&|<>$`\\"'(){}[\]*?~#!\p{Cc}]/u;
const plain = (command: string): string => command.replace(/[ \t]+/g, " ").trim();
/** Where another command may begin, quotes included: `sh -c "rm x"` is looked at as `rm x`, too. */
const pieces = (command: string): readonly string[] => [plain(command), ...command.split(/[;&|<>$`\\"'(){}\n\r]+/).map(plain).filter((p) => p !== "")];

const PASS: Verdict = { effect: "pass" };
const NOT_LISTED = "This access runs listed commands only, and this is none of them.";
const MEANINGS = "This access runs listed commands only; characters a shell gives a meaning to are not taken unless that very command is listed.";

/** `like` is handed in: the session process may import this file and nothing else of the domain. Deny beats warn beats allow. */
export const judge = ({ mode, rules }: CommandRules, command: string, like: (glob: string, text: string) => boolean): Verdict => {
  const all = pieces(command), whole = plain(command), hit = (effect: CommandRule["effect"]) => rules.find((r) => r.effect === effect && all.some((p) => like(r.like, p)));
  const denied = hit("deny");
  if (denied) return { effect: "deny", like: denied.like, says: denied.says || `Commands like "${denied.like}" are not part of this access.` };
  if (mode === "listed") {
    // A `*` of ours must not reach the shell as one of its own: it would expand past a deny.
    const allowed = rules.filter((r) => r.effect !== "deny"), exact = allowed.some((r) => r.like === command && !r.like.includes("*"));
    if (!exact && MEANT.test(command)) return { effect: "deny", like: "", says: MEANINGS };
    if (!exact && !allowed.some((r) => like(r.like, whole))) return { effect: "deny", like: "", says: NOT_LISTED };
  }
  const warned = hit("warn");
  return warned ? { effect: "warn", like: warned.like, says: warned.says || `Commands like "${warned.like}" are noted for the auditors.` } : PASS;
};

/** Said before a shell begins, where there are rules: they stop nothing in it. */
export const SHELL_BANNER = "Command rules are not enforced in a shell. What happens on the screen is recorded, and auditors see it.";
/** One line a rule, as forms and people write it: `deny rm -rf * : Use the clean-up job.` */
export const readRules = (lines: string): CommandRule[] => lines.split("\n").map((l) => l.trim()).filter(Boolean).map((line) => {
  const found = /^(deny|warn|allow)\s+(.+?)(?:\s+:\s+(.*))?$/.exec(line);
  if (!found) throw new RangeError(`"${line}" is not like: deny rm -rf * : Use the clean-up job.`);
  return { effect: found[1] as CommandRule["effect"], like: found[2]!, says: found[3] ?? "" };
});
