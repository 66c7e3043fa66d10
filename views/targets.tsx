/** Targets: the list, adding one under a confirmed key, and the page of one. Rule: nothing is pinned that a person has not looked at. */
import type { Account as Value } from "../src/domain/account.ts";
import type { Target } from "../src/domain/target.ts";
import { Ago, Badge, Empty, Facts, Field, PageHead, Post, Table, Unfold } from "./parts.tsx";
import { Token } from "./layout.tsx";

export type TargetLine = { readonly target: Target; readonly accounts: number; readonly blocked: boolean };
const TargetBadge = ({ target: t, blocked }: { target: Target; blocked: boolean }) => (blocked ? <Badge tone="bad">identity changed</Badge> : t.locked ? <Badge tone="bad">locked</Badge> : t.administrative ? <Badge tone="ok">ready</Badge> : <Badge tone="warn">no administrative account</Badge>);

export const Targets = ({ list }: { list: readonly TargetLine[] }) => (
  <>
    <PageHead title="Targets" sub="Machines whose accounts the broker keeps."><a class="button small" href="/targets/new">Add a target</a></PageHead>
    {list.length === 0 ? <Empty title="No targets yet"><a href="/targets/new">Add the first one</a>: its name and address are enough, the broker fetches its key for you to compare.</Empty> : (
      <Table label="Targets" head={["Target", "State", "Address", "Platform", "Accounts", "Tags"]}>{list.map(({ target: t, accounts, blocked }) => (
        <tr><td><a href={`/targets/${t.id}`}><b class="wrap">{t.name}</b></a></td><td><TargetBadge target={t} blocked={blocked} /></td><td><code>{t.host}:{t.port}</code></td><td>{t.platform}</td><td class="num">{accounts}</td><td>{t.tags.join(", ")}</td></tr>
      ))}</Table>
    )}
  </>
);

export type Draft = { readonly name: string; readonly platform: string; readonly host: string; readonly port: number; readonly tags: string };
export const TargetNew = ({ platforms, draft }: { platforms: readonly string[]; draft: Draft }) => (
  <>
    <PageHead title="Add a target" sub="Step 1 of 2: where it is. The broker then fetches its key, without logging in." />
    <section class="card narrow">
      <form method="post" action="/targets/new"><Token />
        <Field label="Name" hint="People type it: ssh me@root@name@broker. a-z, 0-9, dot, dash, underscore."><input name="name" required pattern="[a-z0-9._\-]{1,64}" value={draft.name} autofocus autocapitalize="none" spellcheck={false} /></Field>
        <Field label="Platform"><select name="platform">{platforms.map((p) => <option value={p} selected={p === draft.platform}>{p}</option>)}</select></Field>
        <div class="pair"><Field label="Host or address"><input name="host" required value={draft.host} autocapitalize="none" spellcheck={false} /></Field><Field label="Port"><input type="number" name="port" min="1" max="65535" value={draft.port} required /></Field></div>
        <Field label="Tags (optional)" hint="Policies can bind by tag."><input name="tags" value={draft.tags} placeholder="production web" /></Field>
        <button type="submit">Fetch its key</button>
      </form>
    </section>
  </>
);

export const TargetConfirm = ({ draft: d, hostKey: key, fingerprint, command }: { draft: Draft; hostKey: string; fingerprint: string; command: string }) => (
  <>
    <PageHead title="Is this the machine?" sub="Step 2 of 2: compare, then pin." />
    <section class="card narrow">
      <p><b>{d.name}</b> at <code>{d.host}:{d.port}</code> proves itself by this key:</p>
      <output class="fingerprint">{fingerprint}</output>
      <p class="muted">Compare it with what the machine itself says, on its console or over a way you trust:</p><pre>{command}</pre>
      <details><summary>The whole key</summary><p class="wrap"><code>{key}</code></p></details>
      <form method="post" action="/targets"><Token />
        {(["name", "platform", "host", "tags"] as const).map((n) => <input type="hidden" name={n} value={d[n]} />)}<input type="hidden" name="port" value={String(d.port)} /><input type="hidden" name="hostKey" value={key} />
        <label class="check"><input type="checkbox" name="same" value="yes" required /> I compared it: it is the same</label>
        <div class="moves"><button type="submit">Pin this key and add</button><a class="button quiet" href="/targets/new">No, back</a></div>
      </form>
    </section>
  </>
);

