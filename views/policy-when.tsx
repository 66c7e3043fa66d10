/** When and from where a policy may be used: the fields and their sentences. Rule: one section of views/policy-sections.tsx. */
import type { Policy } from "../src/domain/policy.ts";
import { Term, Words } from "./inputs.tsx";
import { Field, minutes } from "./parts.tsx";
import { openings } from "./policy-words.ts";

type Terms = Pick<Policy, "terms">;

export const WHEN = {
  title: "When",
  fields: ({ terms: t }: Terms) => (
    <>
      <div class="pair">
        <Term t={t} name="startWindowMinutes" label="Start within, in minutes" of={[1, 43_200]} hint="After approval, while the account is free." />
        <Term t={t} name="requestTtlMinutes" label="Decided within, in minutes" of={[1, 43_200]} hint="Undecided after that: void." />
      </div>
      <div class="pair">
        <Field
          label="Weekly hours (optional)"
          hint="One line an opening, such as Mon-Fri 08:00-17:00. Empty: at any time. A checkout ends with them."
        >
          <textarea name="openings" rows={2} spellcheck={false}>
            {t.hours ? openings(t.hours.open).join("\n") : ""}
          </textarea>
        </Field>
        <Field label="Their time zone" hint="Such as Europe/Berlin; it knows summer time.">
          <input name="zone" maxlength={60} value={t.hours?.zone ?? "UTC"} spellcheck={false} />
        </Field>
      </div>
      <Words
        label="From these networks only (optional)"
        name="networks"
        value={t.networks}
        hint="Addresses or networks, at the ask and at every use. Empty: from anywhere."
        like="10.20.0.0/16"
      />
    </>
  ),
  says: ({ terms: t }: Terms): readonly string[] => [
    ...(t.hours ? [`Usable ${openings(t.hours.open).join("; ")} (${t.hours.zone}); a checkout ends when the hours do.`] : []),
    ...(t.networks.length > 0 ? [`Only from ${t.networks.join(", ")}.`] : []),
    `A request nobody decides is void after ${minutes(t.requestTtlMinutes)}.`,
    `An approved one must be started within ${minutes(t.startWindowMinutes)}.`,
  ],
};
