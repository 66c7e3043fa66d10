/** What is left with a machine's agent for the end of a use, in words. Rule: when, until when, and what is not known; no password is here. */
import type { Order } from "../src/domain/order.ts";
import { Exact } from "./parts.tsx";

/** Only of a change that is not over. */
export type OrderOf = { readonly state: string; readonly order?: Order | null | undefined };
const Standing = ({ o }: { o: Order<"placed" | "sent"> }) => (
  <p class="note">
    {o.state === "placed" ? (
      <>
        A new password is left with the agent of its machine: it sets it at <Exact at={o.due} /> by itself, even when the broker is
        away. An agent that is down then does so when it starts again, before <Exact at={o.expires} />; after that it never does.
      </>
    ) : (
      <>
        A new password was sent to the agent of its machine, which has not said whether it keeps it. It may set it
        at <Exact at={o.due} /> by itself; it is asked again.
      </>
    )}
    {o.wanted.getTime() === o.due.getTime() ? null : (
      <>
        {" "}
        The use ends at <Exact at={o.wanted} /> now, and the agent has not been told yet: as long as it is away, the earlier time stands.
      </>
    )}
  </p>
);
export const OrderNote = ({ r }: { r: OrderOf | null | undefined }) => {
  const o = r?.order;
  if (!r || !o || r.state === "committed" || r.state === "refused" || o.state === "over") return null;
  if (o.state === "wished")
    return (
      <p class="note">
        A new password is ready for the end of this use, at <Exact at={o.wanted} />. The agent of its machine has not taken
        it: the broker sets it then.
      </p>
    );
  if (o.state === "called")
    return (
      <p class="note">
        The use is over, and the password is changed now. The agent of its machine has it too: where it is away, it may set it
        at <Exact at={o.due} /> by itself, and never after <Exact at={o.expires} />. It is asked when it is back.
      </p>
    );
  return <Standing o={o} />;
};
