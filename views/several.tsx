/** One act on several accounts: preview and result. Rule: who would be cut or left alone stands before the button. */
import type { Hold, Standing } from "../src/domain/account.ts";
import { HolderOf } from "./accounts.tsx";
import { Badge, Field, Named, PageHead, Post, Table } from "./parts.tsx";
import { StandingBadge } from "./words.tsx";

export type SeveralAct = "rotate" | "verify" | "block" | "unblock";
export type AffectedLine = {
  readonly id: string;
  readonly name: string;
  readonly standing: Standing;
  readonly holds: readonly Hold[];
  readonly liveSessions: number;
  readonly administers: string | null;
  readonly stops: string | null;
};
export type OutcomeLine = { readonly id: string; readonly name: string; readonly ok: boolean; readonly said: string };

export const ACT: Record<SeveralAct, { readonly title: string; readonly press: string; readonly says: string }> = {
  rotate: { title: "Change passwords", press: "Change", says: "Each gets a new password on its target and in the vault." },
  verify: {
    title: "Verify passwords",
    press: "Verify",
    says: "Each target is asked whether the vault's password is the one in force. Nothing is changed.",
  },
  block: {
    title: "Block accounts",
    press: "Block and cut sessions of",
    says: "Nobody gets them until they are freed; live sessions are cut at once.",
  },
  unblock: { title: "Unblock accounts", press: "Unblock", says: "They may be asked for and used again." },
};

const notes = (a: AffectedLine, act: SeveralAct): string[] => [
  ...(a.liveSessions > 0 ? [`${a.liveSessions} live ${a.liveSessions === 1 ? "session" : "sessions"}${act === "block" ? ", cut" : ""}`] : []),
  ...(a.administers !== null && act !== "verify" ? [`changes the others of ${a.administers}: they wait meanwhile`] : []),
];
const Line = ({ a, act }: { a: AffectedLine; act: SeveralAct }) => (
  <tr>
    <td>
      <Named href={`/accounts/${a.id}`} name={a.name} />
    </td>
    <td>
      <StandingBadge standing={a.standing} brief />
    </td>
    <td data-th="Held by">
      <HolderOf holds={a.holds} />
    </td>
    <td class="wrap">
      {a.stops === null ? (
        notes(a, act).map((n) => <span class="block">{n}</span>)
      ) : (
        <span>
          <Badge tone="warn">left alone</Badge> {a.stops}
        </span>
      )}
    </td>
  </tr>
);

export const SeveralPreview = ({ act, list }: { act: SeveralAct; list: readonly AffectedLine[] }) => {
  const doable = list.filter((a) => a.stops === null),
    cut = act === "block" ? doable.reduce((n, a) => n + a.liveSessions, 0) : 0;
  return (
    <>
      <PageHead title={ACT[act].title} sub={ACT[act].says} />
      {cut > 0 ? <p class="notice warn">{`${cut} live ${cut === 1 ? "session is" : "sessions are"} cut the moment you press.`}</p> : null}
      <Table label="Who is affected" head={["Account", "State", "Held by", "What to know"]}>
        {list.map((a) => (
          <Line a={a} act={act} />
        ))}
      </Table>
      <section class="card flat">
        {doable.length === 0 ? (
          <p class="notice warn">None of them can be done now.</p>
        ) : (
          <Post action="/accounts/several/run">
            <input type="hidden" name="act" value={act} />
            {doable.map((a) => (
              <input type="hidden" name="account" value={a.id} />
            ))}
            {act === "verify" || act === "unblock" ? null : (
              <Field label={act === "block" ? "Why" : "Why (optional)"} hint="It stays in the audit log.">
                <input name="reason" maxlength={300} required={act === "block"} minlength={act === "block" ? 3 : undefined} />
              </Field>
            )}
            <div class="moves">
              <button type="submit" class={act === "block" ? "danger" : undefined}>
                {`${ACT[act].press} ${doable.length} ${doable.length === 1 ? "account" : "accounts"}`}
              </button>
              <a class="button quiet" href="/accounts">
                No, back
              </a>
            </div>
          </Post>
        )}
      </section>
    </>
  );
};

export const SeveralResult = ({ act, list }: { act: SeveralAct; list: readonly OutcomeLine[] }) => {
  const done = list.filter((o) => o.ok).length;
  return (
    <>
      <PageHead title={ACT[act].title} sub={`${done} of ${list.length} done`}>
        <a class="button small" href="/accounts">
          Accounts
        </a>
      </PageHead>
      <Table label="Result by account" head={["Account", "Result", ""]}>
        {[...list]
          .sort((a, b) => Number(a.ok) - Number(b.ok))
          .map((o) => (
            <tr>
              <td>
                <Named href={`/accounts/${o.id}`} name={o.name} />
              </td>
              <td class="wrap">{o.said}</td>
              <td>{o.ok ? <Badge tone="ok">done</Badge> : <Badge tone="bad">not done</Badge>}</td>
            </tr>
          ))}
      </Table>
    </>
  );
};
