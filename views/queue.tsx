/** The queue of an account, said to the one it concerns. Rule: the sentence is the domain's; here it gets its place and its tone. */
import type { QueuePlace } from "../src/domain/queue.ts";
import type { Request } from "../src/domain/request.ts";
import { here } from "./here.ts";
import { Exact } from "./parts.tsx";

/** Begin now, or come back: from the request alone, so that a list can show it too. */
export const Turn = ({ request: r }: { request: Request }) => {
  if (r.state === "approved" && r.offeredUntil && r.offeredUntil > here().now) {
    return (
      <p class="note">
        The account is free, and yours to begin before anybody else until <Exact at={r.offeredUntil} />.
      </p>
    );
  }
  if (r.state === "checked_out" && r.idleWarnedAt) {
    return <p class="note warn">Somebody waits for this account, and it is not being used. Use it, or it is given back soon.</p>;
  }
  return null;
};

export const Place = ({ q }: { q: QueuePlace }) =>
  q.yours ? null : (
    <div class="note">
      <p>{q.says}</p>
      {q.of > 1 ? (
        <small>Oldest approval first; in your turn you have five minutes before the next. Your time to begin runs only then.</small>
      ) : null}
    </div>
  );
