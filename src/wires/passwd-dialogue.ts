/**
 * The conversation of passwd(1) without a terminal. Rule: each secret is written once, to the prompt it is for; anything unexpected,
 * above all a second "New password", ends the conversation.
 */
import { revealBytes } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import { awaits, lastLineOf } from "./line.ts";

type Line = { write(bytes: Buffer): unknown; end(): unknown; close(): void };
type Step = "current" | "new" | "again" | "told";

const PROMPTS: readonly { step: Step; next: Step; ask: RegExp; give: "from" | "to" }[] = [
  { step: "current", next: "new", ask: /(current|old)[^:\n]*password: ?$/i, give: "from" },
  { step: "new", next: "again", ask: /new[^:\n]*password: ?$/i, give: "to" },
  { step: "again", next: "told", ask: /(retype|re-enter|again)[^:\n]*password[^:\n]*: ?$/i, give: "to" },
];
const COMPLAINT = /^.*(BAD PASSWORD|Bad password|must|too short|too simple|already used|unchanged|do not match|manipulation error|Incorrect).*$/mi;

export const passwdDialogue = (from: Secret, to: Secret) => {
  let heard = "", said = "", step: Step = "current", sent = false, askedAgain = false;
  const listen = (text: string, line: Line): void => {
    heard = lastLineOf(heard + text);
    said = (said + text).slice(-8_192);
    if (!awaits(heard)) return;
    const now = PROMPTS.find((p) => p.step === step);
    const wanted = now?.ask.test(heard) === true && !(now.step === "new" && /retype/i.test(heard));
    if (now !== undefined && wanted) {
      sent ||= now.give === "to";
      heard = "";
      step = now.next;
      line.write(Buffer.concat([revealBytes(now.give === "from" ? from : to), Buffer.from("\n")]));
    } else if (/password: ?$/i.test(heard)) { askedAgain = true; line.close(); }
  };
  return {
    listen,
    /** A byte of the new password left us. */
    sent: (): boolean => sent,
    /** It wanted another password, so it did not take this one. */
    askedAgain: (): boolean => askedAgain,
    /** What passwd disliked; empty when it disliked nothing. */
    complaint: (): string => COMPLAINT.exec(said)?.[0].trim() ?? "",
  };
};
