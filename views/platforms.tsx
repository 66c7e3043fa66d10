/** Devices with a command line: command sets, and trials of them. Rule: how sure a set is stands where it is chosen; transcripts are scrubbed. */
import type { KeptSet, PlatformTest } from "../src/domain/command-set/kept.ts";
import type { Mistake } from "../src/domain/command-set/parse.ts";
import type { Grade } from "../src/domain/command-set/schema.ts";
import { GradeBadge } from "./grades.tsx";
import { Token } from "./layout.tsx";
import { Listing } from "./listing.tsx";
import { Ago, Badge, Empty, Facts, Field, PageHead, Post, Press, Table } from "./parts.tsx";

export type SetView = {
  readonly platform: string;
  readonly called: string;
  readonly grade: Grade;
  readonly over: readonly string[];
  readonly about: string;
  readonly body: string;
  readonly kept: (KeptSet & { readonly byName: string; readonly acceptedByName: string | null; readonly mayAccept: boolean }) | null;
};
const SAYS: Record<Grade, string> = {
  proven: "the nine cases, on a real server",
  recorded: "from a transcript of a named device",
  draft: "from documentation: no account behind it is managed before a trial on that very device changed a password",
};

const hrefOf = (s: SetView): string => `/platforms/${s.kept?.hash ?? s.platform.replace("cli:", "")}`;
const State = ({ s }: { s: SetView }) => {
  if (s.kept === null) return <>comes with Lockstep</>;
  if (s.kept.accepted === null) return <Badge tone="busy">waits for another admin</Badge>;
  return (
    <>
      accepted by {s.kept.acceptedByName} {s.kept.accepted.alone ? "(single administrator: not four-eyed)" : ""}
    </>
  );
};

export const Platforms = ({ list, writes }: { list: readonly SetView[]; writes: boolean }) => (
  <>
    <PageHead title="Command sets" sub="How passwords are changed on devices with a command line: data, one set a kind of device.">
      <a class="button quiet" href="/demonstrations">
        Recorded changes
      </a>
      {writes ? (
        <a class="button" href="/platforms/new">
          New command set
        </a>
      ) : null}
    </PageHead>
    <Table label="Command sets" head={["Device", "How sure", "Over", "State", ""]} list>
      {list.map((s) => (
        <tr>
          <td class="wrap">
            <a href={hrefOf(s)}>{s.called}</a>
            <small class="block">
              <code>{s.platform}</code>
            </small>
          </td>
          <td>
            <GradeBadge grade={s.grade} />
          </td>
          <td data-th="Over">{s.over.join(", ")}</td>
          <td class="wrap">
            <State s={s} />
            {s.kept ? (
              <small class="block">
                by {s.kept.byName}, <code>{s.kept.hash.slice(0, 12)}</code>
              </small>
            ) : null}
          </td>
          <td class="end">{s.kept?.mayAccept ? <a href={hrefOf(s)}>Look and accept</a> : null}</td>
        </tr>
      ))}
    </Table>
  </>
);

const Accept = ({ hash, called }: { hash: string; called: string }) => (
  <>
    <p class="notice warn">
      A command set is code: it decides what is sent to devices with your administrators' passwords. Read it, then accept exactly this text.
    </p>
    <div class="moves">
      <Press action={`/platforms/${hash}/accept`} label={`Accept this text: ${called}`}>
        Accept this text
      </Press>
    </div>
  </>
);
export const PlatformSet = ({ set: s, writes }: { set: SetView; writes: boolean }) => (
  <>
    <PageHead title={s.called} sub={<code>{s.platform}</code>}>
      {writes ? (
        <a class="button quiet" href={`/platforms/new?from=${encodeURIComponent(s.kept?.hash ?? s.platform)}`}>
          Begin a new one from it
        </a>
      ) : null}
    </PageHead>
    <section class="card">
      <Facts
        rows={[
          [
            "How sure",
            <>
              <GradeBadge grade={s.grade} /> {SAYS[s.grade]}
            </>,
          ],
          ["Over", s.over.join(", ")],
          ["State", <State s={s} />],
          s.kept ? ["SHA-256", <code class="wrap">{s.kept.hash}</code>] : null,
          s.kept
            ? [
                "Proposed",
                <>
                  by {s.kept.byName}, <Ago at={s.kept.at} />
                </>,
              ]
            : null,
        ]}
      />
      {s.about === "" ? null : <p class="prose">{s.about}</p>}
      {s.kept?.mayAccept ? <Accept hash={s.kept.hash} called={s.called} /> : null}
      {s.kept && s.kept.accepted === null && !s.kept.mayAccept ? <p>It is inert until an admin other than {s.kept.byName} accepts it.</p> : null}
    </section>
    <section class="card">
      <h2>The text</h2>
      <Listing text={s.body} />
    </section>
  </>
);

