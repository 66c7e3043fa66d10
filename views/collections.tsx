/** Groups of targets and accounts, to filter and choose by. Rule: being in one gives nobody anything, and the page says so. */
import type { AccountCard } from "./accounts.tsx";
import type { Target } from "../src/domain/target.ts";
import { Empty, Field, PageHead, Post, Press, Unfold } from "./parts.tsx";

export type CollectionView = { readonly id: string; readonly name: string; readonly members: readonly string[] };
export type CollectionsView = {
  readonly list: readonly CollectionView[];
  readonly targets: readonly Target[];
  readonly cards: readonly AccountCard[];
};

const Members = ({ v, checked }: { v: CollectionsView; checked: readonly string[] }) => (
  <>
    <fieldset class="checks">
      <legend>Targets, with every account on them</legend>
      {v.targets.map((t) => (
        <label class="check">
          <input type="checkbox" name="members" value={t.id} checked={checked.includes(t.id)} /> <span class="wrap">{t.name}</span>
        </label>
      ))}
    </fieldset>
    <fieldset class="checks">
      <legend>Single accounts</legend>
      {v.cards.map((c) => (
        <label class="check">
          <input type="checkbox" name="members" value={c.account.id} checked={checked.includes(c.account.id)} />{" "}
          <span class="wrap">
            {c.account.name}@{c.target.name}
          </span>
        </label>
      ))}
    </fieldset>
  </>
);

const One = ({ v, c }: { v: CollectionsView; c: CollectionView }) => (
  <section class="card flat">
    <header>
      <h2 class="wrap">{c.name}</h2>
      <a href={`/accounts?q=${encodeURIComponent(`group:${/\s/.test(c.name) ? `"${c.name}"` : c.name}`)}`}>
        {c.members.length} {c.members.length === 1 ? "member" : "members"}
      </a>
    </header>
    <div class="moves">
      <Unfold label="Change">
        <Post action={`/collections/${c.id}`}>
          <Field label="Name">
            <input name="name" required maxlength={64} value={c.name} />
          </Field>
          <Members v={v} checked={c.members} />
          <button class="small" type="submit">
            Save
          </button>
        </Post>
      </Unfold>
      <Press action={`/collections/${c.id}/remove`} look="quiet" label={`Remove the group ${c.name}`}>
        Remove the group
      </Press>
    </div>
  </section>
);

export const Collections = (v: CollectionsView) => (
  <>
    <PageHead
      title="Groups of targets and accounts"
      sub="To filter and to choose by. A group gives nobody anything: that is what policies are for."
    />
    {v.list.length === 0 ? <Empty title="No group yet">Make one below; it then appears under Narrow on the list of accounts.</Empty> : null}
    <div class="stack">
      {v.list.map((c) => (
        <One v={v} c={c} />
      ))}
    </div>
    {v.targets.length + v.cards.length === 0 ? (
      <p class="muted">There is nothing yet to put into one.</p>
    ) : (
      <Unfold label="Add a group" open={v.list.length === 0}>
        <Post action="/collections">
          <Field label="Name">
            <input name="name" required maxlength={64} />
          </Field>
          <Members v={v} checked={[]} />
          <button class="small" type="submit">
            Add
          </button>
        </Post>
      </Unfold>
    )}
  </>
);
