/** The page of one account: its facts and what its managers may do. Rule: the buttons are the moves its credential and block allow. */
import { AccountHistory, type History, type TypedLine } from "./account-history.tsx";
import { HolderOf, type AccountCard } from "./accounts.tsx";
import { Dependents, type DependentsView } from "./dependents.tsx";
import { OrderNote } from "./order.tsx";
import { Ago, Exact, Facts, Field, PageHead, Post, Press, Unfold } from "./parts.tsx";
import { NEXT_STEP, StandingBadge } from "./words.tsx";

const Moves = ({ c, keys }: { c: AccountCard; keys: boolean }) => {
  const at = `/accounts/${c.account.id}`,
    managed = c.account.credential !== "unmanaged" && c.account.credential !== "adopting";
  return (
    <footer class="moves">
      {managed ? null : <Press action={`${at}/adopt`}>Adopt</Press>}
      <a class={managed ? "button small" : "button small quiet"} href={`${at}/password`}>
        Change {keys ? "key" : "password"}
      </a>
      {managed ? (
        <Press action={`${at}/verify`} look="quiet">
          Verify
        </Press>
      ) : null}
      <Press action={`${at}/preflight`} look="quiet">
        Pre-flight
      </Press>
      <a class="button small quiet" href={`${at}/edit`}>
        Edit
      </a>
      {c.account.block === "none" ? (
        <Unfold label="Block" tone="bad">
          <Post action={`${at}/block`}>
            <Field label="How">
              <select name="block">
                <option value="locked">locked: for an incident, until it is cleared up</option>
                <option value="disabled">disabled: not in use any more</option>
              </select>
            </Field>
            <Field label="Why">
              <input name="reason" maxlength={300} />
            </Field>
            <button class="small danger" type="submit">
              Block and cut sessions
            </button>
          </Post>
        </Unfold>
      ) : c.account.block === "identity_changed" || c.account.block === "untried" ? (
        <a class="button small quiet" href={`/targets/${c.target.id}${c.account.block === "untried" ? "/trials" : ""}`}>
          {c.account.block === "untried" ? "Try its draft" : "Look at the target's identity"}
        </a>
      ) : (
        <Press action={`${at}/unblock`} look="quiet">
          Unblock
        </Press>
      )}
    </footer>
  );
};

/** Its typist knows it: law no-way-round-1. */
const Typed = ({ t }: { t: TypedLine }) => (
  <>
    by {t.byName} <Ago at={t.at} />
    <small class="muted block">
      {t.changesAt === null ? "changed when the account is adopted" : <>changed again at <Exact at={t.changesAt} />, or after the next use</>}
    </small>
  </>
);

/** Most specific wins: where it comes from is shown. */
const PolicyOf = ({ p }: { p: AccountCard["password"] }) => (
  <>
    <a href="/password-policies">{p.policy.name}</a> <small class="muted">{FROM[p.from]}</small>
  </>
);
const FROM = { account: "of its own", target: "by its target", platform: "by its platform", default: "where nothing is bound" } as const;

type AccountPageProps = { card: AccountCard; history: History | null; dependents?: DependentsView | null; keys?: boolean };
export const AccountPage = ({ card: c, history, dependents = null, keys = false }: AccountPageProps) => (
  <>
    <PageHead
      title={
        <span class="wrap">
          {c.account.name}@{c.target.name}
        </span>
      }
      sub={<StandingBadge standing={c.standing} />}
    >
      {c.offers.length > 0 ? (
        <a class="button small" href={`/ask/${encodeURIComponent(`${c.account.name}@${c.target.name}`)}`}>
          Ask for it
        </a>
      ) : null}
    </PageHead>
    <section class="card">
      <OrderNote r={history?.rotations[0]} />
      {NEXT_STEP[c.account.credential] ? <p class="note">{NEXT_STEP[c.account.credential]}</p> : null}
      <Facts
        rows={[
          ["Target", c.manage ? <a href={`/targets/${c.target.id}`}>{c.target.name}</a> : c.target.name],
          ["Platform", c.target.platform],
          ["Held by", <HolderOf holds={c.holds} />],
          [keys ? "Key changed" : "Password changed", <Ago at={c.account.rotatedAt} />],
          history?.typed ? [keys ? "Key given" : "Password typed", <Typed t={history.typed} />] : null,
          ["Verified", <Ago at={c.account.verifiedAt} />],
          ["Uses since the change", String(c.account.usedNo - c.account.rotatedNo)],
          ["Password policy", <PolicyOf p={c.password} />],
          ["Tags", [...new Set([...c.target.tags, ...c.account.tags])].join(", ") || "none"],
          ["Access policy", c.offers.map((p) => p.name).join(", ") || "none that names you"],
        ]}
      />
      {c.manage ? <Moves c={c} keys={keys} /> : null}
    </section>
    {dependents === null ? null : <Dependents v={dependents} />}
    {history === null ? null : <AccountHistory history={history} id={c.account.id} />}
  </>
);
