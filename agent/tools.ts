/**
 * What every command of the program is given. Rule: the environment is not read, and time and randomness come in by the door, so that a test can
 * move them.
 */
import type { Clock, Random } from "../src/kernel/clock.ts";
import { times, type Times } from "../src/kernel/times.ts";
import { parseConf, type Conf } from "./conf.ts";
import type { Moment, Places, Platform } from "./platform.ts";
import { thisPlatform } from "./platforms.ts";
import { openState, type State } from "./state.ts";
import { readFileSync } from "node:fs";
import { Fault } from "../src/kernel/fault.ts";

/** Raised with every release; the bundle has the project's own. */
export const VERSION = "0.1.0";
export type Tools = {
  readonly places: Places;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly random: Random;
  readonly times: Times;
  say(line: string): void;
  log(level: "info" | "warn" | "error", what: string): void;
  moment(m: Moment): void;
  /** The file this program is, for `install`. */
  readonly self: string;
};
export const toolsOf = (t: Pick<Tools, "places" | "clock" | "random" | "say" | "log" | "self"> & Partial<Tools>): Tools => ({
  times: times(),
  platform: t.platform ?? thisPlatform(),
  moment: () => undefined,
  ...t,
});

/** Throws ConfMistakes; a file that is not there is a Fault that says what to do. */
export const readConf = ({ places, platform }: Pick<Tools, "places" | "platform">): Conf => {
  let text: string;
  try {
    text = readFileSync(places.conf, "utf8");
  } catch (cause) {
    const why =
      (cause as { code?: string }).code === "EACCES"
        ? `only an administrator of the machine reads it: ${platform.hints.root}`
        : 'there is none: paste the line that the portal prints under Agents, "Add a host"';
    throw new Fault("unavailable", `${places.conf} cannot be read: ${why}.`, { cause });
  }
  return parseConf(text);
};
export const stateOf = ({ places }: Pick<Tools, "places">): State => openState(places.state);