export type TargetView = { readonly target: Target; readonly accounts: readonly Value[]; readonly blocked: boolean; readonly fingerprints: readonly string[]; readonly passwordPolicies: readonly string[] };

const AddAccount = ({ id, policies }: { id: string; policies: readonly string[] }) => (
  <Unfold label="Add an account">
    <Post action={`/targets/${id}/accounts`}>
      <Field label="Account name on the target"><input name="name" required maxlength={128} autocapitalize="none" spellcheck={false} /></Field>
      <Field label="Its password now (optional)" hint="You then know it, so the broker changes it soon. Leave it empty when an administrative account sets the first one."><input type="password" name="password" autocomplete="off" /></Field>
      <Field label="Password policy"><select name="passwordPolicy">{policies.map((p) => <option value={p} selected={p === "medium"}>{p}</option>)}</select></Field>
      <label class="check"><input type="checkbox" name="adopt" value="yes" /> Adopt now: change its password twice, then manage it</label>
      <button class="small" type="submit">Add</button>
    </Post>
  </Unfold>
);

const Administration = ({ v }: { v: TargetView }) => {
  const pick = (name: "administrative" | "reconcile", label: string, hint: string) => (
    <Field label={label} hint={hint}><select name={name}><option value="">none</option>{v.accounts.map((a) => <option value={a.id} selected={v.target[name] === a.id}>{a.name}</option>)}</select></Field>
  );
  return (
    <section class="card"><header><h2>Who changes the passwords</h2></header>
      <Post action={`/targets/${v.target.id}`}>{pick("administrative", "Administrative account", "Changes the others. Its password must be in the vault.")}{pick("reconcile", "Reconcile account", "The last resort when the first no longer gets in.")}<button class="small" type="submit">Save</button></Post>
      {v.target.administrative ? <Post action={`/targets/${v.target.id}/test`} class="inline"><button class="small quiet" type="submit">Test it: log in, change nothing</button></Post> : null}
    </section>
  );
};

export const TargetPage = (v: TargetView) => {
  const t = v.target, at = `/targets/${t.id}`;
  return (
    <>
      <PageHead title={<span class="wrap">{t.name}</span>} sub={<TargetBadge target={t} blocked={v.blocked} />} />
      {v.blocked ? <section class="card alarm"><h2>Its identity changed</h2><p>The address or the pinned key is another than before. Its accounts are blocked and no password is sent there until somebody other than the author of the change accepts it.</p><Post action={`${at}/accept`}><button class="small danger" type="submit">I looked: accept the new identity</button></Post></section> : null}
      <section class="card"><Facts rows={[["Address", <code>{t.host}:{t.port}</code>], ["Platform", t.platform], ["Pinned keys", <>{v.fingerprints.map((f) => <code class="block wrap">{f}</code>)}</>], ["Tags", t.tags.join(", ") || "none"], ["Identity", `no ${t.identityNo}`]]} />
        <footer class="moves"><Post action={`${at}/${t.locked ? "unlock" : "lock"}`} class="inline"><button class={`small ${t.locked ? "quiet" : "danger"}`} type="submit">{t.locked ? "Unlock" : "Lock: nobody gets in"}</button></Post></footer></section>
      <section><header class="sec"><h2>Accounts</h2></header>
        {v.accounts.length === 0 ? <Empty title="No accounts on it yet">Add the one that may change the others first, with its password.</Empty> : <Table label="Accounts" head={["Account", "State", "Changed", "Verified"]}>{v.accounts.map((a) => <tr><td><a href={`/accounts/${a.id}`}><b class="wrap">{a.name}</b></a></td><td>{a.block === "none" ? a.credential.replace("_", " ") : a.block.replace("_", " ")}</td><td><Ago at={a.rotatedAt} /></td><td><Ago at={a.verifiedAt} /></td></tr>)}</Table>}
        <AddAccount id={t.id} policies={v.passwordPolicies} />
      </section>
      {v.accounts.length > 0 ? <Administration v={v} /> : null}
    </>
  );
};
