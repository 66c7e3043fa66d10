/** A schedule's form. Rule: times are those of the zone named beside them; what a field means in spring and autumn stands below it. */
import type { ScheduleInput } from "../src/domain/schedule.ts";
import { ChoiceFields, NotifyFields, Num, TermFields, type ChoiceOffers, type NotifyText } from "./bulk-form.tsx";
import { Field, PageHead, Post } from "./parts.tsx";
import { openings } from "./policy-words.ts";

type Props = {
  /** Null: a new one. */
  readonly id: string | null;
  readonly input: ScheduleInput;
  readonly offers: ChoiceOffers;
  /** By name, as they are typed. */
  readonly notify: NotifyText;
  readonly nobody: string | null;
  readonly zones: readonly string[];
};
const ByCron = ({ input, zones }: Pick<Props, "input" | "zones">) => {
  const w = input.when;
  return (
    <>
      <label class="check">
        <input type="radio" name="kind" value="cron" checked={w.kind === "cron"} /> By a cron line:
      </label>
      <div class="pair">
        <Field label="Cron line" hint="Minute, hour, day, month, weekday: 30 2 * * sun">
          <input name="cron" value={w.kind === "cron" ? w.text : ""} maxlength={200} spellcheck={false} />
        </Field>
        <Field label="Time zone" hint="It knows summer time.">
          <input name="zone" value={w.zone} required maxlength={60} list="zones" spellcheck={false} />
        </Field>
      </div>
      <datalist id="zones">
        {zones.map((z) => (
          <option value={z} />
        ))}
      </datalist>
      <Field
        label="Change window (optional)"
        hint="One line an opening, such as Sat-Sun 01:00-05:00. A run waits until it opens, and what has not begun when it shuts is reported."
      >
        <textarea name="openings" rows={2} spellcheck={false}>
          {input.window ? openings(input.window.open).join("\n") : ""}
        </textarea>
      </Field>
    </>
  );
};
const When = ({ input, zones }: Pick<Props, "input" | "zones">) => {
  const w = input.when,
    every = w.kind === "every" ? w : null,
    once = w.kind === "once" ? w : null;
  return (
    <fieldset class="section">
      <legend>When</legend>
      <label class="check">
        <input type="radio" name="kind" value="every" checked={w.kind === "every"} /> Again and again:
      </label>
      <div class="pair">
        <Field label="Every">
          <input type="number" name="n" min="1" max="366" value={String(every?.n ?? 1)} />
        </Field>
        <Field label="Unit">
          <select name="unit">
            {(["days", "weeks", "months"] as const).map((u) => (
              <option value={u} selected={u === (every?.unit ?? "months")}>
                {u}
              </option>
            ))}
          </select>
        </Field>
      </div>
      <label class="check">
        <input type="radio" name="kind" value="once" checked={w.kind === "once"} /> Once, on the day below
      </label>
      <div class="pair">
        <Field label="First day, or the day" hint="The 31st means the last day of a shorter month.">
          <input type="date" name="date" value={every?.from ?? once?.date ?? ""} />
        </Field>
        <Field label="Time of day" hint="Where spring skips it: when the clock jumps. Where autumn shows it twice: the first.">
          <input type="time" name="time" value={every?.time ?? once?.time ?? "02:00"} />
        </Field>
      </div>
      <ByCron input={input} zones={zones} />
    </fieldset>
  );
};
export const ScheduleForm = ({ id, input, offers, notify, nobody, zones }: Props) => (
  <>
    <PageHead
      title={id === null ? "New schedule" : `Change ${input.name}`}
      sub="Every account gets a password of its own at each run. Whoever saves it answers for its runs."
    />
    <section class="card">
      <Post action={id === null ? "/schedules" : `/schedules/${id}`}>
        <Field label="Name">
          <input name="name" value={input.name} required maxlength={80} />
        </Field>
        <fieldset class="section">
          <legend>Which accounts, as they are at each run</legend>
          <ChoiceFields choice={input.choice} offers={offers} />
        </fieldset>
        <When input={input} zones={zones} />
        <fieldset class="section">
          <legend>Tell when a run is over</legend>
          <NotifyFields notify={notify} nobody={nobody} />
          <Num
            label="And so many minutes before"
            name="notifyBefore"
            value={input.notifyBefore}
            min={0}
            max={20_160}
            hint="0: not before."
          />
        </fieldset>
        <details>
          <summary>Terms: how many at once, tries, limits</summary>
          <TermFields terms={input.terms} />
        </details>
        <Field label="Why" hint="It stands in every event and mail of its runs.">
          <input name="reason" value={input.reason} required minlength={3} maxlength={300} />
        </Field>
        <div class="moves">
          <button type="submit">Save</button>
          <a class="button quiet" href={id === null ? "/schedules" : `/schedules/${id}`}>
            No, back
          </a>
        </div>
      </Post>
    </section>
  </>
);
