/**
 * What a policy says, section by section: the fields of the form and, beside them, the sentence each makes. Rule: a term that can be set has a
 * field AND a sentence here, and its reader in web/pages/policy-fields.ts; page, form and preview are made from this one list.
 */
import type { Person } from "../src/domain/person.ts";
import type { Policy } from "../src/domain/policy.ts";
import { Pick, Term, Tick, Words } from "./inputs.tsx";
import { Field, minutes } from "./parts.tsx";
import { GradeBadge } from "./grades.tsx";
import { COMMANDS } from "./policy-commands.tsx";
import type { Choices, Draft, Section } from "./policy-section.ts";
import { FILES, FORWARDS, HOW } from "./policy-session.tsx";
import { WHEN } from "./policy-when.tsx";
import { votesBy, which, whom, type Names } from "./policy-words.ts";
import { PRESET, TICKET_HELP } from "./words.tsx";

export type { Choices, Draft, GroupView } from "./policy-section.ts";

type WhoProps = { label: string; name: "requester" | "approver"; from: Choices; people: readonly Person[]; checked: readonly string[] };
const Who = ({ label, name, from, people, checked }: WhoProps) => (
  <fieldset class="checks">
    <legend>{label}</legend>
    {from.groups.map((g) => (
      <label class="check">
        <input type="checkbox" name={`${name}Groups`} value={g.id} checked={checked.includes(g.id)} />
        <span>
          {g.name} <small class="muted">group</small>
        </span>
      </label>
    ))}
    {people.map((p) => (
      <label class="check">
        <input type="checkbox" name={`${name}s`} value={p.id} checked={checked.includes(p.id)} /> {p.name}
      </label>
    ))}
  </fieldset>
);

const WHO: Section = {
  title: "Who",
  fields: ({ binding: b, terms: t }, from) => (
    <>
      <Who
        label="May ask"
        name="requester"
        from={from}
        people={from.people.filter((x) => x.roles.includes("user"))}
        checked={[...b.requesters, ...b.requesterGroups]}
      />
      <Who
        label="May approve"
        name="approver"
        from={from}
        people={from.people.filter((x) => x.roles.includes("approver"))}
        checked={[...b.approvers, ...b.approverGroups]}
      />
      <Term t={t} name="approvals" label="Approvals needed" of={[1, 9]} hint="Of distinct people; nobody votes on their own request." />
    </>
  ),
  says: ({ binding: b, terms: t }, names) => [
    `${whom(b.requesters, b.requesterGroups, names, "Nobody")} may ask.`,
    t.preset === "break-glass"
      ? "Nobody votes: they have it at once, and its approvers and every auditor are told."
      : b.approvers.length + b.approverGroups.length === 0
      ? "Nobody is seated who may approve: what is asked stays undecided."
      : `Needed: ${votesBy({ terms: t, binding: b }, names, "nobody")}; never the requester's own.`,
  ],
};

const WHICH: Section = {
  title: "Which accounts",
  fields: ({ binding: b }, from) => (
    <>
      <div class="pair">
        <Words
          label="Accounts"
          name="accountNames"
          value={b.accountNames}
          hint="Names, * matches any run. Empty: every account."
          like="root deploy*"
        />
        <Words label="Targets" name="targets" value={b.targets} hint="Names, * matches any run. Empty: every target." like="web-* db-1" />
      </div>
      <Words label="Tags of targets (optional)" name="tags" value={b.tags} hint="One of them is enough." like="production" />
      <fieldset class="checks">
        <legend>Platforms (none ticked: every one)</legend>
        {from.platforms.map((p) => (
          <Tick name="platforms" value={p.name} checked={b.platforms.includes(p.name)}>
            {p.name} <GradeBadge grade={p.grade} />
          </Tick>
        ))}
      </fieldset>
    </>
  ),
  says: (p) => [`It is for ${which(p)}.`],
};

const after = (t: Policy["terms"]): string => {
  if (t.preset === "release" || t.preset === "break-glass") return "The password is changed when it is given back or time is up.";
  const soon = t.reconnectGraceSeconds === 0 || t.preset === "shared" ? "at once" : minutes(t.reconnectGraceSeconds / 60);
  return `The password is changed ${soon} after the last session${t.preset === "shared" ? " of everybody" : ""}.`;
};
const WHAT: Section = {
  title: "What they get",
  fields: ({ terms: t }) => (
    <>
      <Pick label="Gives" name="preset" value={t.preset} options={PRESET} />
      <div class="pair">
        <Term t={t} name="maxMinutes" label="Longest, in minutes" of={[1, 10_080]} />
        <Term
          t={t}
          name="reconnectGraceSeconds"
          label="Come back within, in seconds"
          of={[0, 3_600]}
          hint="After the last session, before the password is changed."
        />
      </div>
      <div class="pair">
        <Term
          t={t}
          name="entries"
          label="Sessions per approval"
          of={[0, 100]}
          hint="After the last one it is closed. 0: as many as its time holds."
        />
        <Tick name="review" checked={t.review || t.preset === "break-glass"}>
          Somebody else reviews it afterwards (break-glass: always)
        </Tick>
      </div>
    </>
  ),
  says: ({ terms: t }) => [
    `They get ${PRESET[t.preset]}, for ${minutes(t.maxMinutes)} at most; an approver may shorten it.`,
    ...(t.entries > 0 ? [`One approval carries ${t.entries === 1 ? "one session" : `${t.entries} sessions`}, then it is closed.`] : []),
    ...(t.review || t.preset === "break-glass" ? ["Somebody else reviews every use: its approvers or an auditor."] : []),
    after(t),
  ],
};

const WHY: Section = {
  title: "What they must say",
  fields: ({ terms: t }) => (
    <div class="pair">
      <Term t={t} name="reasonMin" label="Reason, characters at least" of={[0, 500]} />
      <Field label="Ticket pattern (optional)" hint={TICKET_HELP}>
        <input name="ticketPattern" maxlength={200} value={t.ticketPattern} autocapitalize="none" spellcheck={false} />
      </Field>
    </div>
  ),
  says: ({ terms: t }) => [
    t.reasonMin > 0 ? `A reason of ${t.reasonMin} characters or more.` : "A reason if they like.",
    ...(t.ticketPattern ? [`A ticket like ${t.ticketPattern}.`] : []),
  ],
};

export const SECTIONS: readonly Section[] = [WHO, WHICH, WHAT, WHEN, WHY, HOW, COMMANDS, FILES, FORWARDS];

/** What the policy does, in words: on its page, and beside the form while it is filled in. */
export const PolicySentences = ({ policy, names }: { policy: Draft; names: Names }) => (
  <dl class="facts says">
    {SECTIONS.map((s) => (
      <div>
        <dt>{s.title}</dt>
        <dd>
          {s.says(policy, names).map((line) => (
            <span class="block wrap">{line}</span>
          ))}
        </dd>
      </div>
    ))}
  </dl>
);
