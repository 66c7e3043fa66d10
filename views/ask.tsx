/** Asking: find an account, then say for how long and why. Rule: before sending, the page says who can approve and what is recorded. */
import type { Standing } from "../src/domain/account.ts";
import type { Preset } from "../src/domain/policy.ts";
import { here } from "./here.ts";
import { OfferRows, type Offered } from "./home.tsx";
import { Facts, Field, minutes, PageHead, Post } from "./parts.tsx";
import { PRESET, StandingBadge } from "./words.tsx";

export const AskSearch = ({ offered, q }: { offered: readonly Offered[]; q: string }) => {
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
      <OfferRows offered={offered} q={q} />
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
};
export type AskView = {
  readonly account: string;
  readonly target: string;
  readonly standing: Standing;
  readonly policies: readonly AskPolicy[];
  readonly chosen: AskPolicy;
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

const Length = ({ max }: { max: number }) => (
  <>
    <Field label="For how long" hint={`At most ${minutes(max)}; approvers may shorten it. The clock starts at first use.`}>
      <span class="slider">
        <input type="range" name="minutes" min="5" max={max} step={max > 120 ? 15 : 5} value={Math.min(60, max)} list="lengths" data-minutes="" />
        <output>{minutes(Math.min(60, max))}</output>
      </span>
    </Field>
    <Presets max={max} />
  </>
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

const Then = ({ p }: { p: AskPolicy }) => (
  <aside class="card flat">
    <h2>What happens then</h2>
    <Facts
      rows={[
        ["You get", PRESET[p.preset]],
        [
          "Approval",
          p.approvers.length === 0 ? (
            <span class="note warn">Nobody is seated who may approve. Ask an admin first.</span>
          ) : (
            <>
              {p.approvals} of {p.approvers.join(", ")}
            </>
          ),
        ],
        [
          "Recorded",
          <>Every session, {p.recordInput ? "screen and what you type" : "the screen; not what you type"}. Auditors can play it back.</>,
        ],
        [
          "Afterwards",
          p.preset === "release"
            ? "The password is changed when you give it back or time is up."
            : "The password is changed after your last session.",
        ],
      ]}
    />
  </aside>
);

export const AskForm = ({ account, target, standing, policies, chosen: p }: AskView) => (
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
      sub={<StandingBadge standing={standing} />}
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
    <div class="two">
      <section class="card">
        <Post action="/ask">
          <input type="hidden" name="account" value={`${account}@${target}`} />
          <input type="hidden" name="policy" value={p.id} />
          <Length max={p.maxMinutes} />
          <Why p={p} />
          <button type="submit">Ask</button>
        </Post>
      </section>
      <Then p={p} />
    </div>
  </>
);
