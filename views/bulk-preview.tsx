/** Who a bulk change would affect. Rule: what is cut, waits, is left alone or refused stands before the button; the page holds no password. */
import { HolderOf } from "./accounts.tsx";
import { count } from "./bulk-words.tsx";
import { Badge, Facts, PageHead, Post, Table } from "./parts.tsx";
import type { AffectedLine } from "./several.tsx";
import { StandingBadge } from "./words.tsx";

export type BulkLine = AffectedLine & { readonly waits: string | null; readonly broken: readonly string[] };
export type BulkPreviewView = {
  readonly list: readonly BulkLine[];
  readonly how: "unique" | "given" | "shown";
  readonly apply: boolean;
  readonly cut: boolean;
  readonly reason: string;
  /** What the press sends again; the password in it is sealed for this person. */
  readonly carried: Readonly<Record<string, string>>;
  readonly nobody: string | null;
  readonly told: number;
};
const SHOWN = 500;
const HOW = {
  unique: "a password of its own for every account",
  given: "the one you typed, for all",
  shown: "one for all, shown to you once",
} as const;

const What = ({ a, cut }: { a: BulkLine; cut: boolean }) => {
  if (a.stops !== null)
    return (
      <>
        <Badge tone="warn">left alone</Badge> {a.stops}
      </>
    );
  if (a.broken.length > 0)
    return (
      <>
        <Badge tone="bad">refused</Badge> this password needs {a.broken.join("; ")}
      </>
    );
  const notes = [
    ...(a.waits === null ? [] : [`waits for ${a.waits}`]),
    ...(cut && a.liveSessions > 0 ? [`cuts ${count(a.liveSessions, "live session")}`] : []),
    ...(a.administers === null ? [] : [`changes the others of ${a.administers}: they wait meanwhile`]),
  ];
  return notes.length === 0 ? <span class="muted">will be changed</span> : <>{notes.join("; ")}</>;
};
const Radius = ({ v }: { v: BulkPreviewView }) => {
  const able = v.list.filter((a) => a.stops === null),
    broken = able.filter((a) => a.broken.length > 0).length,
    live = able.reduce((n, a) => n + a.liveSessions, 0),
    held = able.filter((a) => a.holds.length > 0),
    admins = able.filter((a) => a.administers !== null);
  return (
    <Facts
      rows={[
        ["The password", `${HOW[v.how]}${v.apply ? "" : "; the targets are only asked"}`],
        ["Accounts", `${v.list.length}${able.length < v.list.length ? `, of which ${v.list.length - able.length} are left alone` : ""}`],
        broken > 0 ? ["Break their policy", <b class="bad">{`${broken}: refused when their turn comes`}</b>] : null,
        [
          "Held now",
          held.length === 0
            ? "none"
            : `${held.length} by ${[...new Set(held.flatMap((a) => a.holds.map((h) => h.personName)))].join(", ")}`,
        ],
        ["Live sessions", live === 0 ? "none" : v.cut && v.apply ? `${live}, cut as soon as their turn comes` : `${live}, waited for`],
        ["Administrative accounts", admins.length === 0 ? "none" : admins.map((a) => a.name).join(", ")],
        ["Told when it is over", v.told === 0 ? "nobody" : v.nobody === null ? `${v.told}` : `${v.told}; ${v.nobody}`],
        ["Why", v.reason],
      ]}
    />
  );
};
const Lines = ({ v }: { v: BulkPreviewView }) => (
  <Table label="Who is affected" head={["Account", "State", "Held by", "What will happen"]}>
    {v.list.slice(0, SHOWN).map((a) => (
      <tr>
        <td>
          <a href={`/accounts/${a.id}`}>
            <b class="wrap">{a.name}</b>
          </a>
        </td>
        <td>
          <StandingBadge standing={a.standing} />
        </td>
        <td data-th="Held by">
          <HolderOf holds={a.holds} />
        </td>
        <td class="wrap">
          <What a={a} cut={v.cut} />
        </td>
      </tr>
    ))}
  </Table>
);
export const BulkPreviewPage = (v: BulkPreviewView) => {
  const able = v.list.filter((a) => a.stops === null).length,
    cuts = v.apply && v.cut && v.list.some((a) => a.stops === null && a.liveSessions > 0);
  return (
    <>
      <PageHead title="Who is affected" sub="Nothing has been changed yet." />
      <section class="card">
        <Radius v={v} />
        {able === 0 ? (
          <p class="notice warn">None of them can be changed now.</p>
        ) : (
          <footer class="moves">
            <Post action="/bulk">
              {Object.entries(v.carried).map(([name, value]) => (
                <input type="hidden" name={name} value={value} />
              ))}
              <div class="moves">
                <button type="submit" class={cuts ? "danger" : undefined}>
                  {v.apply ? `Change ${count(able, "password")}` : `Ask for ${count(able, "account")}`}
                  {cuts ? " and cut their sessions" : ""}
                </button>
                <a class="button quiet" href="/bulk/new">
                  No, back
                </a>
              </div>
            </Post>
          </footer>
        )}
      </section>
      <Lines v={v} />
      {v.list.length > SHOWN ? <p class="muted">The first {SHOWN} of them; the numbers above count all.</p> : null}
    </>
  );
};
