/** Adopting what was found: preview, result, and the rules for it. Rule: what changes for whoever uses an account today stands before the button. */
import type { Rule } from "../src/domain/adoption-rule.ts";
import { legible, type StagedLine } from "./discovery.tsx";
import { Ago, Badge, Empty, Field, PageHead, Post, Table } from "./parts.tsx";

const Known = ({ l }: { l: StagedLine }) =>
  l.hindered === null ? (
    <>
      {l.warns.map((w) => (
        <span class="block">{w}</span>
      ))}
    </>
  ) : (
    <span>
      <Badge tone="warn">left alone</Badge> {l.hindered}
    </span>
  );
const Preview = ({ list }: { list: readonly { readonly name: string; readonly line: StagedLine }[] }) => (
  <Table label="What it would do" head={["Account", "What it is", "What to know"]}>
    {list.map(({ name, line }) => (
      <tr>
        <td>
          <b class="wrap">{legible(name)}</b>
        </td>
        <td data-th="What it is" class="wrap">
          {line.found.told.says.join(", ") || "an account"}
        </td>
        <td class="wrap">
          <Known l={line} />
        </td>
      </tr>
    ))}
  </Table>
);
const SAYS =
  "Each gets a new password, twice, set by the administrative account. From then on the broker keeps it; whoever uses its present one is kept out.";

export const AdoptPreview = ({ target, list }: { target: { readonly id: string; readonly name: string }; list: readonly StagedLine[] }) => {
  const able = list.filter((l) => l.hindered === null);
  return (
    <>
      <PageHead title={`Adopt on ${target.name}`} sub={SAYS} />
      <Preview list={list.map((line) => ({ name: line.found.name, line }))} />
      <section class="card flat">
        {able.length === 0 ? (
          <p class="notice warn">None of them can be adopted as it stands.</p>
        ) : (
          <Post action={`/targets/${target.id}/found/adopt`}>
            {able.map((l) => (
              <input type="hidden" name="name" value={l.found.name} />
            ))}
            <div class="moves">
              <button type="submit">{`Adopt ${able.length} ${able.length === 1 ? "account" : "accounts"}`}</button>
              <a class="button quiet" href={`/targets/${target.id}/found`}>
                No, back
              </a>
            </div>
          </Post>
        )}
      </section>
    </>
  );
};

export type AdoptedLine = { readonly name: string; readonly account: string | null; readonly ok: boolean; readonly said: string };
export const AdoptResult = ({ target, list }: { target: { readonly id: string; readonly name: string }; list: readonly AdoptedLine[] }) => (
  <>
    <PageHead title={`Adopt on ${target.name}`} sub={`${list.filter((l) => l.ok).length} of ${list.length} begun`}>
      <a class="button small" href={`/targets/${target.id}/found`}>
        Back to the list
      </a>
    </PageHead>
    <Table label="Result by account" head={["Account", "Result", ""]}>
      {[...list]
        .sort((a, b) => Number(a.ok) - Number(b.ok))
        .map((l) => (
          <tr>
            <td>{l.account ? <a href={`/accounts/${l.account}`}>{legible(l.name)}</a> : legible(l.name)}</td>
            <td class="wrap">{l.said}</td>
            <td>{l.ok ? <Badge tone="busy">begun</Badge> : <Badge tone="bad">not done</Badge>}</td>
          </tr>
        ))}
    </Table>
  </>
);

export type RuleLine = Pick<Rule, "id" | "pattern" | "does" | "only" | "reason" | "at"> & {
  readonly byName: string;
  readonly targetName: string | null;
  readonly group: string | null;
};
export type RuleDraft = {
  readonly pattern: string;
  readonly does: "adopt" | "ignore";
  readonly only: "all" | "privileged" | "unprivileged";
  readonly where: string;
  readonly reason: string;
};
export type RulesView = {
  readonly list: readonly RuleLine[];
  readonly makes: boolean;
  readonly targets: readonly string[];
  readonly groups: readonly string[];
};
const ONLY = { all: "all of them", privileged: "the privileged", unprivileged: "those that are not privileged" } as const;
const DOES = { adopt: "adopted", ignore: "put aside" } as const;

