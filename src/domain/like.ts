/** The one kind of pattern there is for names, paths and commands. Rule: no regular expression, and no time that grows with the stars. */

/** `*` stands for any run of characters; everything else for itself. No regular expression: a pattern of many stars must not hang the broker. */
export const like = (pattern: string, text: string): boolean => {
  const [head = "", ...rest] = pattern.split("*"), tail = rest.pop();
  if (tail === undefined) return text === pattern;
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  let at = head.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - tail.length;
};
