/** A reporter for CI: the files that failed, a line each, into the file LOCKSTEP_FAILED. Rule: where something went wrong that no file owns, it says nothing, and nothing is tried again. */
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

type Module = Pick<TestModule, "moduleId" | "ok">;
/** Empty: nothing may be tried again. `root` is what the names are told from. */
export const failedFiles = (modules: readonly Module[], unhandled: readonly unknown[], root: string): string[] =>
  unhandled.length > 0 ? [] : modules.filter((m) => !m.ok()).map((m) => relative(root, m.moduleId));

export default class FailedFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const into = process.env["LOCKSTEP_FAILED"];
    if (into !== undefined) writeFileSync(into, failedFiles(modules, unhandled, process.cwd()).map((f) => `${f}\n`).join(""));
  }
}
