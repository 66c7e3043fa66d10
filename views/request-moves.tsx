/** The buttons of a request, as a card carries them. Rule: exactly the moves in `can`; what needs a reason asks for it first. */
import type { Account, Hold } from "../src/domain/account.ts";
import type { Person } from "../src/domain/person.ts";
import type { Policy } from "../src/domain/policy.ts";
import type { QueuePlace } from "../src/domain/queue.ts";
import type { Request } from "../src/domain/request.ts";
import type { Target } from "../src/domain/target.ts";
import type { Tally, Vote as Cast } from "../src/domain/vote.ts";
import type { OrderOf } from "./order.tsx";
import { Field, Post, Press, Unfold } from "./parts.tsx";
import { Review } from "./review.tsx";
import type { Weighed } from "./weigh.tsx";

export type Can = {
  readonly approve: boolean;
  readonly deny: boolean;
  readonly cancel: boolean;
  readonly show: boolean;
  readonly connect: boolean;
  /** Its desktop, in the browser. */
  readonly desktop: boolean;
  readonly giveBack: boolean;
  readonly revoke: boolean;
  readonly review: boolean;
};
export type CardFacts = {
  readonly request: Request;
  readonly requester: Person;
  readonly account: Account;
  readonly target: Target;
  readonly policy: Policy;
  readonly standing: Tally;
  readonly votes: readonly (Cast & { readonly voterName: string })[];
  readonly approvers: readonly string[];
  readonly can: Can;
  readonly waitsForConfirmation: boolean;
  readonly holders: readonly Hold[];
  readonly queue: QueuePlace | null;
  /** For those who decide, while there is something to decide. */
  readonly weighed: Weighed | null;
  /** Sessions can be had on its target. */
  readonly carries: boolean;
  /** What it has is a private key. */
  readonly keys?: boolean;
  /** Its open change. */
  readonly rotation?: OrderOf | null;
};

const Reason = ({ label, required }: { label: string; required?: boolean }) => (
  <Field label={label}>
    <input name="reason" maxlength={500} required={required} minlength={required ? 3 : undefined} />
  </Field>
);

const Vote = ({ f, swap, at }: { f: CardFacts; swap: string; at: string }) => (
  <>
    <Post action={`${at}/approve`} swap={swap} class="inline">
      <label class="short">
        <span class="sr">Minutes at most</span>
        <input type="number" name="minutes" min="1" max={f.request.terms.minutes} value={f.request.terms.minutes} inputmode="numeric" />
        <span>min</span>
      </label>
      <button type="submit" class="small">
        Approve
      </button>
    </Post>
    {f.can.deny ? (
      <Unfold label="Deny" tone="bad">
        <Post action={`${at}/deny`} swap={swap}>
          <Reason label="Why (the requester reads it)" required />
          <button type="submit" class="small danger">
            Deny
          </button>
        </Post>
      </Unfold>
    ) : null}
  </>
);

export const RequestMoves = ({ f }: { f: CardFacts }) => {
  const { can, request: r } = f,
    at = `/requests/${r.id}`,
    swap = `#card-${r.id}`;
  if (!Object.values(can).some(Boolean)) return null;
  return (
    <footer class="moves">
      {can.approve ? <Vote f={f} swap={swap} at={at} /> : null}
      {can.show ? <Press action={`${at}/password`}>Show the {f.keys ? "private key" : "password"}</Press> : null}
      {can.giveBack ? (
        <Press action={`${at}/give-back`} swap={swap} look="contrast">
          Give back now
        </Press>
      ) : null}
      {can.cancel ? (
        <Press action={`${at}/cancel`} swap={swap} look="quiet">
          Cancel the request
        </Press>
      ) : null}
      {can.review ? <Review at={at} swap={swap} /> : null}
      {can.revoke ? (
        <Unfold label="Revoke" tone="bad">
          <Post action={`${at}/revoke`} swap={swap}>
            <Reason label="Why (the holder reads it)" required />
            <button type="submit" class="small danger">
              Revoke and cut sessions
            </button>
          </Post>
        </Unfold>
      ) : null}
    </footer>
  );
};
