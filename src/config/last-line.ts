/**
 * What nobody caught. Rule: the broker stops at once, with one last line and the exit code of `internal`, and its supervisor starts it again: after an exception
 * from anywhere nobody knows what is half done, and whatever a broker was killed in the middle of is taken up from the database and the journal (rotation.md).
 *
 * Without this Node would stop it as well, but print the error whole: drivers hang on theirs the statement or the packet, and with it a password.
 */
import { makeLog } from "./log.ts";
import { FAULTS } from "../kernel/fault.ts";

/** Where it came from: names of functions and files, none of its words. */
const FRAMES = 8;
const from = (e: Error): string => (e.stack ?? "").split("\n").filter((l) => /^ {4}at /.test(l)).slice(0, FRAMES).map((l) => l.trim()).join(" ← ").slice(0, 2_000);
const codeOf = (e: Error): string => { const { code } = e as { code?: unknown }; return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? code : ""; };

/** Rejections that nobody handles arrive here too. The returned function takes it back. */
export const failStop = (): (() => void) => {
  const last = (thrown: unknown): void => {
    const e = thrown instanceof Error ? thrown : new Error("no error");
    // Whatever the log's level: without it nobody would know why.
    try { makeLog("error")("error", "an exception nobody caught: the broker stops here, and takes up what was open when it starts again", { error: e.constructor.name, code: codeOf(e), from: from(e) }); } finally { process.exit(FAULTS.internal.exit); }
  };
  process.on("uncaughtException", last);
  return () => { process.off("uncaughtException", last); };
};
