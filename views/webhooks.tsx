/** Webhooks. Rule: the page names the host alone; the signing key is on the page that made it and nowhere else. */
import type { Format } from "../src/domain/webhook.ts";
import type { NoticeKind } from "../src/domain/notice.ts";
import { Pick } from "./inputs.tsx";
import { Ago, Badge, Copy, Empty, Field, PageHead, Post, Press, Unfold } from "./parts.tsx";
import { About, Kinds, scopeOf, type CollectionLine, type KindLine } from "./told.tsx";

export type WebhookLine = {
  readonly id: string;
  readonly name: string;
  readonly format: Format;
  readonly host: string;
  readonly kinds: readonly NoticeKind[];
  readonly collection: string | null;
  readonly active: boolean;
  readonly failingSince: Date | null;
  readonly offWhy: string | null;
  readonly lastOkAt: Date | null;
};
export type WebhooksView = {
  readonly hooks: readonly WebhookLine[];
  readonly kinds: readonly KindLine[];
  readonly collections: readonly CollectionLine[];
  readonly manages: boolean;
};
const WORDS: Readonly<Record<Format, string>> = {
  generic: "JSON for programs",
  slack: "incoming webhook",
  teams: "workflow webhook",
  mattermost: "incoming webhook",
};

const Fields = ({ v, h }: { v: WebhooksView; h: WebhookLine | null }) => (
  <>
    <Field label="Name">
      <input name="name" required maxlength={80} value={h?.name ?? ""} />
    </Field>
    <Field
      label="Address"
      hint={
        h === null
          ? "https://… as the receiver gives it. It is sealed and not shown again. Over http:// anybody on the way reads along."
          : `Now at ${h.host}. Leave it empty to keep it.`
      }
    >
      <input name="url" type="url" required={h === null ? true : undefined} maxlength={2000} autocomplete="off" spellcheck={false} />
    </Field>
    <Pick label="Format" name="format" value={h?.format ?? "generic"} options={WORDS} />
    <About collections={v.collections} chosen={h?.collection ?? null} />
    <Kinds kinds={v.kinds} checked={h?.kinds ?? []} />
  </>
);

const State = ({ h }: { h: WebhookLine }) =>
  !h.active ? (
    <Badge tone="bad">off</Badge>
  ) : h.failingSince === null ? (
    <Badge tone="ok">on</Badge>
  ) : (
    <Badge tone="warn">failing</Badge>
  );
const Said = ({ h }: { h: WebhookLine }) => (
  <small class="block muted wrap">
    {!h.active ? (
      <>Off: {h.offWhy}</>
    ) : h.failingSince === null ? (
      <>
        last taken <Ago at={h.lastOkAt} />
      </>
    ) : (
      <>
        failing since <Ago at={h.failingSince} />; turned off after three days
      </>
    )}
  </small>
);

const One = ({ v, h }: { v: WebhooksView; h: WebhookLine }) => (
  <li>
    <div class="grow">
      <b class="wrap">{h.name}</b> <State h={h} />
      <span class="block wrap">
        {h.format}, {h.host}
      </span>
      <small class="block muted wrap">
        {scopeOf(h, v.kinds, v.collections)}
      </small>
      <Said h={h} />
      {v.manages ? (
        <div class="moves">
          <Unfold label="Change">
            <Post action={`/webhooks/${h.id}`}>
              <Fields v={v} h={h} />
              <label class="check">
                <input type="checkbox" name="active" value="yes" checked={h.active} /> On
              </label>
              <button class="small" type="submit">
                Save
              </button>
            </Post>
          </Unfold>
          <Press action={`/webhooks/${h.id}/test`} look="quiet" label={`Test ${h.name}`}>
            Test
          </Press>
          <Press action={`/webhooks/${h.id}/remove`} look="quiet" label={`Remove ${h.name}`}>
            Remove
          </Press>
        </div>
      ) : null}
    </div>
  </li>
);

export const Webhooks = (v: WebhooksView) => (
  <section class="card">
    <header>
      <h2>Webhooks</h2>
    </header>
    {v.hooks.length === 0 ? (
      <Empty title="No webhook yet">A webhook tells a chat or a program. Each message is signed.</Empty>
    ) : (
      <ul class="rows">
        {v.hooks.map((h) => (
          <One v={v} h={h} />
        ))}
      </ul>
    )}
    {v.manages ? (
      <Unfold label="Add a webhook">
        <Post action="/webhooks">
          <Fields v={v} h={null} />
          <button class="small" type="submit">
            Add
          </button>
        </Post>
      </Unfold>
    ) : null}
  </section>
);

export const WebhookKey = ({ text, name }: { text: string; name: string }) => (
  <>
    <PageHead title="The signing key" sub={name} />
    <section class="card shown">
      <Copy text={text} label="the signing key" />
      <p>
        Give it to the receiver now: it is sealed and cannot be shown again. Messages carry <code>webhook-id</code>,{" "}
        <code>webhook-timestamp</code> and <code>webhook-signature</code> as Standard Webhooks says. A chat needs no key.
      </p>
      <p>
        <a class="button" href="/notices/settings">
          I have it
        </a>
      </p>
    </section>
  </>
);
