/** The second pair of eyes: changes waiting for it, and the word that there is none. Rule: the author is never offered the button. */
import { Ago, Post } from "./parts.tsx";

export type ChangeView = {
  readonly id: string;
  readonly author: string;
  readonly authorName: string;
  readonly subject: string;
  readonly what: string;
  readonly at: Date;
};

const PAGES: Readonly<Record<string, string>> = { pol: "/policies/", acc: "/accounts/" };
/** Where to look before confirming: the pages that everybody who may confirm may open. */
const Subject = ({ id }: { id: string }) => {
  const page = PAGES[id.split("_")[0]!];
  return page === undefined ? (
    <code>{id}</code>
  ) : (
    <a href={`${page}${id}`}>
      <code>{id}</code>
    </a>
  );
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
                <Subject id={c.subject} /> <Ago at={c.at} />
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

/** With one administrator only: on home, people, policies and the audit log (access.md). */
export const SingleAdministrator = ({ alone, manages }: { alone: boolean; manages: boolean }) =>
  alone ? (
    <p class="notice warn">
      <b>Single administrator: changes are not four-eyed.</b> The only admin accepts a target's address or key that they changed themselves,
      unless the target has another owner. A second admin ends this
      {manages ? (
        <>
          : add one under <a href="/people">People</a>
        </>
      ) : null}
      .
    </p>
  ) : null;
