/**
 * The text of an authorized_keys file. Rule: only our own lines are ever added or taken out; every other byte stays as it was. Ours are those that end
 * with our mark, and the one that holds a key we have. Text is latin1: one character a byte.
 */
export type Key = { readonly type: string; readonly blob: string };
export type Line = Key & { readonly options: string; readonly comment: string };

/** Whose line it is, as its comment's last word. */
export const markOf = (account: { readonly name: string; readonly id?: string }): string => `lockstep:${account.id ?? account.name}`;

/** Where the options end: at the first blank outside of quotes. */
const optionsEnd = (text: string): number => {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\" && quoted) i += 1;
    else if (text[i] === "\"") quoted = !quoted;
    else if (!quoted && (text[i] === " " || text[i] === "\t")) return i;
  }
  return text.length;
};
/** Whose comment goes on to the end: nothing in it is looked for, so a line of blanks is gone over once. */
const KEY = /^((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[A-Za-z0-9@.-]+)[ \t]+([A-Za-z0-9+/]+=*)(?:[ \t]+([^]*))?$/;
/** Blanks and returns at its end are no part of a line. */
const trimmed = (text: string): string => {
  let end = text.length;
  while (end > 0 && " \t\r".includes(text[end - 1]!)) end -= 1;
  return text.slice(0, end);
};
/** As sshd reads it; null: no key stands there. */
export const lineOf = (text: string): Line | null => {
  const body = trimmed(text.replace(/^[ \t]+/, ""));
  if (body.startsWith("#")) return null;
  const bare = KEY.exec(body), end = bare ? 0 : optionsEnd(body), m = bare ?? KEY.exec(body.slice(end).replace(/^[ \t]+/, ""));
  return m === null ? null : { options: body.slice(0, end), type: m[1]!, blob: m[2]!, comment: m[3] ?? "" };
};

/** `mine`: keys that are ours whatever stands beside them. */
type Ours = { readonly mark: string; readonly mine: readonly Key[] };
const isOurs = (l: Line, { mark, mine }: Ours): boolean => l.comment.split(/[ \t]/).at(-1) === mark || mine.some((k) => k.blob === l.blob);
export const oursIn = (text: string, ours: Ours): Line[] => text.split("\n").map(lineOf).filter((l): l is Line => l !== null && isOurs(l, ours));

const written = (key: Key, from: Line | undefined, mark: string): string => {
  const comment = (from?.comment ?? "").split(/[ \t]+/).filter((w) => w !== "" && w !== mark).join(" ");
  return [from?.options ?? "", key.type, key.blob, comment, mark].filter((w) => w !== "").join(" ");
};
/** The lines with their ends, so that joining them gives the same text. */
const linesIn = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/**
 * The new key right behind the one in force, with its options and comment. `from` stays as the only other one of ours where it stands there; else the first of
 * ours does. Idempotent.
 */
export const withBoth = (text: string, to: Key, from: Key | undefined, mark: string): string => {
  const ours: Ours = { mark, mine: from ? [from, to] : [to] }, old = oursIn(text, ours).filter((l) => l.blob !== to.blob), stays = old.find((l) => l.blob === from?.blob) ?? old[0];
  const made = written(to, stays ?? oursIn(text, ours)[0], mark);
  const out: string[] = [];
  let kept = false, placed = false;
  for (const line of linesIn(text)) {
    const l = lineOf(line.replace(/\n$/, ""));
    if (l === null || !isOurs(l, ours)) { out.push(line); continue; }
    if (stays !== undefined && l.blob === stays.blob && !kept) { kept = placed = true; out.push(line.endsWith("\n") ? line : `${line}\n`, `${made}\n`); }
    else if (stays === undefined && !placed) { placed = true; out.push(`${made}\n`); }
  }
  if (placed) return out.join("");
  const before = out.join("");
  return `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${made}\n`;
};
/** Of ours, this key alone. */
export const withOnly = (text: string, key: Key, from: Key | undefined, mark: string): string => {
  const ours: Ours = { mark, mine: from ? [from, key] : [key] };
  return linesIn(text).filter((line) => { const l = lineOf(line.replace(/\n$/, "")); return l === null || !isOurs(l, ours) || l.blob === key.blob; }).join("");
};
/** Without this key, where it is ours. */
export const without = (text: string, key: Key, mark: string): string =>
  linesIn(text).filter((line) => { const l = lineOf(line.replace(/\n$/, "")); return l === null || l.blob !== key.blob || !isOurs(l, { mark, mine: [] }); }).join("");
