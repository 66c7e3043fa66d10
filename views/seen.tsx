/** "Change everything this person has seen": its preview, and its run. Rule: what will be cut is said before anything is. */
import type { SeenAccount, SeenPreview } from "../src/domain/exposure.ts";
import { ForceBadge, HOW } from "./exposures.tsx";
import { Account, Ago, Badge, Empty, Facts, Field, PageHead, Post, Table, type Tone } from "./parts.tsx";

const what = (a: SeenAccount): string =>
  a.cannot !== null
    ? `cannot: ${a.cannot}`
    : [
        a.liveSessions > 0 ? `cuts ${a.liveSessions} live session${a.liveSessions === 1 ? "" : "s"}` : "",
        a.openRotation ? "a change is open; another follows it" : "changes the password",
        a.waits ? `waits: ${a.waits}` : "",
      ]
        .filter(Boolean)
        .join("; ");
const Preview = ({ list }: { list: readonly SeenAccount[] }) => (
  <Table label="What will be changed" head={["Account", "How", "Last", "Now", "Held by", "What will happen"]}>
    {list.map((a) => {
      const at = a.name.lastIndexOf("@");
      return (
        <tr>
          <td>
            <Account account={a.name.slice(0, at)} target={a.name.slice(at + 1)} href={`/accounts/${a.account}`} />
          </td>
          <td>{a.hows.map((h) => HOW[h]).join(", ")}</td>
          <td data-th="Last">
            <Ago at={a.lastAt} />
          </td>
          <td>
            <ForceBadge force={a.force} />
          </td>
          <td data-th="Held by">{a.heldBy.join(", ") || <span class="muted">nobody</span>}</td>
          <td class="wrap">
            {a.cannot === null ? (
              what(a)
            ) : (
              <>
                <Badge tone="bad">cannot</Badge> {a.cannot}
              </>
            )}
          </td>
        </tr>
      );
    })}
  </Table>
);
const count = (n: number, one: string, many: string): string => (n === 1 ? `1 ${one}` : `${n} ${many}`);
const Plan = ({ seen: s, rotates }: { seen: SeenPreview; rotates: boolean }) => {
  const can = s.list.filter((a) => a.cannot === null),
    held = s.list.filter((a) => a.heldBy.length > 0),
    cut = can.reduce((n, a) => n + a.liveSessions, 0);
  return (
    <section class="card">
      <Facts
        rows={[
          ["Will be changed", count(can.length, "account", "accounts")],
          ["Held now", held.length === 0 ? "none" : `${held.length}; their checkouts go on with the new password`],
          ["Live sessions cut", String(cut)],
          ["Cannot be changed", String(s.list.length - can.length)],
        ]}
      />
      {rotates ? <Press seen={s} /> : <p class="muted small-print">An admin can change all of it with one press here.</p>}
    </section>
  );
};
const Press = ({ seen: s }: { seen: SeenPreview }) => (
  <footer class="moves">
    <Post action="/exposures/rotate">
      <input type="hidden" name="person" value={s.person} />
      <input type="hidden" name="used" value={s.usedToo ? "1" : ""} />
      <Field label="Why" hint="In every event and on every account.">
        <input name="reason" maxlength={300} />
      </Field>
      <button class="danger" type="submit">
        Change {count(s.list.length, "password", "passwords")} now
      </button>
    </Post>
  </footer>
);
export const SeenPage = ({ seen: s, rotates }: { seen: SeenPreview; rotates: boolean }) => {
  const at = `/exposures/seen?person=${encodeURIComponent(s.personName)}`,
    sub = s.usedToo
      ? "that this person saw, typed, or used through a session."
      : "that this person saw or typed. Sessions carry a password unseen.";
  return (
    <>
      <PageHead title={`Everything ${s.personName} has seen`} sub={`Passwords in force ${sub}`}>
        <a class="button small quiet" href={`/exposures?person=${encodeURIComponent(s.personName)}`}>
          The ledger
        </a>
      </PageHead>
      <nav class="tabs" aria-label="Which">
        <a href={at} aria-current={s.usedToo ? undefined : "page"}>
          Seen or typed
        </a>
        <a href={`${at}&used=1`} aria-current={s.usedToo ? "page" : undefined}>
          Used too
        </a>
      </nav>
      {s.list.length === 0 ? (
        <Empty title="Nothing to change">
          Everything {s.personName} {s.usedToo ? "saw or used" : "saw"} was changed since.
        </Empty>
      ) : (
        <>
          <Plan seen={s} rotates={rotates} />
          <Preview list={s.list} />
        </>
      )}
    </>
  );
};

export type RunLine = {
  readonly account: string;
  readonly name: string;
  readonly result: "opened" | "again" | "refused" | "not_needed" | null;
  readonly rotationState: string | null;
  readonly why: string | null;
};
export type RunFacts = {
  readonly run: {
    readonly id: string;
    readonly personName: string;
    readonly byName: string;
    readonly reason: string;
    readonly usedToo: boolean;
    readonly at: Date;
    readonly endedAt: Date | null;
  };
  readonly list: readonly RunLine[];
};
const STATE: Record<string, readonly [Tone, string]> = {
  committed: ["ok", "changed and proven"],
  refused: ["bad", "the target refused"],
  dead_letter: ["bad", "gave up: look at it"],
  waiting: ["warn", "waits"],
};
const Result = ({ line: l }: { line: RunLine }) => {
  if (l.result === null) return <Badge tone="quiet">not begun</Badge>;
  if (l.result === "refused") return <Badge tone="bad">cannot</Badge>;
  if (l.result === "not_needed") return <Badge tone="ok">changed meanwhile</Badge>;
  const [tone, word] = STATE[l.rotationState ?? ""] ?? ["busy", "changing"];
  return l.result === "again" ? <Badge tone="busy">another change follows</Badge> : <Badge tone={tone}>{word}</Badge>;
};
/** Nothing moves any more: every account has its end. */
export const isSettled = ({ run, list }: RunFacts): boolean =>
  run.endedAt !== null && list.every((l) => l.result !== "opened" || ["committed", "refused", "dead_letter"].includes(l.rotationState ?? ""));
export const SeenRun = ({ run: r, list }: RunFacts) => {
  const done = list.filter((l) => l.result === "not_needed" || (l.result === "opened" && l.rotationState === "committed")).length;
  return (
    <>
      <PageHead
        title={`Changing what ${r.personName} has ${r.usedToo ? "seen or used" : "seen"}`}
        sub={
          <>
            Begun <Ago at={r.at} /> by {r.byName}
            {r.reason ? `: ${r.reason}` : ""}
          </>
        }
      >
        <a class="button small quiet" href={`/exposures?person=${encodeURIComponent(r.personName)}`}>
          The ledger
        </a>
      </PageHead>
      <section class="card">
        <progress max={String(list.length)} value={String(done)} aria-label="Accounts changed" />
        <p>
          {done} of {count(list.length, "account", "accounts")} changed and proven.
          {isSettled({ run: r, list }) ? "" : " This page renews itself; it may be left."}
        </p>
      </section>
      <Table label="Accounts" head={["Account", "Result", "Why"]}>
        {list.map((l) => {
          const at = l.name.lastIndexOf("@");
          return (
            <tr>
              <td>
                <Account account={l.name.slice(0, at)} target={l.name.slice(at + 1)} href={`/accounts/${l.account}`} />
              </td>
              <td>
                <Result line={l} />
              </td>
              <td class="wrap">{l.why ?? <span class="muted">–</span>}</td>
            </tr>
          );
        })}
      </Table>
    </>
  );
};
