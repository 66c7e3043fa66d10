/** Options that bulk changes and schedules share: which accounts, on which terms, and whom to tell. */
import type { Command } from "commander";
import { collect, type Run } from "./act.ts";

export const choiceOptions = (c: Command): Command => c.option("-t, --target <name>", "every account of a target; may be given again", collect, []).option("-g, --group <name>", "every member of a group; may be given again", collect, [])
  .option("-s, --search <text>", "what the search of accounts finds, such as \"tag:web state:available\"");
export const choiceOf = (run: Run, accounts: readonly string[]) => ({ accounts, targets: run.many("target"), groups: run.many("group"), search: run.text("search") ?? "" });
export const isChosen = (c: ReturnType<typeof choiceOf>): boolean => c.accounts.length + c.targets.length + c.groups.length > 0 || c.search !== "";

export const termOptions = (c: Command): Command => c.option("--minutes <n>", "time it is given: what has not begun by then is reported").option("--per-target <n>", "changes at once on one target").option("--parallel <n>", "changes at once altogether")
  .option("--failure-limit <percent>", "halt when more than this share fails; 100: never").option("--retries <n>", "tries again by itself").option("--retry-minutes <n>", "the time between them");
const NUMBERS = ["minutes", "perTarget", "parallel", "failureLimit", "retries", "retryMinutes"] as const;
/** What is not a number goes to the API as it is, which says what is wrong with it. */
const number = (text: string): number | string => (/^\d{1,9}$/.test(text) ? Number(text) : text);
export const termsOf = (run: Run): Record<string, number | string> => Object.fromEntries(NUMBERS.flatMap((n) => { const text = run.text(n); return text === undefined ? [] : [[n, number(text)]]; }));

export const notifyOptions = (c: Command): Command => c.option("--tell <person>", "by mail, when it is over; may be given again", collect, []).option("--tell-group <name>", "everybody in a group of people; may be given again", collect, [])
  .option("--mail <addresses>", "other addresses, with commas between them");
const addresses = (text: string | undefined): string[] => (text ?? "").split(",").map((a) => a.trim()).filter((a) => a !== "");
export const notifyOf = (run: Run) => ({ people: run.many("tell"), groups: run.many("tellGroup"), addresses: addresses(run.text("mail")) });
/** The parts that were named; to an edit the others mean: as they are. */
export const toldOf = (n: ReturnType<typeof notifyOf>): Partial<typeof n> => Object.fromEntries(Object.entries(n).filter(([, named]) => named.length > 0));
