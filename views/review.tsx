/** Break-glass and reviews, as those who are told see them. Rule: broken glass stands first and loud until somebody else has reviewed it. */
import { RequestRows, type Listed } from "./request-rows.tsx";
import { Account, Ago, Badge, Exact, Field, Post } from "./parts.tsx";

/** On home: glass that is broken right now. */
export const BrokenGlass = ({ list }: { list: readonly Listed[] }) =>
  list.length === 0 ? null : (
    <section class="card alarm" role="alert">
      <header>
        <h2>Break-glass in use</h2>
        <Badge tone="bad">without a vote</Badge>
      </header>
      <ul class="rows">
        {list.map(({ request: r, requesterName, accountName, targetName }) => (
          <li>
            <div>
              <b>{requesterName}</b> holds <Account account={accountName} target={targetName} href={`/requests/${r.id}`} />
              {r.state === "checked_out" ? (
                <>
                  {" "}
                  since <Ago at={r.checkedOutAt} />, until <Exact at={r.until} />
                </>
              ) : null}
              <span class="block wrap muted">{r.terms.reason}</span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );

export const ToReview = ({ list, me }: { list: readonly Listed[]; me: string }) =>
  list.length === 0 ? null : (
    <section>
      <header class="sec">
        <h2>Waits for a review ({list.length})</h2>
      </header>
      <RequestRows list={list} me={me} label="Uses waiting for a review" />
    </section>
  );

export const Review = ({ at, swap }: { at: string; swap: string }) => (
  <Post action={`${at}/review`} swap={swap} class="review">
    <Field label="Review: what did you find?" hint="It stays with the request for ever, under your name.">
      <textarea name="verdict" rows={2} required minlength={3} maxlength={1000}></textarea>
    </Field>
    <button type="submit" class="small">
      Reviewed
    </button>
  </Post>
);
