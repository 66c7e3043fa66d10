/**
 * Clients of others that do not come with Lockstep: whoever has no such target carries none of their packages. Rules: loaded at use, by a literal
 * name in the one file that wraps it; only the version that was tried is taken; what is missing is a sentence with the command that installs it.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** package.json names the same ones as optional peers; a test compares. */
export const DRIVERS = { tedious: "20.3.9", oracledb: "26.0.0" } as const;
export type Driver = keyof typeof DRIVERS;
export const installing = (d: Driver): string => `npm install --no-save --ignore-scripts ${d}@${DRIVERS[d]}`;

export class DriverMissing extends Error {
  override readonly name = "DriverMissing";
  readonly why: string;
  constructor(why: string) {
    super(why);
    this.why = why;
  }
}

/** As Node looks for a package: beside us, and in every folder above. */
const found = (d: Driver, from: string): string | null => {
  const here = path.join(from, "node_modules", d, "package.json"),
    above = path.dirname(from);
  return existsSync(here) ? here : above === from ? null : found(d, above);
};
/** What has to be done before it can be used; undefined: nothing. */
export const lacking = (d: Driver, from = import.meta.dirname): string | undefined => {
  const at = found(d, from);
  if (at === null) return `the driver ${d} is not installed on the broker: run ${installing(d)} in Lockstep's directory, and start the broker again`;
  const { version } = JSON.parse(readFileSync(at, "utf8")) as { version?: string };
  return version === DRIVERS[d]
    ? undefined
    : `the driver ${d} is there in version ${version ?? "?"}, and ${DRIVERS[d]} is the one that was tried: ` +
        `run ${installing(d)} in Lockstep's directory, and start the broker again`;
};
export const loaded = async <T>(d: Driver, load: () => Promise<T>): Promise<T> => {
  const lacks = lacking(d);
  if (lacks !== undefined) throw new DriverMissing(lacks);
  return load();
};
