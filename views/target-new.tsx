/** Adding a target in two steps. Rule: nothing is pinned that a person has not looked at. */
import type { Grade } from "../src/domain/command-set/schema.ts";
import { Token } from "./layout.tsx";
import { Field, PageHead } from "./parts.tsx";
import { Through, wayText, type WayChoice } from "./through.tsx";

export type Draft = {
  readonly name: string;
  readonly platform: string;
  readonly host: string;
  readonly port: number | null;
  readonly tags: string;
  /** Ids of agents and gateways. */
  readonly through: readonly string[];
};
export type PlatformChoice = {
  readonly name: string;
  readonly called: string;
  readonly port: number | null;
  readonly grade?: Grade;
  /** What has to be installed on the broker first. */
  readonly lacks?: string;
};
/** Kinds that cannot be spoken to yet from this broker, each with what to do. */
const Lacking = ({ platforms }: { platforms: readonly PlatformChoice[] }) => {
  const without = platforms.filter((p) => p.lacks !== undefined);
  return without.length === 0 ? null : (
    <details class="small">
      <summary>{without.map((p) => p.called).join(" and ")}: something has to be installed first</summary>
      {without.map((p) => (
        <p class="wrap">
          <b>{p.called}</b>: {p.lacks}.
        </p>
      ))}
    </details>
  );
};
export type Seen = { readonly identity: string; readonly fingerprint: string; readonly compareWith: string };
export const TargetNew = ({ platforms, draft, ways }: { platforms: readonly PlatformChoice[]; draft: Draft; ways: readonly WayChoice[] }) => (
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
                {p.lacks === undefined ? "" : " · driver to be installed"}
              </option>
            ))}
          </select>
        </Field>
        <Lacking platforms={platforms} />
        <div class="pair">
          <Field label="Host or address">
            <input name="host" required value={draft.host} autocapitalize="none" spellcheck={false} />
          </Field>
          <Field label="Port" hint="Empty: the one beside the platform's name. Telnet needs its own, mostly 23.">
            <input type="number" name="port" min="1" max="65535" value={draft.port ?? ""} />
          </Field>
        </div>
        <Through ways={ways} chosen={draft.through} />
        <Field label="Tags (optional)" hint="Policies can bind by tag.">
          <input name="tags" value={draft.tags} placeholder="production web" />
        </Field>
        <button type="submit">Fetch what it shows</button>
      </form>
    </section>
  </>
);

/** `way`: the names it is reached through. */
export const TargetConfirm = ({ draft: d, seen, way }: { draft: Draft; seen: Seen; way: readonly string[] }) => (
  <>
    <PageHead title="Is this the machine?" sub="Step 2 of 2: compare, then pin." />
    <section class="card narrow">
      <p>
        <b>{d.name}</b> at{" "}
        <code>
          {d.host}
          {d.port === null ? "" : `:${d.port}`}
        </code>
        {way.length === 0 ? "" : `, ${wayText(way)},`} proves itself by:
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
        {d.through.map((id, i) => (
          <input type="hidden" name={`through${i + 1}`} value={id} />
        ))}
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