const Make = ({ v }: { v: RulesView }) => (
  <section class="card">
    <h2>A new rule</h2>
    <Post action="/adoption-rules/preview">
      <Field label="Accounts named" hint="* stands for anything: svc-*, *-admin, *">
        <input name="pattern" required maxlength={128} autocapitalize="none" spellcheck={false} />
      </Field>
      <Field label="are">
        <select name="does">
          <option value="adopt">adopted: their passwords are changed, then they are managed</option>
          <option value="ignore">put aside</option>
        </select>
      </Field>
      <Field label="Of those">
        <select name="only">
          {Object.entries(ONLY).map(([value, says]) => (
            <option value={value}>{says}</option>
          ))}
        </select>
      </Field>
      <Field label="On">
        <select name="where">
          <option value="">every target that is yours</option>
          {v.groups.map((g) => (
            <option value={`group ${g}`}>{`group ${g}`}</option>
          ))}
          {v.targets.map((t) => (
            <option value={`target ${t}`}>{t}</option>
          ))}
        </select>
      </Field>
      <Field label="Why" hint="It stands beside every account the rule takes up.">
        <input name="reason" required minlength={3} maxlength={300} />
      </Field>
      <button class="small" type="submit">
        Look at what it would do …
      </button>
    </Post>
  </section>
);
export const Rules = (v: RulesView) => (
  <>
    <PageHead
      title="Rules for accounts that are found"
      sub="Each acts with the rights of whoever accepted it, as they are at that moment. Putting aside goes before adopting."
    />
    {v.list.length === 0 ? (
      <Empty title="No rule yet">What is found waits for somebody's decision, target by target.</Empty>
    ) : (
      <Table label="Rules" head={["Named", "Are", "Where", "Why", "By", ""]}>
        {v.list.map((r) => (
          <tr>
            <td>
              <code>{r.pattern}</code>
              {r.only === "all" ? null : <small class="muted block">{ONLY[r.only]}</small>}
            </td>
            <td data-th="Are">{DOES[r.does]}</td>
            <td data-th="Where">{r.targetName ?? (r.group === null ? "everywhere" : `group ${r.group}`)}</td>
            <td data-th="Why" class="wrap">
              {r.reason}
            </td>
            <td data-th="By">
              {r.byName} <Ago at={r.at} />
            </td>
            <td>
              {v.makes ? (
                <Post action="/adoption-rules/end" class="inline">
                  <input type="hidden" name="rule" value={r.id} />
                  <button type="submit" class="small quiet" aria-label={`End the rule ${r.pattern}`}>
                    End
                  </button>
                </Post>
              ) : null}
            </td>
          </tr>
        ))}
      </Table>
    )}
    {v.makes ? <Make v={v} /> : null}
  </>
);

export type WouldLine = { readonly target: string; readonly line: StagedLine };
export const RulePreview = ({ draft: d, list }: { draft: RuleDraft; list: readonly WouldLine[] }) => (
  <>
    <PageHead
      title={d.does === "adopt" ? `Adopt ${d.pattern}` : `Put ${d.pattern} aside`}
      sub={d.does === "adopt" ? SAYS : "They stay on the list under “Put aside”. Nothing changes on the target."}
    />
    {list.length === 0 ? (
      <Empty title="It matches nothing that is known today">It would act on what is found later.</Empty>
    ) : (
      <Preview list={list.map((w) => ({ name: `${w.line.found.name}@${w.target}`, line: w.line }))} />
    )}
    <section class="card flat">
      <Post action="/adoption-rules">
        {Object.entries(d).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <p>{`Accepting it acts at once on what stands above, and on every account found later that matches, without asking anybody.`}</p>
        <div class="moves">
          <button type="submit">Accept this rule</button>
          <a class="button quiet" href="/adoption-rules">
            No, back
          </a>
        </div>
      </Post>
    </section>
  </>
);
