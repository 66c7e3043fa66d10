/** *Remote reset* of a target: which account changes the others, and its Test. Rule: what a test found is told in plain words, with what to do. */
import type { Account } from "../src/domain/account.ts";
import type { Target } from "../src/domain/target.ts";
import { agentOf } from "./target.tsx";
import { wayText } from "./through.tsx";
import { Ago, Badge, Empty, Facts, Field, Named, PageHead, Post, Press, Table } from "./parts.tsx";

export type Helper = "administrative" | "reconcile";
export type Stage = "setup" | "reach" | "identity" | "login" | "right";
export type Tested = { readonly ok: true; readonly identity: string } | { readonly ok: false; readonly stage: Stage; readonly why: string };
export type LastTest = { readonly at: Date; readonly ok: boolean; readonly why: string | null; readonly account: string | null };
export type ResetView = {
  readonly target: Target;
  /** Names of the agents or gateways it is reached through; none: directly. */
  readonly way: readonly string[];
  readonly accounts: readonly Account[];
  readonly last: LastTest | null;
  /** What the account needs there, in words that end a sentence. */
  readonly rights: string;
  readonly result: { readonly which: Helper; readonly tested: Tested } | null;
};

const STEPS: readonly (readonly [Stage, string])[] = [
  ["setup", "The vault has what it needs"],
  ["reach", "The target answers"],
  ["identity", "It proves itself by the pinned key"],
  ["login", "The account gets in"],
  ["right", "It may change the others"],
];
const ADVICE: Record<Stage, string> = {
  setup: "Choose the account above, give the vault its password on the account's page, and free it where it is blocked.",
  reach: "Check that the target is up, that address and port are right, and that no firewall stands between it and this broker.",
  identity: "Nothing was sent. Look at the machine itself: was it rebuilt, or is this another one? If the new key is right, pin it under Edit.",
  login: "The target refused the password or the account. Reset it on the target by hand, then type the new one on the account's page.",
  right: "It got in, but may not change passwords. Give it the rights of the documentation: ",
};

const Steps = ({ tested }: { tested: Tested }) => {
  const failed = tested.ok ? STEPS.length : STEPS.findIndex(([stage]) => stage === tested.stage);
  return (
    <ol class="checks-done">
      {STEPS.map(([, words], i) => (
        <li class={i < failed ? "ok" : i === failed ? "bad" : "quiet"}>
          <span class="sr">{i < failed ? "done: " : i === failed ? "failed: " : "not reached: "}</span>
          {words}
        </li>
      ))}
    </ol>
  );
};
const Result = ({ which, tested, rights }: { which: Helper; tested: Tested; rights: string }) => (
  <section class={`card ${tested.ok ? "" : "alarm"}`} role="status">
    <header>
      <h2>Test of the {which} account</h2>
      {tested.ok ? <Badge tone="ok">works</Badge> : <Badge tone="bad">does not work</Badge>}
    </header>
    <Steps tested={tested} />
    {tested.ok ? (
      <p>
        Logged in and allowed to change the others. Nothing was changed. It proved itself by <code>{tested.identity}</code>.
      </p>
    ) : (
      <>
        <p class="wrap">The answer was: “{tested.why}”</p>
        <p>
          <b>What to do:</b> {ADVICE[tested.stage]}
          {tested.stage === "right" ? `${rights}.` : ""}
        </p>
      </>
    )}
  </section>
);

type PickProps = { v: ResetView; name: Helper; label: string; hint: string };
const PickAccount = ({ v, name, label, hint }: PickProps) => (
  <Field label={label} hint={hint}>
    <select name={name}>
      <option value="">none</option>
      {v.accounts.map((a) => (
        <option value={a.id} selected={v.target[name] === a.id}>
          {a.name}
        </option>
      ))}
    </select>
  </Field>
);

const Choose = ({ v }: { v: ResetView }) => (
  <section class="card narrow">
    <header>
      <h2>Who changes the passwords</h2>
    </header>
    <Post action={`/targets/${v.target.id}`}>
      <PickAccount
        v={v}
        name="administrative"
        label="Administrative account"
        hint="Changes the others. Never shown; every use is in the audit log."
      />
      <PickAccount v={v} name="reconcile" label="Reconcile account" hint="The last resort when the first no longer gets in. Another account." />
      <button type="submit">Save</button>
    </Post>
    <footer class="moves">
      {v.target.administrative ? <Press action={`/targets/${v.target.id}/test`}>Test the administrative account</Press> : null}
      {v.target.reconcile ? (
        <Press action={`/targets/${v.target.id}/test-reconcile`} look="quiet">
          Test the reconcile account
        </Press>
      ) : null}
      <small class="muted">A test logs in and asks for the right; it changes nothing.</small>
    </footer>
  </section>
);

const changedBy = (v: ResetView, a: Account): string => {
  const by = v.accounts.find((x) => x.id === v.target.administrative);
  if (agentOf(v.target) !== null) return "its agent";
  return by === undefined ? "itself, with its own password" : by.id === a.id ? "itself" : by.name;
};
const WhoChangesWhom = ({ v }: { v: ResetView }) => (
  <section>
    <header class="sec">
      <h2>Who is changed by whom</h2>
    </header>
    <Table label="Who is changed by whom" head={["Account", "Changed by", "State"]}>
      {v.accounts.map((a) => (
        <tr>
          <td>
            <Named href={`/accounts/${a.id}`} name={a.name} />
          </td>
          <td data-th="Changed by" class="wrap">{changedBy(v, a)}</td>
          <td>{a.credential.replace("_", " ")}</td>
        </tr>
      ))}
    </Table>
  </section>
);

const lastWords = (last: LastTest | null) =>
  last === null ? (
    "never"
  ) : (
    <>
      <Ago at={last.at} />: {last.ok ? "works" : <span class="wrap">did not work, “{last.why}”</span>}
    </>
  );

const ByAgent = ({ id }: { id: string }) => (
  <section class="card narrow">
    <header>
      <h2>Its own agent changes the passwords</h2>
    </header>
    <p>
      By the rights it has there: nobody's administrative password is in the vault for it. <a href={`/agents/${id}`}>The agent</a> says whether it is
      connected, and examines itself.
    </p>
  </section>
);
export const TargetReset = (v: ResetView) => (
  <>
    <PageHead title={<span class="wrap">Remote reset of {v.target.name}</span>} sub="Which account changes the others, over which way.">
      <a class="button small quiet" href={`/targets/${v.target.id}`}>
        The target
      </a>
    </PageHead>
    {v.result ? <Result {...v.result} rights={v.rights} /> : null}
    {agentOf(v.target) !== null ? (
      <ByAgent id={agentOf(v.target)!} />
    ) : v.accounts.length === 0 ? (
      <Empty title="No accounts on it yet">
        <a href={`/targets/${v.target.id}`}>Add one</a> that may change the others, with its password.
      </Empty>
    ) : (
      <Choose v={v} />
    )}
    <section class="card flat">
      <Facts
        rows={[
          ["Way", `${wayText(v.way)} to ${v.target.host}:${v.target.port}`],
          ["Platform", v.target.platform],
          ["Last test", lastWords(v.last)],
        ]}
      />
    </section>
    {v.accounts.length > 0 ? <WhoChangesWhom v={v} /> : null}
  </>
);
