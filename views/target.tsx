/** The page of one target. Rule: what stands in the way of its accounts stands first. */
import type { Child } from "hono/jsx";
import type { Account } from "../src/domain/account.ts";
import type { Target } from "../src/domain/target.ts";
import { Present } from "./inputs.tsx";
import { Ago, Badge, Empty, Facts, Field, Named, PageHead, Post, Press, Table, Unfold } from "./parts.tsx";
import { TargetBadge } from "./targets.tsx";
import { wayText } from "./through.tsx";

/** The agent that stands on it and changes its passwords; null: none does. */
export const agentOf = (t: Pick<Target, "settings">): string | null => (typeof t.settings["agent"] === "string" ? t.settings["agent"] : null);
const ChangedBy = ({ v }: { v: TargetView }) => {
  const agent = agentOf(v.target);
  if (agent !== null) return <a href={`/agents/${agent}`}>its own agent</a>;
  return <>{v.accounts.find((a) => a.id === v.target.administrative)?.name ?? "each account itself"}</>;
};
/** A device behind a command set: how it is reached, where that is something to know, and the page to try it. */
const overOf = (t: Target): readonly [string, Child] | null =>
  t.settings["over"] === "telnet" ? ["Over", <Badge tone="warn">Telnet: everybody on the way can read the passwords</Badge>] : null;
const TrialsLink = ({ t, at }: { t: Target; at: string }) =>
  t.platform.startsWith("cli:") ? (
    <a class="button small quiet" href={`${at}/trials`}>
      Try its command set
    </a>
  ) : null;

export type TargetView = {
  readonly target: Target;
  /** Names of the agents or gateways it is reached through; none: directly. */
  readonly way: readonly string[];
  readonly accounts: readonly Account[];
  readonly blocked: boolean;
  /** What has to be installed on the broker before it can be spoken to. */
  readonly lacks?: string | null;
  readonly fingerprints: readonly string[];
  /** What stands instead of pinned keys, where there are none. */
  readonly proof: string | null;
  /** null: a target of its kind has none that the broker carries. */
  readonly desktop: string | null;
  readonly passwordPolicies: readonly string[];
  /** Its accounts have private keys. */
  readonly keys: boolean;
  readonly owner: string | null;
};

const AddAccount = ({ id, keys, policies }: { id: string; keys: boolean; policies: readonly string[] }) => (
  <Unfold label="Add an account">
    <Post action={`/targets/${id}/accounts`}>
      <Field label="Account name on the target">
        <input name="name" required maxlength={128} autocapitalize="none" spellcheck={false} />
      </Field>
      <Present
        keys={keys}
        label="Its password now (optional)"
        keyLabel="Its private key now (optional)"
        hint="You then know it, so the broker changes it soon. Leave it empty when an administrative account sets the first one."
      />
      <Field label="Password policy">
        <select name="passwordPolicy">
          <option value="">as the target or platform says, else medium</option>
          {policies.map((p) => (
            <option value={p}>{p}</option>
          ))}
        </select>
      </Field>
      <label class="check">
        <input type="checkbox" name="adopt" value="yes" /> Adopt now: change its {keys ? "key" : "password"} twice, then manage it
      </label>
      <button class="small" type="submit">
        Add
      </button>
    </Post>
  </Unfold>
);

const Changed = ({ at, hash }: { at: string; hash: string }) => (
  <section class="card alarm">
    <h2>Its identity changed</h2>
    <p>
      The address or the pinned key is another than before. Its accounts are blocked and no password is sent there until somebody other than the
      author of the change accepts it.
    </p>
    <Post action={`${at}/accept`}>
      <input type="hidden" name="identity" value={hash} />
      <button class="small danger" type="submit">
        I looked: accept this address and key
      </button>
    </Post>
  </section>
);

const PasswordPolicyOf = ({ v, at }: { v: TargetView; at: string }) => (
  <Unfold label="Password policy">
    <Post action={`${at}/password-policy`}>
      <Field
        label="Its accounts go by"
        hint="Unless an account names its own. What lets weaker passwords through waits for a second person where it helps you."
      >
        <select name="policy">
          <option value="" selected={v.target.passwordPolicy === null}>
            as its platform says, else medium
          </option>
          {v.passwordPolicies.map((p) => (
            <option value={p} selected={p === v.target.passwordPolicy}>
              {p}
            </option>
          ))}
        </select>
      </Field>
      <button class="small" type="submit">
        Save
      </button>
    </Post>
  </Unfold>
);

