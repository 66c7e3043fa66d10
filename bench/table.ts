/** How benches read their arguments and tell their numbers. Rule: medians with quartiles, never a best of. */
import { median, quantile } from "./ssh-measure.ts";

export const arg = (name: string, or: string): string => { const i = process.argv.indexOf(`--${name}`); return i < 0 ? or : process.argv[i + 1] ?? or; };
export const say = (line: string): void => { process.stdout.write(`${line}\n`); };
/** Median, quartiles in brackets. */
export const show = (values: readonly number[], digits = 0): string =>
  `${median(values).toFixed(digits)} (${quantile(values, 0.25).toFixed(digits)}–${quantile(values, 0.75).toFixed(digits)})`;
export const round = (n: number): number => Math.round(n * 100) / 100;
export const both = (values: readonly number[]) => ({ p50: round(median(values)), p99: round(quantile(values, 0.99)) });
/** Of two medians. */
export const ratio = (a: readonly number[], b: readonly number[]): string => (median(a) / median(b)).toFixed(2);
