/** How a person goes. Rule: Ctrl-D is a quiet goodbye, Ctrl-C the shell's 130; a line that went away by itself hears nothing. */
import { INTERRUPTED, Left } from "./left.ts";
import type { Terminal } from "./terminal.ts";

export const left = (term: Terminal, how: "interrupt" | "end" | "gone", said: string): Left => {
  if (how !== "gone") term.say(said);
  return new Left(how === "end" ? 0 : INTERRUPTED);
};
