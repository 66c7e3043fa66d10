/** Who is told what, and how. Rule: an address that lets whoever has it write into a chat is never shown again; its host is. */
import type { NoticeKind } from "../src/domain/notice.ts";
import { here } from "./here.ts";
import { Lines, Words } from "./inputs.tsx";
import { Badge, Empty, Facts, Field, PageHead, Post, Press, Unfold } from "./parts.tsx";
import { About, Kinds, NobodyMailed, scopeOf, type CollectionLine, type KindLine } from "./told.tsx";
import { Webhooks, type WebhookLine } from "./webhooks.tsx";

export type RuleLine = {
  readonly id: string;
  readonly kinds: readonly NoticeKind[];
  readonly collection: string | null;
  readonly people: readonly string[];
  readonly groups: readonly string[];
  readonly addresses: readonly string[];
};
export type SettingsView = {
  readonly mail: { readonly server: string; readonly from: string } | null;
  readonly rules: readonly RuleLine[];
  readonly hooks: readonly WebhookLine[];
  readonly kinds: readonly KindLine[];
  readonly collections: readonly CollectionLine[];
  readonly groups: readonly string[];
  readonly manages: boolean;
};

const Mail = ({ mail, manages }: Pick<SettingsView, "mail" | "manages">) => (
  <section class="card">
    <header>
      <h2>Mail</h2>
    </header>
    {mail === null ? (
      <NobodyMailed />
    ) : (
      <Facts
        rows={[
          ["Server", mail.server],
          ["From", mail.from],
          ["Links lead to", here().origin],
        ]}
      />
    )}
    {mail !== null && manages ? (
      <Unfold label="Send a test">
        <Post action="/notices/test-mail">
          <Field label="To" hint="What becomes of it stands in the log.">
            <input type="email" name="address" required maxlength={254} autocomplete="email" />
          </Field>
          <button class="small" type="submit">
            Send it
          </button>
        </Post>
      </Unfold>
    ) : null}
  </section>
);

const RuleFields = ({ v, r }: { v: SettingsView; r: RuleLine | null }) => (
  <>
    <Words label="People" name="people" value={r?.people ?? []} hint="Login names" like="ada grace" />
    <Lines
      label="Groups of people"
      name="groups"
      value={r?.groups ?? []}
      hint={v.groups.length > 0 ? `One a line: ${v.groups.join(", ")}` : "One a line"}
    />
    <Words label="Other addresses" name="addresses" value={r?.addresses ?? []} like="oncall@example.org" />
    <About collections={v.collections} chosen={r?.collection ?? null} />
    <Kinds kinds={v.kinds} checked={r?.kinds ?? []} />
  </>
);
const whoOf = (r: RuleLine): string => [...r.people, ...r.groups.map((g) => `group ${g}`), ...r.addresses].join(", ");

const Rule = ({ v, r }: { v: SettingsView; r: RuleLine }) => (
  <li>
    <div class="grow">
      <b class="wrap">{whoOf(r)}</b>
      <small class="block muted wrap">{scopeOf(r, v.kinds, v.collections)}</small>
      {v.manages ? (
        <div class="moves">
          <Unfold label="Change">
            <Post action={`/notices/rules/${r.id}`}>
              <RuleFields v={v} r={r} />
              <button class="small" type="submit">
                Save
              </button>
            </Post>
          </Unfold>
          <Press action={`/notices/rules/${r.id}/remove`} look="quiet" label={`Remove the rule for ${whoOf(r)}`}>
            Remove
          </Press>
        </div>
      ) : null}
    </div>
  </li>
);

const Rules = (v: SettingsView) => (
  <section class="card">
    <header>
      <h2>Who else is told</h2>
    </header>
    <p class="muted">
      Approvers, owners, admins and auditors are told of what is theirs without a rule, and choose for themselves on their own page. What was
      typed into the vault and broken glass nobody can turn off.
    </p>
    {v.rules.length === 0 ? (
      <Empty title="No rule yet">A rule tells other people, groups or addresses, about everything or about one group of targets.</Empty>
    ) : (
      <ul class="rows">
        {v.rules.map((r) => (
          <Rule v={v} r={r} />
        ))}
      </ul>
    )}
    {v.manages ? (
      <Unfold label="Add a rule">
        <Post action="/notices/rules">
          <RuleFields v={v} r={null} />
          <button class="small" type="submit">
            Add
          </button>
        </Post>
      </Unfold>
    ) : null}
  </section>
);

export const NoticeSettings = (v: SettingsView) => (
  <>
    <PageHead title="Who is told what" sub="Mail, webhooks, and rules for groups of targets.">
      <a class="button small quiet" href="/notices">
        The log
      </a>
    </PageHead>
    <div class="stack">
      <Mail mail={v.mail} manages={v.manages} />
      <Rules {...v} />
      <Webhooks hooks={v.hooks} kinds={v.kinds} collections={v.collections} manages={v.manages} />
    </div>
  </>
);

/** One's own choices, on one's own page. */
export type ChoiceLine = KindLine & { readonly on: boolean; readonly fixed: boolean };
export const MyNotices = ({ choices, mail }: { choices: readonly ChoiceLine[]; mail: string | null }) => (
  <section class="card" id="notices">
    <header>
      <h2>What I am told</h2>
    </header>
    <NobodyMailed />
    {mail === null ? (
      <p class="notice warn">No mail address is known for you. An admin can add one.</p>
    ) : (
      <p class="muted wrap">My mail address: {mail}</p>
    )}
    <Post action="/me/notices">
      <fieldset class="checks tall">
        <legend>When it is mine to know</legend>
        {choices.map((c) => (
          <label class="check">
            <input type="checkbox" name="kinds" value={c.kind} checked={c.on} disabled={c.fixed ? true : undefined} /> {c.title}
            {c.fixed ? (
              <>
                {" "}
                <Badge tone="quiet">always</Badge>
              </>
            ) : null}
          </label>
        ))}
      </fieldset>
      <button class="small" type="submit">
        Save
      </button>
    </Post>
  </section>
);
