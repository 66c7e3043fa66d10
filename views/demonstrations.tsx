/** A password change shown by hand: asked for, let, shown, and the draft it makes. Rule: a password stands here by its placeholder alone. */
import type { Child } from "hono/jsx";
import type { Transcript } from "../src/domain/command-set/transcript.ts";
import { Hands, Said, type HandsView } from "./demonstration-hands.tsx";
import { Listing } from "./listing.tsx";
import { Account, Ago, Badge, Empty, Facts, Field, PageHead, Post, Press, Table, type Tone } from "./parts.tsx";

export type ShownState = "asked" | "approved" | "open" | "over" | "dropped";
export type ShownLine = {
  readonly id: string;
  readonly state: ShownState;
  readonly account: string;
  readonly target: { readonly id: string; readonly name: string };
  readonly login: string;
  readonly reason: string;
  readonly byName: string;
  readonly at: Date;
  readonly approvedBy: string | null;
  /** Nobody else was there to let them. */
  readonly alone: boolean;
  readonly until: Date | null;
  readonly why: string | null;
};
export type ShownView = ShownLine & {
  readonly begunAt: Date;
  readonly said: Transcript;
  /** What became of the new password. */
  readonly password: { readonly state: string; readonly why: string | null } | null;
  readonly rotation: string | null;
  readonly draft: string | null;
  readonly noDraft: string | null;
  readonly unsure: readonly string[];
  readonly can: { readonly allow: boolean; readonly drop: boolean; readonly begin: boolean; readonly say: boolean };
  readonly typed?: NonNullable<HandsView["typed"]>;
  /** Who reads this may play its recording. */
  readonly plays?: boolean;
};
const STATE: Record<ShownState, readonly [Tone, string]> = {
  asked: ["busy", "waits for another admin"],
  approved: ["ok", "may begin"],
  open: ["busy", "being shown"],
  over: ["quiet", "over"],
  dropped: ["quiet", "dropped"],
};
const StateBadge = ({ state }: { state: ShownState }) => <Badge tone={STATE[state][0]}>{STATE[state][1]}</Badge>;

export const Demonstrations = ({ list, writes }: { list: readonly ShownLine[]; writes: boolean }) => (
  <>
    <PageHead title="Recorded changes" sub="Show one password change by hand; a draft of a command set is made of it.">
      {writes ? (
        <a class="button small" href="/demonstrations/new">
          Record a change
        </a>
      ) : null}
    </PageHead>
    {list.length === 0 ? (
      <Empty title="No change was recorded yet">
        For a device nobody wrote a command set for: add it as "Device of an unknown kind", then record one.
      </Empty>
    ) : (
      <Table label="Recorded changes" head={["Account", "Asked by", "State", "When"]} list>
        {list.map((d) => (
          <tr>
            <td>
              <Account account={d.account} target={d.target.name} href={`/demonstrations/${d.id}`} />
            </td>
            <td data-th="Asked by">{d.byName}</td>
            <td>
              <StateBadge state={d.state} />
            </td>
            <td>
              <Ago at={d.at} />
            </td>
          </tr>
        ))}
      </Table>
    )}
  </>
);

export type AskShown = { readonly accounts: readonly { readonly id: string; readonly name: string; readonly helper: string | null }[] };
export const DemonstrationNew = ({ accounts }: AskShown) => (
  <>
    <PageHead title="Record a change" sub="Another admin lets you first: a free line to a device is access like every other." />
    {accounts.length === 0 ? (
      <Empty title="No account it could be shown on">
        It takes an account that is not managed yet, with its password in the vault, on a target with a command line.{" "}
        <a href="/targets/new">Add the device</a> as "Device of an unknown kind".
      </Empty>
    ) : (
      <section class="card narrow">
        <Post action="/demonstrations">
          <Field label="Whose password is changed" hint="Accounts that are not managed yet.">
            <select name="account">
              {accounts.map((a) => (
                <option value={a.id}>{a.name}</option>
              ))}
            </select>
          </Field>
          <fieldset class="checks">
            <legend>Who logs in for it</legend>
            <label class="check">
              <input type="radio" name="who" value="self" checked /> <span>The account itself: accounts change themselves there</span>
            </label>
            <label class="check">
              <input type="radio" name="who" value="administrative" /> <span>The target's administrative account: it changes the others</span>
            </label>
          </fieldset>
          <Field label="Why" hint="Whoever lets you reads it, and it stands in the log.">
            <input name="reason" required minlength={3} maxlength={300} />
          </Field>
          <p class="muted">
            A new password is made, sealed and written to the journal before the device is dialled. You see neither it nor the present one: buttons
            send them. Afterwards the device is asked which one is in force.
          </p>
          <button type="submit">Ask</button>
        </Post>
      </section>
    )}
  </>
);

