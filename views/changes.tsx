/** Changes waiting for a second pair of eyes; on the people's and the policies' page. Rule: the author is never offered the button. */
import { Ago, Post } from "./parts.tsx";

export type ChangeView = {
  readonly id: string;
  readonly author: string;
  readonly authorName: string;
  readonly subject: string;
  readonly what: string;
  readonly at: Date;
};

export const Changes = ({ changes, me }: { changes: readonly ChangeView[]; me: string }) =>
  changes.length === 0 ? null : (
    <section class="card flat">
      <header>
        <h2>Waits for a second person</h2>
      </header>
      <p class="muted">
        Until somebody else confirms, these changes cannot help their author: the author's own requests under them stay pending.
      </p>
      <ul class="rows">
        {changes.map((c) => (
          <li>
            <div>
              <b>{c.authorName}</b>: <span class="wrap">{c.what}</span>{" "}
              <small class="muted">
                <code>{c.subject}</code> <Ago at={c.at} />
              </small>
            </div>
            {c.author === me ? (
              <span class="muted">yours</span>
            ) : (
              <Post action="/changes/confirm" class="inline">
                <input type="hidden" name="change" value={c.id} />
                <button class="small" type="submit">
                  Confirm
                </button>
              </Post>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
