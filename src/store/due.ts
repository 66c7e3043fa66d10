/** What is due, for the timers: one room to look in. Rule: hints only; each verb decides again under the row's lock. */
export { maybeDue, maybeOrders } from "./accounts.ts";
export { nextDependent } from "./dependents.ts";
export { dailyDue } from "./discoveries.ts";
export { nextLook } from "./bulks.ts";
export { toTend } from "./queue.ts";
export { nextDelivery } from "./notices.ts";
export { nextDeadline, overdue } from "./requests.ts";
export { nextWake } from "./rotations.ts";
export { orphaned } from "./sessions.ts";
