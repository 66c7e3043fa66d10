/**
 * The old scp, which is a command on the target. Rule: only a command that is nothing but scp counts: whatever a shell would read more into
 * (`;`, `$`, a redirection, a second word of its own) is an ordinary command, and needs the right to run one.
 */

/** `to`: files come to the target (`-t`); else they leave it (`-f`). */
export type Scp = { readonly to: boolean };

/** Plain characters, globs, `\` with one character, or text in single quotes: a shell makes exactly one argument of it (or file names), no option. */
const WORD = String.raw`(?:[A-Za-z0-9_./~@%+=:,*?\[\]\-]|\\[^\n\0]|'[^'\0]*')+`;
const COMMAND = new RegExp(String.raw`^(?:/usr/bin/)?scp((?: -[vrpdqtf]+)+)(?: --)? (?!(?:'')*['\\\\]?-)(${WORD})$`);

export const scpOf = (command: string): Scp | undefined => {
  const [, flags = ""] = COMMAND.exec(command) ?? [], to = flags.includes("t"), from = flags.includes("f");
  return to === from ? undefined : { to };
};
