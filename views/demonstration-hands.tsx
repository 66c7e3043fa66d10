/** The line to a device in somebody's hands. Rule: a password is sent by its placeholder or by a button; what the page shows is scrubbed. */
import type { Transcript } from "../src/domain/command-set/transcript.ts";
import { Field, Post, Press, TimeLeft } from "./parts.tsx";

const HINT = "Sent with Enter. {{new}} and {{present}} stand for the passwords, also inside a line; {{account}} and {{user}} for the names.";
/** What went to the device begins with an arrow. */
export const Said = ({ said, live }: { said: Transcript; live: boolean }) => (
  <pre class={live ? "console live" : "console"} tabindex={0} aria-label="What was said" role="log">
    <code>
      {said.length === 0
        ? "Nothing was said yet."
        : said.map((s) => (s.by === "broker" ? <b>{`${s.text === "" ? "⏎" : s.text}\n`}</b> : s.text.replace(/^\n+/, "")))}
    </code>
  </pre>
);
export type HandsView = {
  readonly id: string;
  readonly begunAt: Date;
  readonly until: Date;
  readonly said: Transcript;
  /** A line that was not sent, and why. */
  readonly typed?: { readonly line: string; readonly wrong: string };
};
export const Hands = ({ v }: { v: HandsView }) => (
  <section class="card" id="line">
    <TimeLeft from={v.begunAt} until={v.until} />
    <Said said={v.said} live />
    {v.typed === undefined ? null : (
      <div class="notice bad" role="alert">
        {v.typed.wrong} Nothing was sent.
      </div>
    )}
    <Post action={`/demonstrations/${v.id}/lines`}>
      <Field label="Line" hint={HINT}>
        <input
          name="line"
          class="mono"
          value={v.typed?.line ?? ""}
          maxlength={400}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          autofocus
        />
      </Field>
      <label class="check">
        <input type="checkbox" name="bare" value="yes" /> <span>Without Enter: a single key</span>
      </label>
      <div class="moves">
        <button type="submit">Send</button>
        <button type="submit" class="quiet" name="put" value="new">
          Send, with the new password
        </button>
        <button type="submit" class="quiet" name="put" value="present">
          Send, with the present one
        </button>
        <button type="submit" class="quiet" name="put" value="listen" formnovalidate>
          Listen on
        </button>
      </div>
    </Post>
    <footer class="moves">
      <Press action={`/demonstrations/${v.id}/finish`} look="quiet">
        Finish, and make the draft
      </Press>
    </footer>
  </section>
);
