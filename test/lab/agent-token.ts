/** A token of one use, as text; for tests and benches whose agents enroll. */
import { newEnrolment } from "../../src/flow/agent-enrol.ts";
import type { Deps } from "../../src/flow/deps.ts";
import type { Caller } from "../../src/flow/record.ts";
import { reveal } from "../../src/kernel/reveal.ts";

/** `uses`: a key of many uses. */
export const enrolmentToken = async (deps: Deps, by: Caller, mode: "agent" | "gateway", uses?: number): Promise<string> =>
  reveal((await newEnrolment(deps, by, { mode, ...(uses === undefined ? { kind: "once" as const } : { kind: "many" as const, hours: 1, uses }) })).token);
