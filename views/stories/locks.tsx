/** Stories of locks. */
import { Locks, type LockLine } from "../locks.tsx";
import { as, at, FAR, LONG, NASTY, story, type Story } from "./fixed.tsx";

const line = (kind: string, name: string, reason: string, lifted: object | null = null): LockLine =>
  as<LockLine>({
    lock: { id: `lck_${kind}`, kind, subject: "x", reason, setBy: "per_operator", setAt: at(-30), lifted },
    name,
    setBy: "operator",
    liftedBy: lifted ? "second" : null,
  });
const LINES = [
  line("broker", "everything", "incident 7: nobody works until we know more"),
  line("person", "requester", NASTY),
  line("account", `${LONG}@${FAR}`, "being rebuilt"),
  line("target", "web-1", "moved", { by: "per_second", at: at(-2), reason: "done" }),
];

export const LOCKS: readonly Story[] = [
  story("locks", () => <Locks list={LINES} sets />),
  story("locks, as an auditor", () => <Locks list={LINES} sets={false} />),
  story("locks, none", () => <Locks list={[]} sets />),
];
