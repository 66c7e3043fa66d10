/** A guacd for tests. Rule: the one the demo runs, in a directory of its own, ended by its own pid. */
import { startGuacd, type RunningGuacd } from "../../scripts/guacd/start.ts";
import { scratch } from "./scratch.ts";

export type { RunningGuacd } from "../../scripts/guacd/start.ts";
export const guacd = async (): Promise<RunningGuacd> => startGuacd(await scratch("guacd", false));
