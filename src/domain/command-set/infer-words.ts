/** What a device's words mean, as far as they can be read without knowing it. Rule: each guess is one function here; a pattern is anchored at the end and holds no name. */

/** Whose password it was, and who was logged in. */
export type Names = { readonly account: string; readonly user: string };

const LONGEST_LINE = 120;
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
const linesOf = (text: string): string[] => text.split("\n");
/** A line as a pattern: names and numbers are others on another day. */
const general = (line: string, n: Names): string => {
  const names = [n.account, n.user].filter((x) => x !== "").toSorted((a, b) => b.length - a.length).map(escaped);
  const cut = new RegExp([...names.map((x) => `(?<![\\w.-])${x}(?![\\w.-])`), "\\d+", "\\[secret\\]"].join("|"), "g");
  let out = "", at = 0;
  for (const m of line.matchAll(cut)) {
    out += escaped(line.slice(at, m.index)) + (/^\d+$/.test(m[0]) ? "\\d+" : "\\S+");
    at = m.index + m[0].length;
  }
  return out + escaped(line.slice(at));
};

const SHELL = /^(?:.*?)((?:\([\w./:-]{1,40}\))?[#$>%] ?)$/;
const BUSY = /[:?\])}] ?$/;
/** How the device's last line ends when it waits: an anchored pattern, or "" where it said nothing. */
export const promptOf = (text: string, n: Names): string => {
  const last = linesOf(text).at(-1) ?? "", whole = last.length > LONGEST_LINE ? last.slice(-LONGEST_LINE) : last;
  const shell = SHELL.exec(whole);
  if (shell) return `${escaped(shell[1]!)}$`;
  if (whole.trim() !== "" && BUSY.test(whole)) return `${general(whole.trimStart(), n)}$`;
  const line = linesOf(text).findLast((l) => l.trim() !== "");
  return line === undefined ? "" : linePattern(line, n);
};
/** A question, not a command line. */
export const asks = (text: string): boolean => { const last = linesOf(text).at(-1) ?? ""; return !SHELL.test(last) && /[:?] ?$/.test(last); };

/** One whole line of the device's, whoever it is about. */
export const linePattern = (line: string, n: Names): string => {
  const text = line.trim();
  return text.startsWith("%") ? "(?m)^% ?(.*)$" : `(?m)^.*${general(text.length > LONGEST_LINE ? text.slice(0, LONGEST_LINE) : text, n)}${text.length > LONGEST_LINE ? "" : "\\s*$"}`;
};

const NO = /^\s*%|\b(?:error|fail(?:ed|ure)?|denied|invalid|incorrect|refused|reject(?:ed)?|bad|wrong|unknown|unrecognized|ambiguous|incomplete|not found|unable|can'?t|cannot|must|too (?:short|long|weak|simple|similar)|do(?:es)? ?n[o']t|unchanged|sorry|mismatch|illegal|permission)\b/i;
/** The line that reads like a refusal; the prompt is none. */
export const wordsOfRefusal = (text: string): string | null => linesOf(text).slice(0, -1).map((l) => l.trim()).find((l) => l !== "" && NO.test(l)) ?? null;

const DONE = /\b(?:changed|updated|success(?:fully)?|accepted|saved|complete[d]?|ok|done)\b/i;
/** The line that says that it was done. */
export const saysChanged = (text: string): string | null => linesOf(text).map((l) => l.trim()).find((l) => DONE.test(l) && !NO.test(l)) ?? null;
/** Does the device wait for something that is not meant to be read? */
export const asksSecret = (text: string): boolean => { const last = linesOf(text).at(-1) ?? ""; return !SHELL.test(last) && /(?:pass ?(?:word|phrase|code)?|secret|\bpin\b|kennwort|token|\botp\b|\bcode\b)[^\n]*$/i.test(last); };
