/** What went wrong, and what to do. Rule: the fault's own sentence and nothing of its cause. */
import type { FaultCode } from "../src/kernel/fault.ts";

const NEXT: Record<FaultCode, string> = {
  invalid: "Go back, correct the form and send it again.",
  unauthenticated: "Log in and try again.",
  forbidden: "If you should be able to do this, ask an admin for the role or the policy that allows it.",
  not_found: "It may not exist, or no policy gives it to you. Both read the same here.",
  conflict: "Look at the present state and decide again.",
  upstream: "The target's own answer is in the audit log. Try again once it can be reached.",
  too_many: "Wait a little, then try again.",
  unavailable: "Nothing was lost. Try again in a minute; if it stays so, tell an admin.",
  internal: "Try again. If it happens once more, tell an admin the time; the log has the details.",
};

export const FaultNote = ({ title, message }: { title: string; message: string }) => (
  <div class="notice bad" role="alert">
    <strong>{title}.</strong> {message}
  </div>
);
/** Where looking again is the thing to do. */
const AGAIN: readonly FaultCode[] = ["conflict", "upstream", "too_many", "unavailable", "internal"];
export const FaultPage = ({ code, title, message, back }: { code: FaultCode; title: string; message: string; back?: string | undefined }) => (
  <section class="fault card" data-code={code}>
    <h1>{title}</h1>
    <p class="lead wrap" role="alert">
      {message}
    </p>
    <p class="muted">{NEXT[code]}</p>
    <p class="moves">
      {back === undefined ? null : (
        <a class="button" href={back}>
          {AGAIN.includes(code) ? "Look again" : "Back"}
        </a>
      )}
      <a class="button quiet" href="/">
        Go home
      </a>
    </p>
  </section>
);
