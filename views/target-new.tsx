/** Adding a target in two steps. Rule: nothing is pinned that a person has not looked at. */
import type { Grade } from "../src/domain/command-set/schema.ts";
import { Token } from "./layout.tsx";
import { Field, PageHead } from "./parts.tsx";

export type Draft = { readonly name: string; readonly platform: string; readonly host: string; readonly port: number | null; readonly tags: string };
export type PlatformChoice = { readonly name: string; readonly called: string; readonly port: number | null; readonly grade?: Grade };
export type Seen = { readonly identity: string; readonly fingerprint: string; readonly compareWith: string };
export const TargetNew = ({ platforms, draft }: { platforms: readonly PlatformChoice[]; draft: Draft }) => (
  <>
    <PageHead title="Add a target" sub="Step 1 of 2: where it is. The broker then fetches its key or certificate, without logging in." />
    <section class="card narrow">
      <form method="post" action="/targets/new">
        <Token />
        <Field label="Name" hint="People type it, as in ssh me@root@name@broker. a-z, 0-9, dot, dash, underscore.">
          <input name="name" required pattern="[a-z0-9._\-]{1,64}" value={draft.name} autofocus autocapitalize="none" spellcheck={false} />
        </Field>
        <Field label="Platform">
          <select name="platform">
            {platforms.map((p) => (
              <option value={p.name} selected={p.name === draft.platform}>
                {p.port === null ? p.called : `${p.called} (port ${p.port})`}
                {p.grade === undefined ? "" : ` · ${p.grade}`}
              </option>
            ))}
          </select>
        </Field>
        <div class="pair">
          <Field label="Host or address">
            <input name="host" required value={draft.host} autocapitalize="none" spellcheck={false} />
          </Field>
          <Field label="Port" hint="Empty: the one beside the platform's name. Telnet needs its own, mostly 23.">
            <input type="number" name="port" min="1" max="65535" value={draft.port ?? ""} />
          </Field>
        </div>
        <Field label="Tags (optional)" hint="Policies can bind by tag.">
          <input name="tags" value={draft.tags} placeholder="production web" />
        </Field>
        <button type="submit">Fetch what it shows</button>
      </form>
    </section>
  </>
);

export const TargetConfirm = ({ draft: d, seen }: { draft: Draft; seen: Seen }) => (
  <>
    <PageHead title="Is this the machine?" sub="Step 2 of 2: compare, then pin." />
    <section class="card narrow">
      <p>
        <b>{d.name}</b> at{" "}
        <code>
          {d.host}
          {d.port === null ? "" : `:${d.port}`}
        </code>{" "}
        proves itself by:
      </p>
      <output class="fingerprint">{seen.fingerprint}</output>
      <p class="muted">Compare it with what the machine itself says, on its console or over a way you trust:</p>
      <pre>{seen.compareWith}</pre>
      {seen.identity === seen.fingerprint || seen.identity.length < 12 ? null : (
        <details>
          <summary>The whole key</summary>
          <p class="wrap">
            <code>{seen.identity}</code>
          </p>
        </details>
      )}
      <form method="post" action="/targets">
        <Token />
        {(["name", "platform", "host", "tags"] as const).map((n) => (
          <input type="hidden" name={n} value={d[n]} />
        ))}
        <input type="hidden" name="port" value={String(d.port ?? "")} />
        <input type="hidden" name="identity" value={seen.identity} />
        <label class="check">
          <input type="checkbox" name="same" value="yes" required /> I compared it: it is the same
        </label>
        <div class="moves">
          <button type="submit">Pin it and add</button>
          <a class="button quiet" href="/targets/new">
            No, back
          </a>
        </div>
      </form>
    </section>
  </>
);
