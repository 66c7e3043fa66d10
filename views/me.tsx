/** My own keys, tokens and password. Rule: a token's text is on the page that made it and nowhere else. */
import type { Person } from "../src/domain/person.ts";
import { AddKey } from "./inputs.tsx";
import { MyNotices, type ChoiceLine } from "./notice-settings.tsx";
import { Ago, Badge, Copy, Empty, Exact, Facts, Field, PageHead, Post, Press, Table, Unfold } from "./parts.tsx";

export type KeyView = { readonly fingerprint: string; readonly label: string };
export type TokenView = {
  readonly id: string;
  readonly label: string;
  readonly readOnly: boolean;
  readonly networks: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly usedAt: Date | null;
  readonly revokedAt: Date | null;
};
export type MeView = {
  readonly person: Person;
  readonly keys: readonly KeyView[];
  readonly tokens: readonly TokenView[];
  readonly now: Date;
  readonly groups: readonly string[];
  readonly choices: readonly ChoiceLine[];
};

const Keys = ({ keys }: { keys: readonly KeyView[] }) => (
  <section class="card">
    <header>
      <h2>SSH keys</h2>
    </header>
    {keys.length === 0 ? (
      <Empty title="No key yet">Add your public key and the broker knows you without a password when you connect.</Empty>
    ) : (
      <ul class="rows">
        {keys.map((k) => (
          <li>
            <div>
              <b class="wrap">{k.label}</b>
              <code class="wrap block">{k.fingerprint}</code>
            </div>
            <Post action="/me/keys/remove" class="inline">
              <input type="hidden" name="fingerprint" value={k.fingerprint} />
              <button type="submit" class="small quiet" aria-label={`Remove ${k.label}`}>
                Remove
              </button>
            </Post>
          </li>
        ))}
      </ul>
    )}
    <Unfold label="Add a key" open={keys.length === 0}>
      <AddKey action="/me/keys" hint="One line: ssh-ed25519 AAAA… (the .pub file)" />
    </Unfold>
  </section>
);

const stateOf = (t: TokenView, now: Date) =>
  t.revokedAt ? <Badge tone="quiet">revoked</Badge> : t.expiresAt <= now ? <Badge tone="quiet">expired</Badge> : <Badge tone="ok">valid</Badge>;
const NewToken = () => (
  <Unfold label="Make a token">
    <Post action="/me/tokens">
      <Field label="Name">
        <input name="label" required maxlength={80} placeholder="deploy pipeline" />
      </Field>
      <Field label="Valid for (days)">
        <input type="number" name="days" min="1" max="365" value="30" required />
      </Field>
      <Field label="Only from these networks (optional)" hint="Addresses or networks, e.g. 10.20.0.0/16">
        <input name="networks" />
      </Field>
      <label class="check">
        <input type="checkbox" name="readOnly" value="yes" /> Read only
      </label>
      <button class="small" type="submit">
        Make the token
      </button>
    </Post>
  </Unfold>
);

const Tokens = ({ tokens, now }: { tokens: readonly TokenView[]; now: Date }) => (
  <section class="card">
    <header>
      <h2>API tokens</h2>
    </header>
    {tokens.length === 0 ? (
      <Empty title="No token yet">A token lets a script or the command line act as you, never as more than you.</Empty>
    ) : (
      <Table label="API tokens" head={["Name", "State", "Reach", "Used", "Ends", ""]}>
        {tokens.map((t) => (
          <tr>
            <td class="wrap">{t.label}</td>
            <td>{stateOf(t, now)}</td>
            <td>
              {t.readOnly ? "read only" : "read and act"}
              {t.networks.length > 0 ? <small class="block muted">{t.networks.join(", ")}</small> : null}
            </td>
            <td data-th="Used">
              <Ago at={t.usedAt} />
            </td>
            <td data-th="Ends">
              <Ago at={t.expiresAt} />
            </td>
            <td class="end">
              {t.revokedAt || t.expiresAt <= now ? null : (
                <Press action={`/me/tokens/${t.id}/revoke`} look="quiet" label={`Revoke ${t.label}`}>
                  Revoke
                </Press>
              )}
            </td>
          </tr>
        ))}
      </Table>
    )}
    <NewToken />
  </section>
);

const Password = () => (
  <section class="card">
    <header>
      <h2>Password</h2>
    </header>
    <Unfold label="Change my password">
      <Post action="/me/password">
        <Field label="Present password">
          <input type="password" name="old" autocomplete="current-password" required />
        </Field>
        <Field label="New password" hint="12 characters or more; a few words are fine. Your other logins end.">
          <input type="password" name="fresh" autocomplete="new-password" minlength={12} required />
        </Field>
        <Field label="New password again">
          <input type="password" name="again" autocomplete="new-password" minlength={12} required />
        </Field>
        <button class="small" type="submit">
          Change it
        </button>
      </Post>
    </Unfold>
  </section>
);

export const MePage = ({ person: p, keys, tokens, now, groups, choices }: MeView) => (
  <>
    <PageHead title={p.fullName} sub={p.name} />
    <div class="stack">
      <section class="card flat">
        <Facts
          rows={[
            ["Roles", p.roles.join(", ") || "none"],
            ["Groups", groups.join(", ") || "none"],
            ["Second factor", p.totp ? "set up" : "not set up"],
            p.mail ? ["Mail", p.mail] : null,
          ]}
        />
      </section>
      <Keys keys={keys} />
      <Tokens tokens={tokens} now={now} />
      <MyNotices choices={choices} mail={p.mail} />
      <Password />
    </div>
  </>
);

export const TokenPage = ({ text, label, expiresAt }: { text: string; label: string; expiresAt: Date }) => (
  <>
    <PageHead title="Your new token" sub={label} />
    <section class="card shown">
      <Copy text={text} label="the token" />
      <p>
        Copy it now: it is stored hashed and cannot be shown again. Valid until <Exact at={expiresAt} />.
      </p>
      <p>
        <a class="button" href="/me">
          I have it
        </a>
      </p>
    </section>
  </>
);