const Password = ({ p, rotation }: { p: NonNullable<ShownView["password"]>; rotation: string | null }) => {
  const [tone, says]: [Tone, Child] =
    p.state === "committed"
      ? ["ok", "The new password is in force: a login proved it, and the vault has it."]
      : p.state === "refused"
        ? ["warn", `The password in the vault is what it was: ${p.why ?? "unchanged"}. The one that was made is kept.`]
        : ["busy", "Not settled yet: the broker asks the device which password is in force."];
  return (
    <>
      <Badge tone={tone}>{p.state === "committed" ? "changed" : p.state === "refused" ? "unchanged" : "being settled"}</Badge> {says}{" "}
      {rotation === null ? null : <a href={`/rotations/${rotation}`}>The change</a>}
    </>
  );
};
const Draft = ({ v }: { v: ShownView }) => (
  <section class="card">
    <header>
      <h2>The draft</h2>
    </header>
    {v.noDraft === null ? (
      <p>Look at every line, then propose it: nothing runs before another admin has accepted it and a trial on a device has passed.</p>
    ) : (
      <p class="note warn wrap">No draft: {v.noDraft}</p>
    )}
    {v.unsure.length === 0 ? null : (
      <>
        <h3>What it is unsure of</h3>
        <ul>
          {v.unsure.map((u) => (
            <li class="wrap">{u}</li>
          ))}
        </ul>
      </>
    )}
    {v.draft === null ? null : (
      <>
        <h3>Its text</h3>
        <Listing text={v.draft} />
        <footer class="moves">
          <a class="button" href={`/platforms/new?shown=${v.id}`}>
            Open it in the editor
          </a>
        </footer>
      </>
    )}
  </section>
);

/** What is waited for, and by whom. */
const Next = ({ v }: { v: ShownView }) =>
  v.state !== "asked" && v.state !== "approved" ? null : (
    <section class="card">
      {v.can.allow ? (
        <p class="notice warn">
          {v.byName} gets a free line to {v.target.name}, logged in as {v.login}, for a quarter of an hour. What passes stands here, for you as
          well, without passwords.
        </p>
      ) : v.state === "asked" ? (
        <p>It begins when an admin other than {v.byName} lets it.</p>
      ) : (
        <p>It may begin. The line is open for a quarter of an hour from then on.</p>
      )}
      <div class="moves">
        {v.can.allow ? <Press action={`/demonstrations/${v.id}/allow`}>Let them</Press> : null}
        {v.can.begin ? <Press action={`/demonstrations/${v.id}/begin`}>Begin</Press> : null}
        {v.can.drop ? (
          <Press action={`/demonstrations/${v.id}/drop`} look="quiet">
            {v.can.allow ? "Deny" : "Take back"}
          </Press>
        ) : null}
      </div>
    </section>
  );
export const DemonstrationPage = (v: ShownView) => (
  <>
    <PageHead title={<Account account={v.account} target={v.target.name} />} sub="A change recorded by hand">
      <StateBadge state={v.state} />
      {v.plays === true ? (
        <a class="button small quiet" href={`/demonstrations/${v.id}/play`}>
          Play the recording
        </a>
      ) : null}
    </PageHead>
    <section class="card">
      <Facts
        rows={[
          ["Asked", <>by {v.byName}, <Ago at={v.at} /></>],
          ["Why", <span class="wrap">{v.reason}</span>],
          ["Logs in", v.login === v.account ? `${v.login}, for itself` : `${v.login}, as the target's administrative account`],
          v.approvedBy === null ? null : ["Let by", v.alone ? `${v.approvedBy} (single administrator: not four-eyed)` : v.approvedBy],
          v.why === null ? null : ["Ended", <span class="wrap">{v.why}</span>],
          v.password === null || v.state === "open" ? null : ["Password", <Password p={v.password} rotation={v.rotation} />],
        ]}
      />
    </section>
    <Next v={v} />
    {v.can.say && v.until !== null ? <Hands v={{ ...v, until: v.until }} /> : null}
    {v.state === "over" ? <Draft v={v} /> : null}
    {v.said.length > 0 && !v.can.say ? (
      <section class="card">
        <h2>What was said</h2>
        <Said said={v.said} live={false} />
      </section>
    ) : null}
  </>
);
