/** How sure a command set is, wherever it can be chosen. Rule: a draft that was not tried is named, and what does not happen there is said. */
import type { Grade } from "../src/domain/command-set/schema.ts";
import { Badge, type Tone } from "./parts.tsx";

const TONE: Record<Grade, Tone> = { proven: "ok", recorded: "busy", draft: "warn" };
/** A platform where it is chosen; `grade`: of a command set. */
export type Graded = { readonly name: string; readonly grade?: Grade };
export const GradeBadge = ({ grade }: { grade: Grade | undefined }) => (grade === undefined ? null : <Badge tone={TONE[grade]}>{grade}</Badge>);

const MOST = 8;
/** Targets behind drafts that were never tried on them. */
export const Untried = ({ names, so }: { names: readonly string[]; so: string }) =>
  names.length === 0 ? null : (
    <p class="note warn wrap">
      <GradeBadge grade="draft" /> never tried on {names.slice(0, MOST).join(", ")}
      {names.length > MOST ? ` and ${names.length - MOST} more` : ""}. {so}
    </p>
  );