const Ways = ({ v, at }: { v: TargetView; at: string }) => {
  const t = v.target;
  return (
    <footer class="moves">
      {agentOf(t) !== null ? null : (
        <a class="button small" href={`${at}/reset`}>
          Remote reset
        </a>
      )}
      <a class={agentOf(t) === null ? "button small quiet" : "button small"} href={`${at}/found`}>
        Accounts it has
      </a>
      <TrialsLink t={t} at={at} />
      {v.desktop === null ? null : (
        <a class="button small quiet" href={`${at}/desktop`}>
          Desktop
        </a>
      )}
      <a class="button small quiet" href={`${at}/edit`}>
        Edit
      </a>
      <PasswordPolicyOf v={v} at={at} />
      <Press action={`${at}/${t.locked ? "unlock" : "lock"}`} look={t.locked ? "quiet" : "danger"}>
        {t.locked ? "Unlock" : "Lock: nobody gets in"}
      </Press>
    </footer>
  );
};
const About = ({ v, at }: { v: TargetView; at: string }) => {
  const t = v.target;
  return (
    <section class="card">
      <Facts
        rows={[
          ["Address", <code>{`${t.host}:${t.port}`}</code>],
          v.way.length === 0 ? null : ["Reached", wayText(v.way)],
          ["Platform", t.platform],
          overOf(t),
          [
            v.proof === null ? "Pinned" : "Proves itself by",
            <>
              {v.proof}
              {v.fingerprints.map((f) => (
                <code class="block wrap">{f}</code>
              ))}
            </>,
          ],
          v.desktop === null ? null : ["Desktop", <span class="wrap">{v.desktop}</span>],
          ["Tags", t.tags.join(", ") || "none"],
          ["Owner", v.owner ?? "nobody"],
          ["Password policy", t.passwordPolicy ?? "as its platform says, else medium"],
          ["Passwords changed by", <ChangedBy v={v} />],
          [
            "Identity",
            <>
              no {t.identityNo} <code title={t.identityHash}>{t.identityHash.slice(0, 12)}</code>
            </>,
          ],
        ]}
      />
      <Ways v={v} at={at} />
    </section>
  );
};

const AccountsOf = ({ v }: { v: TargetView }) => (
  <section>
    <header class="sec">
      <h2>Accounts</h2>
    </header>
    {v.accounts.length === 0 ? (
      <Empty title="No accounts on it yet">
        {agentOf(v.target) === null
          ? `Add the one that may change the others first, with its ${v.keys ? "private key" : "password"}.`
          : "Nothing of it is managed. Look at the accounts it has, and adopt those that should be."}
      </Empty>
    ) : (
      <Table label="Accounts" head={["Account", "State", "Changed", "Verified"]}>
        {v.accounts.map((a) => (
          <tr>
            <td>
              <Named href={`/accounts/${a.id}`} name={a.name} />
            </td>
            <td>{a.block === "none" ? a.credential.replace("_", " ") : a.block.replace("_", " ")}</td>
            <td data-th="Changed">
              <Ago at={a.rotatedAt} />
            </td>
            <td data-th="Verified">
              <Ago at={a.verifiedAt} />
            </td>
          </tr>
        ))}
      </Table>
    )}
    <AddAccount id={v.target.id} keys={v.keys} policies={v.passwordPolicies} />
  </section>
);

export const TargetPage = (v: TargetView) => {
  const t = v.target,
    at = `/targets/${t.id}`;
  return (
    <>
      <PageHead title={<span class="wrap">{t.name}</span>} sub={<TargetBadge target={t} blocked={v.blocked} />} />
      {v.blocked ? <Changed at={at} hash={v.target.identityHash} /> : null}
      {v.lacks ? <p class="note warn wrap">Nothing can be done here yet: {v.lacks}.</p> : null}
      <About v={v} at={at} />
      <AccountsOf v={v} />
    </>
  );
};
