/** Asking: find an account, then say for how long and why. Rule: before sending, the page says who can approve and what is recorded. */
import type { Standing } from "../src/domain/account.ts";
import type { Policy, Preset } from "../src/domain/policy.ts";
import { here } from "./here.ts";
import { OfferRows, type Offered } from "./home.tsx";
import { Exact, Facts, Field, minutes, PageHead, Post } from "./parts.tsx";
import { NobodyMailed } from "./told.tsx";
import { KEPT, presetWords, StandingBadge } from "./words.tsx";

export const AskSearch = ({ offered, q, me }: { offered: readonly Offered[]; q: string; me: string }) => {
  const { nonce } = here();
  return (
    <>
      <PageHead title="Ask for access" sub="Accounts a policy lets you ask for. What is not listed does not exist for you." />
      <form class="search" action="/ask" method="get">
        <input
          type="search"
          name="q"
          value={q}
          placeholder="Account, target, platform"
          aria-label="Search accounts"
          autofocus
          autocomplete="off"
          hx-get="/ask"
          hx-trigger="input changed delay:150ms, search"
          hx-target="#offers"
          hx-swap="outerHTML"
          hx-nonce={nonce}
        />
        <button type="submit" class="small quiet">
          Search
        </button>
      </form>
      <OfferRows offered={offered} q={q} me={me} />
    </>
  );
};

export type AskPolicy = {
  readonly id: string;
  readonly name: string;
  readonly preset: Preset;
  readonly maxMinutes: number;
  readonly approvals: number;
  readonly approvers: readonly string[];
  readonly reasonMin: number;
  readonly ticketPattern: string;
  readonly recordInput: boolean;
  readonly record: Policy["terms"]["record"];
  /** `closed`: the sentence that says when it opens next, while it is closed. */
  readonly hours: { readonly text: string; readonly closed: string | null } | null;
  readonly networks: readonly string[];
  readonly entries: number;
  readonly review: boolean;
  /** `rules`: single commands are checked; `listed`: nothing else runs, and there is no shell. */
  readonly commands: "none" | "rules" | "listed";
};
export type AskView = {
  readonly account: string;
  readonly target: string;
  readonly standing: Standing;
  readonly policies: readonly AskPolicy[];
  readonly chosen: AskPolicy;
  readonly holders: readonly { readonly name: string; readonly until: Date }[];
  readonly me: string;
  /** Sessions can be had on it. */
  readonly carries: boolean;
};

const Presets = ({ max }: { max: number }) => {
  const marks = [15, 30, 60, 120, 240, 480].filter((m) => m <= max);
  return (
    <datalist id="lengths">
      {marks.map((m) => (
        <option value={String(m)} label={minutes(m)} />
      ))}
    </datalist>
  );
};

const CLOCK = { vote: "approvers may shorten it. The clock starts at first use.", glass: "the clock starts when you press." } as const;
const Length = ({ max, glass }: { max: number; glass: boolean }) => (
  <>
    <Field label="For how long" hint={`At most ${minutes(max)}; ${glass ? CLOCK.glass : CLOCK.vote}`}>
      <span class="slider">
        <input type="range" name="minutes" min="5" max={max} step={max > 120 ? 15 : 5} value={Math.min(60, max)} list="lengths" data-minutes="" />
        <output class="scripted">{minutes(Math.min(60, max))}</output>
      </span>
    </Field>
    <noscript>
      <Field label="Or in minutes" hint="Scripts are off here, so the slider does not say where it stands. What is written here counts.">
        <input type="number" name="exactly" min="1" max={max} />
      </Field>
    </noscript>
    <Presets max={max} />
  </>
);

const Later = () => (
  <Field label="Begin at a fixed time (optional, UTC)" hint="Empty: from first use. A window is booked for you; those of one account never overlap.">
    <input type="datetime-local" name="from" />
  </Field>
);

const Why = ({ p }: { p: AskPolicy }) => (
  <>
    <Field
      label="Why"
      hint={
        p.reasonMin > 0
          ? `At least ${p.reasonMin} characters. Approvers read it, and it stays in the audit log.`
          : "Approvers read it, and it stays in the audit log."
      }
    >
      <textarea name="reason" rows={3} maxlength={500} minlength={p.reasonMin} required={p.reasonMin > 0}></textarea>
    </Field>
    <Field label={p.ticketPattern ? "Ticket" : "Ticket (optional)"} hint={p.ticketPattern ? `Must look like ${p.ticketPattern}` : undefined}>
      <input name="ticket" maxlength={80} required={p.ticketPattern !== ""} />
    </Field>
  </>
);

