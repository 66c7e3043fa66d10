/** A person who chose to go, as what a dialogue throws. Rule: what is to be said has been said; only the exit status is left. */
import { Fault } from "../../src/kernel/fault.ts";

/** As a shell says it for Ctrl-C; and, as stock clients show it, for a request that came to nothing. */
export const INTERRUPTED = 130, REFUSED = 255;

export class Left extends Fault {
  readonly status: number;
  constructor(status: number) { super("unavailable", "left"); this.status = status; }
}
