/** The kind of machine this is. Rule: the one place that asks for it; where there is none of ours, it is said at the start and not half way. */
import { Fault } from "../src/kernel/fault.ts";
import { linux } from "./linux/platform.ts";
import { macos } from "./macos/platform.ts";
import type { Platform } from "./platform.ts";
import { windows } from "./windows/platform.ts";

const KINDS: Readonly<Record<string, () => Platform>> = { linux: () => linux, darwin: macos, win32: windows };
/** `system`: as Node names it. Throws Fault. */
export const platformFor = (system: string): Platform => {
  const kind = Object.hasOwn(KINDS, system) ? KINDS[system] : undefined;
  if (kind === undefined) throw new Fault("unavailable", `lockstep-agent knows Linux, Windows and macOS; this is ${system}.`);
  return kind();
};
export const thisPlatform = (): Platform => platformFor(process.platform);
