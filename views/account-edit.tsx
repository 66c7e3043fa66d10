/** Editing an account: password policy, tags, and its password while nobody manages it. Rule: nothing typed here is sent to the target. */
import type { Account } from "../src/domain/account.ts";
import { Present, Words } from "./inputs.tsx";
import { Field, PageHead, Post } from "./parts.tsx";

export type PasswordPolicyLine = { readonly name: string; readonly says: string };
export type AccountEditView = {
  readonly account: Account;
  readonly target: string;
  /** Its target's accounts have private keys. */
  readonly keys: boolean;
  readonly policies: readonly PasswordPolicyLine[];
};

const Declare = ({ id, keys }: { id: string; keys: boolean }) => (
  <section class="card narrow">
    <header>
      <h2>Its {keys ? "private key" : "password"} now</h2>
    </header>
    <p class="note">
      You then know it, and that is written down: adopt the account soon, so that the broker changes it. It counts as declared until a login has
      proven it.
    </p>
    <Post action={`/accounts/${id}/declare`}>
      <Present keys={keys} label="Password on the target" keyLabel="Private key" required />
      <button class="small" type="submit">
        Keep it in the vault
      </button>
    </Post>
  </section>
);

export const AccountEdit = ({ account: a, target, keys, policies }: AccountEditView) => (
  <>
    <PageHead
      title={
        <span class="wrap">
          Edit {a.name}@{target}
        </span>
      }
      sub="Name and target stay: versions, sessions and the audit log know it by them."
    >
      <a class="button small quiet" href={`/accounts/${a.id}`}>
        The account
      </a>
    </PageHead>
    <section class="card narrow">
      <Post action={`/accounts/${a.id}/edit`}>
        <Field label="Password policy" hint="For the next change on; the present password stays as it is.">
          <select name="passwordPolicy">
            <option value="" selected={a.passwordPolicy === null}>
              as its target or platform says, else medium
            </option>
            {policies.map((p) => (
              <option value={p.name} selected={p.name === a.passwordPolicy}>
                {p.name}: {p.says}
              </option>
            ))}
          </select>
        </Field>
        <Words
          label="Tags"
          name="tags"
          value={a.tags}
          hint="Policies bind by tag, so a change of them waits for a second person where it helps you."
        />
        <button type="submit">Save</button>
      </Post>
    </section>
    {a.credential === "unmanaged" ? <Declare id={a.id} keys={keys} /> : null}
    <p class="muted">
      Accounts are not deleted: their versions and their history are evidence. One that is gone for good is disabled on{" "}
      <a href={`/accounts/${a.id}`}>its page</a>.
    </p>
  </>
);