const approval = (p: AskPolicy): string =>
  p.approvers.length === 1
    ? `${p.approvers[0]!} has to approve`
    : p.approvals === p.approvers.length
      ? `all of ${p.approvers.join(", ")} have to approve`
      : `${p.approvals} of ${p.approvers.join(", ")} ${p.approvals === 1 ? "has" : "have"} to approve`;
const recorded = (p: AskPolicy, carries: boolean): string =>
  carries
    ? `Terminals whole: ${p.recordInput ? "the screen and what you type" : "the screen; not what you type"}. ` +
      `Of single commands and files ${KEPT[p.record]}. Auditors can play it back.`
    : "That you saw the password, and when. What you do there is not seen: the broker carries no sessions to it.";
const Then = ({ p, carries }: { p: AskPolicy; carries: boolean }) => (
  <aside class="card flat">
    <h2>What happens then</h2>
    <Facts
      rows={[
        ["You get", presetWords(p.preset, carries)],
        [
          "Approval",
          p.preset === "break-glass" ? (
            <span class="note warn">
              None. Its approvers{p.approvers.length > 0 ? ` (${p.approvers.join(", ")})` : ""} and every auditor are told at once, and somebody
              else reviews what you did.
            </span>
          ) : p.approvers.length === 0 ? (
            <span class="note warn">Nobody is seated who may approve. Ask an admin first.</span>
          ) : (
            approval(p)
          ),
        ],
        ["Recorded", recorded(p, carries)],
        p.hours ? ["Hours", p.hours.closed ? <span class="note warn">Closed now. {p.hours.closed}</span> : p.hours.text] : null,
        p.networks.length > 0 ? ["From", p.networks.join(", ")] : null,
        p.entries > 0 && carries ? ["Sessions", p.entries === 1 ? "one, then it is closed" : `${p.entries}, then it is closed`] : null,
        p.commands === "none" || !carries
          ? null
          : [
              "Commands",
              p.commands === "listed"
                ? "listed ones only, and no shell"
                : "single commands are checked by rules; in a shell nothing is stopped, it is recorded",
            ],
        p.review ? ["Review", "somebody else looks at it afterwards and says so"] : null,
        [
          "Afterwards",
          p.preset === "release" || p.preset === "break-glass"
            ? "The password is changed when you give it back or time is up."
            : p.preset === "shared"
              ? "The password is changed when the last session of everybody is over."
              : "The password is changed after your last session.",
        ],
      ]}
    />
  </aside>
);

const Others = ({ holders }: { holders: AskView["holders"] }) => (
  <fieldset class="checks">
    <legend>
      {holders.length === 0 ? (
        "Nobody holds this account right now. Should somebody by then:"
      ) : (
        <>
          Held by{" "}
          {holders.map((h, i) => (
            <>
              {i > 0 ? ", " : ""}
              <b>{h.name}</b> until <Exact at={h.until} />
            </>
          ))}
        </>
      )}
    </legend>
    <label class="check">
      <input type="radio" name="others" value="share" checked /> Share: they keep what they have
    </label>
    <label class="check">
      <input type="radio" name="others" value="cut" /> Cut: end their sessions and their access now
    </label>
  </fieldset>
);

export const AskForm = ({ account, target, standing, policies, chosen: p, holders, me, carries }: AskView) => (
  <>
    <PageHead
      title={
        <>
          Ask for{" "}
          <span class="wrap">
            {account}@{target}
          </span>
        </>
      }
      sub={<StandingBadge standing={standing} me={me} />}
    />
    {policies.length > 1 ? (
      <nav class="tabs" aria-label="Policy">
        {policies.map((o) => (
          <a href={`/ask/${encodeURIComponent(`${account}@${target}`)}?policy=${o.id}`} aria-current={o.id === p.id ? "page" : undefined}>
            {o.name}
          </a>
        ))}
      </nav>
    ) : null}
    <NobodyMailed />
    <div class="two">
      <section class="card">
        <Post action="/ask">
          <input type="hidden" name="account" value={`${account}@${target}`} />
          <input type="hidden" name="policy" value={p.id} />
          <Length max={p.maxMinutes} glass={p.preset === "break-glass"} />
          {p.preset === "break-glass" ? null : <Later />}
          <Why p={p} />
          {p.preset === "break-glass" ? <Others holders={holders} /> : null}
          {p.preset === "break-glass" ? (
            <button type="submit" class="danger">
              Break the glass
            </button>
          ) : (
            <button type="submit">Ask</button>
          )}
        </Post>
      </section>
      <Then p={p} carries={carries} />
    </div>
  </>
);
