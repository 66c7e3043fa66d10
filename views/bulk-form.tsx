/** Beginning a bulk change: which accounts, which password, which terms. Rule: nothing is changed from here; the next page says who is affected. */
import type { BulkTerms, Choice } from "../src/domain/bulk.ts";
import { Untried } from "./grades.tsx";
import { Lines, Tick, TypedTwice, Words } from "./inputs.tsx";
import { Field, PageHead, Post } from "./parts.tsx";

type NumProps = { label: string; name: string; value: number; min: number; max: number; hint?: string };
export const Num = ({ label, name, value, min, max, hint }: NumProps) => (
  <Field label={label} hint={hint}>
    <input type="number" name={name} value={String(value)} min={String(min)} max={String(max)} required />
  </Field>
);
export type ChoiceOffers = { readonly groups: readonly string[]; readonly targets: readonly string[];
  /** Behind a draft that was never tried on them. */
  readonly untried: readonly string[] };
/** Shared with schedules. */
export const ChoiceFields = ({ choice, offers }: { choice: Choice; offers: ChoiceOffers }) => (
  <>
    <Field
      label="By search"
      hint={
        <>
          As on the page of accounts: <code>tag:production state:available</code>
        </>
      }
    >
      <input name="search" value={choice.search} maxlength={200} spellcheck={false} />
    </Field>
    {offers.groups.length === 0 ? null : (
      <fieldset class="checks">
        <legend>Groups of targets and accounts</legend>
        {offers.groups.map((g) => (
          <label class="check">
            <input type="checkbox" name="groups" value={g} checked={choice.groups.includes(g)} /> <span class="wrap">{g}</span>
          </label>
        ))}
      </fieldset>
    )}
    <div class="pair">
      <Lines label="Targets, with every account on them" name="targets" value={choice.targets} like="web-1" hint="One a line." />
      <Lines label="Single accounts" name="accounts" value={choice.accounts} like="root@web-1" hint="One a line." />
    </div>
    <Untried names={offers.untried} so="Nothing is changed there before a trial on that very device passed." />
  </>
);
/** Shared with schedules. `window`: a window of its own limits a schedule's runs too. */
export const TermFields = ({ terms: t }: { terms: BulkTerms }) => (
  <>
    <div class="pair">
      <Num label="At once on one target" name="perTarget" value={t.perTarget} min={1} max={4} hint="A target takes no more." />
      <Num label="At once altogether" name="parallel" value={t.parallel} min={1} max={64} />
    </div>
    <div class="pair">
      <Num label="Tries again by itself" name="retries" value={t.retries} min={0} max={10} hint="Where the target refused." />
      <Num label="Minutes between tries" name="retryMinutes" value={t.retryMinutes} min={1} max={1_440} />
    </div>
    <div class="pair">
      <Num
        label="Halt when more than this share fails, in percent"
        name="failureLimit"
        value={t.failureLimit}
        min={0}
        max={100}
        hint="A person decides then. 100: never."
      />
      <Num
        label="Time given, in minutes"
        name="minutes"
        value={t.minutes}
        min={1}
        max={20_160}
        hint="What has not begun by then is reported."
      />
    </div>
  </>
);
export type NotifyText = { readonly people: readonly string[]; readonly groups: readonly string[]; readonly addresses: readonly string[] };
export const NotifyFields = ({ notify: n, nobody }: { notify: NotifyText; nobody: string | null }) => (
  <>
    {nobody === null ? null : <p class="notice warn">{nobody}</p>}
    <div class="pair">
      <Words label="People" name="tell" value={n.people} hint="Login names." />
      <Words label="Groups of people" name="tellGroups" value={n.groups} />
    </div>
    <Field label="Other e-mail addresses" hint="With commas between them.">
      <input name="addresses" value={n.addresses.join(", ")} maxlength={2000} spellcheck={false} autocapitalize="none" />
    </Field>
  </>
);

const Password = () => (
  <fieldset class="section">
    <legend>The new password</legend>
    <label class="check">
      <input type="radio" name="how" value="unique" checked /> A password of its own for every account
    </label>
    <label class="check">
      <input type="radio" name="how" value="shown" /> One for all, made here and shown to you once
    </label>
    <label class="check">
      <input type="radio" name="how" value="given" /> One for all, the one typed here:
    </label>
    <div class="pair">
      <TypedTwice />
    </div>
    <p class="muted small-print">One that you know is an exposure of yours: the broker changes it again within hours.</p>
    <Tick name="apply" checked>
      Change it on the targets too. Without it they are only asked whether the typed one is in force there already.
    </Tick>
  </fieldset>
);

type Props = { readonly choice: Choice; readonly offers: ChoiceOffers; readonly terms: BulkTerms; readonly nobody: string | null };
export const BulkForm = ({ choice, offers, terms, nobody }: Props) => (
  <>
    <PageHead title="Change many passwords" sub="Nothing is changed from this page: the next one shows who is affected." />
    <section class="card">
      <Post action="/bulk/preview">
        <fieldset class="section">
          <legend>Which accounts</legend>
          <ChoiceFields choice={choice} offers={offers} />
        </fieldset>
        <Password />
        <fieldset class="section">
          <legend>Accounts in use</legend>
          <Tick name="cut" checked={false}>
            Cut live sessions instead of waiting for the end of each hold. The next page names whom.
          </Tick>
        </fieldset>
        <fieldset class="section">
          <legend>Tell when it is over</legend>
          <NotifyFields notify={{ people: [], groups: [], addresses: [] }} nobody={nobody} />
        </fieldset>
        <details>
          <summary>Terms: how many at once, tries, limits</summary>
          <TermFields terms={terms} />
        </details>
        <Field label="Why" hint="It stands in every event and mail of this change.">
          <input name="reason" required minlength={3} maxlength={300} />
        </Field>
        <div class="moves">
          <button type="submit">See who is affected</button>
          <a class="button quiet" href="/bulk">
            No, back
          </a>
        </div>
      </Post>
    </section>
  </>
);
