/** What people read of a machine, whatever its kind. */
import { hostname, release } from "node:os";
import type { Platform } from "./platform.ts";

/** `platform`: by which the broker knows what its accounts are. */
export const factsOf = (platform: Platform["name"], system: string): Record<string, string | number | boolean | null> => ({
  host: hostname(),
  platform,
  system,
  kernel: release(),
  node: process.version,
  architecture: process.arch,
});