export const PlatformEdit = ({ text, mistakes }: { text: string; mistakes: readonly Mistake[] }) => (
  <>
    <PageHead title="New command set" sub="Proposed, it does nothing: another admin accepts exactly this text." />
    {mistakes.length > 0 ? (
      <section class="card" role="alert">
        <h2>
          {mistakes.length} {mistakes.length === 1 ? "mistake" : "mistakes"}: nothing was proposed
        </h2>
        <Listing text={text} mistakes={mistakes} />
      </section>
    ) : null}
    <section class="card">
      <form method="post" action="/platforms">
        <Token />
        <Field label="YAML" hint="Keys: docs/platforms/command-sets.md. A template holds {{account}} and {{user}}; passwords are sent by sendSecret.">
          <textarea class="code" name="text" rows={28} required spellcheck={false} autocapitalize="none">
            {text}
          </textarea>
        </Field>
        <div class="moves">
          <button type="submit">Propose</button>
          <button class="quiet" type="submit" formaction="/platforms/check">
            Check only
          </button>
        </div>
      </form>
    </section>
  </>
);

const Trial = ({ t }: { t: PlatformTest }) => (
  <section class="card">
    <header>
      <h2>
        <Badge tone={t.passed ? "ok" : "bad"}>{t.passed ? "passed" : "not passed"}</Badge>{" "}
        {t.changed ? "a password was changed and proven" : "nothing was changed"}
      </h2>
      <Ago at={t.at} />
    </header>
    {t.why === "" ? null : <p class="wrap">{t.why}</p>}
    {t.said.map((s) => (
      <>
        <h3>
          {s.verb} over {s.over}
        </h3>
        <pre class="console" tabindex={0} aria-label={`Transcript: ${s.verb}`}>
          {s.said.map((l) => (l.by === "broker" ? <b>{`→ ${l.text}\n`}</b> : `${l.text.replace(/^\n+|\n+$/g, "")}\n`))}
        </pre>
      </>
    ))}
  </section>
);
export type TrialsView = {
  readonly target: { readonly id: string; readonly name: string };
  readonly called: string;
  readonly grade: Grade;
  readonly standsAgainst: string | null;
  readonly plaintext: boolean;
  readonly accounts: readonly { readonly id: string; readonly name: string }[];
  readonly tests: readonly PlatformTest[];
};
export const Trials = ({ v }: { v: TrialsView }) => (
  <>
    <PageHead
      title={`Try the command set on ${v.target.name}`}
      sub={
        <>
          {v.called} <GradeBadge grade={v.grade} />
        </>
      }
    />
    {v.plaintext ? (
      <p class="notice warn">Over Telnet: everybody on the way can read the passwords, and nothing proves which device this is.</p>
    ) : null}
    {v.standsAgainst === null ? null : (
      <p class="notice warn">A draft that was never tried on this device: no account here is managed before a trial has changed a password.</p>
    )}
    <section class="card narrow">
      {v.accounts.length === 0 ? (
        <Empty title="No account on this target yet">Add one first; a trial logs in as it, or changes it.</Empty>
      ) : (
        <Post action={`/targets/${v.target.id}/trials`} stays>
          <Field label="Account">
            <select name="account">
              {v.accounts.map((a) => (
                <option value={a.id}>{a.name}</option>
              ))}
            </select>
          </Field>
          <label class="check">
            <input type="checkbox" name="change" value="yes" /> <span>Change its password once, by an ordinary rotation</span>
          </label>
          <button type="submit">Try it now</button>
        </Post>
      )}
    </section>
    {v.tests.length === 0 ? (
      <Empty title="Nothing was tried here yet">What the device says will stand here, without passwords.</Empty>
    ) : (
      v.tests.map((t) => <Trial t={t} />)
    )}
  </>
);
