/** "Change password" of one account. Rule: what was typed is never echoed back; a refusal names every broken rule and leaves the fields empty. */
import type { Hold } from "../src/domain/account.ts";
import { HolderOf } from "./accounts.tsx";
import { FaultNote } from "./fault.tsx";
import { Present, TypedTwice } from "./inputs.tsx";
import { Ago, Field, PageHead, Post } from "./parts.tsx";

export type ChangePasswordView = {
  readonly id: string;
  /** `root@web-1`. */
  readonly name: string;
  readonly managed: boolean;
  /** The account has a private key for its secret. */
  readonly keys: boolean;
  readonly holds: readonly Hold[];
  readonly liveSessions: number;
  /** The policy in words, its name and where it comes from. */
  readonly policy: { readonly name: string; readonly from: string; readonly says: string };
  /** The typist's hours until it is changed again. */
  readonly hours: number;
  /** A change that is open already. */
  readonly open: { readonly id: string; readonly openedAt: Date } | null;
  readonly wrong?: string | undefined;
  readonly draft?: { readonly how: string; readonly remote: boolean; readonly reason: string } | undefined;
};
const FROM: Record<string, string> = { account: "its own", target: "its target's", platform: "its platform's", default: "the default" };

const Way = ({ v }: { v: ChangePasswordView }) => {
  const how = v.draft?.how ?? (v.managed ? "generate" : "type");
  return (
    <fieldset class="choose">
      <legend>The new {v.keys ? "key" : "password"}</legend>
      {v.managed ? (
        <label class="check">
          <input type="radio" name="how" value="generate" checked={how === "generate"} /> Generate it: nobody knows it, and nobody sees it here
        </label>
      ) : null}
      <label class="check">
        <input type="radio" name="how" value="type" checked={how !== "generate"} /> {v.keys ? "Give it" : "Type it"}
      </label>
      <div class={v.keys ? "typed" : "pair typed"}>{v.keys ? <Present keys label="" keyLabel="Private key" /> : <TypedTwice />}</div>
      <p class="muted">
        {v.keys ? "A generated one is Ed25519. " : `${v.policy.says}. `}Password policy <b>{v.policy.name}</b>, {FROM[v.policy.from]}
        {v.keys ? ", whose ages count for keys too" : ""}. Whoever {v.keys ? "gives" : "types"} it knows it: that is written down, and the
        broker changes it again after {v.hours} hours or the next use.
      </p>
    </fieldset>
  );
};
const Where = ({ v }: { v: ChangePasswordView }) => {
  const remote = v.draft?.remote ?? true;
  return v.managed ? (
    <>
      <label class="check">
        <input type="checkbox" name="remote" value="yes" checked={remote} /> Apply it to the target
      </label>
      <p class="muted">
        Not ticked: the target has it already, somebody set it there by hand. The vault asks the target, and goes by it only if the target takes it.
      </p>
    </>
  ) : (
    <>
      <label class="check">
        <input type="checkbox" name="probe" value="yes" checked /> Ask the target whether it is the one in force
      </label>
      <p class="muted">
        Nobody manages this account yet, so nothing is sent to its target. Without asking, the password is kept as declared.
      </p>
    </>
  );
};
const Held = ({ v }: { v: ChangePasswordView }) =>
  v.holds.length === 0 && v.liveSessions === 0 ? null : (
    <div class="notice warn">
      <p>
        Held by <HolderOf holds={v.holds} />
        {v.liveSessions > 0 ? ` with ${v.liveSessions} live session${v.liveSessions === 1 ? "" : "s"}` : ""}. It is changed by itself when that ends.
      </p>
      <label class="check">
        <input type="checkbox" name="cut" value="yes" /> Cut sessions and change now: their access ends, and they read the reason
      </label>
    </div>
  );

export const ChangePassword = (v: ChangePasswordView) => (
  <>
    <PageHead title={<span class="wrap">Change the {v.keys ? "key" : "password"} of {v.name}</span>}>
      <a class="button small quiet" href={`/accounts/${v.id}`}>
        The account
      </a>
    </PageHead>
    {v.wrong === undefined ? null : <FaultNote title="Unchanged" message={v.wrong.replace(/^Unchanged: t/, "T").replace(/^Unchanged: i/, "I")} />}
    {v.open ? (
      <section class="card narrow">
        <p class="lead">
          Its password is being changed already, since <Ago at={v.open.openedAt} />.
        </p>
        <a class="button" href={`/rotations/${v.open.id}`}>
          See how far it is
        </a>
      </section>
    ) : (
      <section class="card narrow">
        <Post action={`/accounts/${v.id}/password`}>
          <Way v={v} />
          <Where v={v} />
          <Held v={v} />
          <Field label="Reason" hint="For the audit log.">
            <input name="reason" maxlength={300} value={v.draft?.reason ?? ""} />
          </Field>
          <button type="submit">Change {v.keys ? "key" : "password"}</button>
        </Post>
      </section>
    )}
  </>
);
