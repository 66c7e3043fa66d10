/** Command rules of a policy: the fields and their sentences. Rule: one section of views/policy-sections.tsx; it says what the rules cannot stop. */
import type { Policy } from "../src/domain/policy.ts";
import { Pick as Choose } from "./inputs.tsx";
import { Field } from "./parts.tsx";

type Terms = Pick<Policy, "terms">;
const MODES = { open: "every command runs but what is denied", listed: "only what is allowed runs, and there is no shell" };
const line = (r: Policy["terms"]["commands"]["rules"][number]): string => `${r.effect} ${r.like}${r.says ? ` : ${r.says}` : ""}`;

export const COMMANDS = {
  title: "Commands",
  fields: ({ terms: t }: Terms) => (
    <>
      <Choose
        label="Single commands"
        name="commandMode"
        value={t.commands.mode}
        options={MODES}
        hint="For ssh host command. In a free shell nothing is stopped."
      />
      <Field
        label="Rules (optional)"
        hint="One a line: deny rm -rf * : Use the clean-up job. Also warn and allow; * is any run of characters. Deny beats warn beats allow."
      >
        <textarea name="commandRules" rows={4} spellcheck={false}>
          {t.commands.rules.map(line).join("\n")}
        </textarea>
      </Field>
    </>
  ),
  says: ({ terms: t }: Terms): readonly string[] =>
    t.commands.rules.length === 0 && t.commands.mode === "open"
      ? ["No rules for commands."]
      : [
          t.commands.mode === "listed"
            ? "Only listed commands run, without a shell; nothing that a shell gives a meaning to."
            : "Single commands are checked by what they say, which stops mistakes and not somebody who means it; a shell is only recorded.",
          ...t.commands.rules.map(line),
        ],
};
