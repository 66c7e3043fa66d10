/** One password change, through all its states. Rule: the word for its outcome is the domain's, its buttons the legal moves; no password is here. */
import type { ChangeOutcome } from "../src/domain/change-outcome.ts";
import type { Advice, Move } from "../src/domain/rotation-advice.ts";
import type { Rotation, Trigger } from "../src/domain/rotation.ts";
import { Runs, type RunLine } from "./dependent-runs.tsx";
import { here } from "./here.ts";
import { Present } from "./inputs.tsx";
import { Live, Reload } from "./live.tsx";
import { OrderNote } from "./order.tsx";
import { Ago, Badge, Facts, PageHead, Post, Press, Unfold, type Tone } from "./parts.tsx";

export type RotationFacts = {
  readonly rotation: Rotation;
  readonly openedAt: Date;
  /** `root@web-1`. */
  readonly account: string;
  readonly outcome: ChangeOutcome;
  readonly advice: Advice | null;
};
export type RotationPageFacts = RotationFacts & {
  readonly byName: string | null;
  readonly acts: boolean;
  readonly runs: readonly RunLine[];
  /** Its account has a private key. */
  readonly keys?: boolean;
};

const OUTCOME: Record<ChangeOutcome["word"], readonly [Tone, string]> = {
  changed: ["ok", "changed"],
  unchanged: ["bad", "unchanged"],
  under_way: ["busy", "under way"],
  settling: ["warn", "being settled"],
};
export const OutcomeBadge = ({ outcome: o }: { outcome: ChangeOutcome }) => {
  const [tone, word] = o.word === "settling" && o.person ? (["bad", "needs a person"] as const) : OUTCOME[o.word];
  return <Badge tone={tone}>{word}</Badge>;
};
const LOCAL: Partial<Record<ChangeOutcome["word"], string>> = {
  changed: "It is the password in force: the target took it. The vault goes by it from now on.",
  unchanged: "The vault goes by the password it had.",
  under_way: "The target is asked whether this is the password in force.",
  settling: "The target has not said whether this is the password in force. Until it does the account counts as unverified.",
};
const SENTENCE: Record<ChangeOutcome["word"], string> = {
  changed: "The new password is in force: a login, or the target's own hash, has proven it.",
  unchanged: "The password on the target and in the vault is what it was. Nothing was saved as current.",
  under_way: "Nothing is in doubt: the old password is in force until the target has taken the new one.",
  settling:
    "The change was sent, its outcome is not known yet. Old and new are both kept, nothing was saved as current, nobody gets the account meanwhile.",
};
export const TRIGGER: Record<Trigger, string> = {
  end_of_use: "the end of a use",
  schedule: "a schedule",
  max_age: "its age",
  bulk: "a bulk change",
  manual: "a person",
  exposure: "an exposure",
  adopt: "its adoption",
  heal: "a doubt that is being settled",
  reconcile: "the reconcile credential",
};

const STEPS = ["queued", "prepared", "applying", "probing", "committed"] as const;
const STEP_WORDS = ["Opened", "New password kept safe", "Sent to the target", "Asked the target", "Proven"];
/** Where it stands, as a bar with a number. */
const Progress = ({ r }: { r: Rotation }) => {
  const at = r.state === "waiting" ? 1 : r.state === "dead_letter" ? 3 : STEPS.indexOf(r.state as (typeof STEPS)[number]);
  if (at < 0) return null;
  return (
    <div class="far">
      <progress max="5" value={String(at + 1)} aria-label="Steps" />
      <p class="muted">
        Step {at + 1} of 5: {STEP_WORDS[at]}
        {r.nextAt && r.nextAt > here().now ? (
          <>
            , goes on <Ago at={r.nextAt} />
          </>
        ) : null}
      </p>
    </div>
  );
};

const Moves = ({ at, moves, keys }: { at: string; moves: readonly Move[]; keys: boolean }) => (
  <footer class="moves">
    {moves.includes("again") ? <Press action={`${at}/again`}>Ask the target again</Press> : null}
    {moves.includes("keep") ? (
      <Press action={`${at}/keep`} look="quiet">
        Keep the old {keys ? "key" : "password"}
      </Press>
    ) : null}
    {moves.includes("tell") ? (
      <Unfold label={keys ? "Give the key in force" : "Type the password in force"} open={moves[0] === "tell"}>
        <Post action={`${at}/tell`}>
          <Present
            keys={keys}
            label="Password on the target now"
            keyLabel="Private key in force now"
            hint="You then know it, and that is written down. It proves itself at the target or counts for nothing."
            required
          />
          <button class="small" type="submit">
            Ask the target with it
          </button>
        </Post>
      </Unfold>
    ) : null}
    {moves.includes("stop") ? (
      <Press action={`${at}/stop`} look="quiet">
        Stop trying
      </Press>
    ) : null}
  </footer>
);

export const RotationCard = ({ f }: { f: RotationPageFacts }) => {
  const { rotation: r, outcome: o } = f,
    at = `/rotations/${r.id}`,
    why = "why" in o ? o.why : null;
  return (
    <article class="card rotation" id="rotation-card">
      <header>
        <OutcomeBadge outcome={o} />
      </header>
      <p class="lead">{r.origin === "local" ? LOCAL[o.word] : SENTENCE[o.word]}</p>
      {why ? (
        <p class="note wrap">
          {o.word === "unchanged" ? "Why: " : "Last heard: "}
          {why}
        </p>
      ) : null}
      <OrderNote r={r} />
      {o.word === "unchanged" || r.state === "committed" ? null : <Progress r={r} />}
      {f.advice ? (
        <p>
          <strong>What to do.</strong> {f.advice.says}
        </p>
      ) : null}
      {f.acts && f.advice && f.advice.moves.length > 0 ? <Moves at={at} moves={f.advice.moves} keys={f.keys === true} /> : null}
      <Facts
        rows={[
          ["Account", <a href={`/accounts/${r.account}`}>{f.account}</a>],
          ["Asked for by", f.byName ?? "the broker"],
          ["Because of", TRIGGER[r.trigger]],
          ["Reason", r.reason || "none given"],
          ["Password", r.origin === "generated" ? "generated" : r.origin === "given" ? "typed, applied to the target" : "typed, in the vault alone"],
          ["Opened", <Ago at={f.openedAt} />],
          ["Changes tried", String(r.attempt)],
          "endedAt" in r ? ["Ended", <Ago at={r.endedAt} />] : null,
        ]}
      />
      {f.runs.length === 0 ? null : (
        <section class="follows">
          <h2>Dependents</h2>
          <p class="muted">Whatever becomes of them, the password stays as it says above.</p>
          <Runs list={f.runs} />
        </section>
      )}
    </article>
  );
};

export const RotationPage = ({ f }: { f: RotationPageFacts }) => {
  const at = `/rotations/${f.rotation.id}`,
    going = f.runs.some((l) => l.run.state === "waiting" || l.run.state === "running"),
    over = (f.rotation.state === "committed" || f.rotation.state === "refused") && !going;
  return (
    <>
      <PageHead
        title={<span class="wrap">Password of {f.account}</span>}
        sub={
          <>
            Change <code>{f.rotation.id}</code>
          </>
        }
      >
        <a class="button small quiet" href="/rotations">
          All changes
        </a>
      </PageHead>
      {over ? null : (
        <Live at={at} part="card" swaps="rotation-card" />
      )}
      <RotationCard f={f} />
      <Reload at={at} />
    </>
  );
};
