/** Adding a target in two steps. Rule: nothing is pinned that a person has not looked at. */
import { Token } from "./layout.tsx";
import { Field, PageHead } from "./parts.tsx";

export type Draft = { readonly name: string; readonly platform: string; readonly host: string; readonly port: number; readonly tags: string };
export const TargetNew = ({ platforms, draft }: { platforms: readonly string[]; draft: Draft }) => (
  <>
    <PageHead title="Add a target" sub="Step 1 of 2: where it is. The broker then fetches its key, without logging in." />
    <section class="card narrow">
      <form method="post" action="/targets/new">
        <Token />
        <Field label="Name" hint="People type it: ssh me@root@name@broker. a-z, 0-9, dot, dash, underscore.">
          <input name="name" required pattern="[a-z0-9._\-]{1,64}" value={draft.name} autofocus autocapitalize="none" spellcheck={false} />
        </Field>
        <Field label="Platform">
          <select name="platform">
            {platforms.map((p) => (
              <option value={p} selected={p === draft.platform}>
                {p}
              </option>
            ))}
          </select>
        </Field>
        <div class="pair">
          <Field label="Host or address">
            <input name="host" required value={draft.host} autocapitalize="none" spellcheck={false} />
          </Field>
          <Field label="Port">
            <input type="number" name="port" min="1" max="65535" value={draft.port} required />
          </Field>
        </div>
        <Field label="Tags (optional)" hint="Policies can bind by tag.">
          <input name="tags" value={draft.tags} placeholder="production web" />
        </Field>
        <button type="submit">Fetch its key</button>
      </form>
    </section>
  </>
);

export const TargetConfirm = ({
  draft: d,
  hostKey: key,
  fingerprint,
  command,
}: {
  draft: Draft;
  hostKey: string;
  fingerprint: string;
  command: string;
}) => (
  <>
    <PageHead title="Is this the machine?" sub="Step 2 of 2: compare, then pin." />
    <section class="card narrow">
      <p>
        <b>{d.name}</b> at{" "}
        <code>
          {d.host}:{d.port}
        </code>{" "}
        proves itself by this key:
      </p>
      <output class="fingerprint">{fingerprint}</output>
      <p class="muted">Compare it with what the machine itself says, on its console or over a way you trust:</p>
      <pre>{command}</pre>
      <details>
        <summary>The whole key</summary>
        <p class="wrap">
          <code>{key}</code>
        </p>
      </details>
      <form method="post" action="/targets">
        <Token />
        {(["name", "platform", "host", "tags"] as const).map((n) => (
          <input type="hidden" name={n} value={d[n]} />
        ))}
        <input type="hidden" name="port" value={String(d.port)} />
        <input type="hidden" name="hostKey" value={key} />
        <label class="check">
          <input type="checkbox" name="same" value="yes" required /> I compared it: it is the same
        </label>
        <div class="moves">
          <button type="submit">Pin this key and add</button>
          <a class="button quiet" href="/targets/new">
            No, back
          </a>
        </div>
      </form>
    </section>
  </>
);
