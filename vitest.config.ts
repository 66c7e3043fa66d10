/** How the tests run: real servers, so long limits; two cores, so two workers. test/slow is `npm run test:slow`. */
import { relative } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * They take longest and begin first, so that none is waited for alone at the end: a fresh clone has no times to sort by, and the size of a file says
 * little. The first fills the machine, so those beside it are such as count no milliseconds.
 */
const LONGEST = [
  "test/chaos/chaos.test.ts", "test/connectors/linux-ssh.test.ts", "test/connectors/busybox-telnet.test.ts", "test/connectors/frr.test.ts",
  "test/connectors/windows-smb.test.ts", "test/connectors/http.test.ts", "test/connectors/openldap.test.ts", "test/connectors/postgres.test.ts",
  "test/views/stories-browser.test.ts", "test/cli/selftest.test.ts", "test/e2e/crash.test.ts", "test/e2e/desktop.test.ts", "test/e2e/dependents.test.ts",
  "test/e2e/record-change.test.ts", "test/canary/canary.test.ts", "test/e2e/backup.test.ts",
];
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = (f: TestSpecification): number => (LONGEST.indexOf(relative(import.meta.dirname, f.moduleId)) + LONGEST.length + 1) % (LONGEST.length + 1);
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "hono/jsx" } },
  test: {
    environment: "node", include: ["test/**/*.test.{ts,tsx}"], exclude: ["test/slow/**", "node_modules/**", "dist/**"],
    pool: "forks", maxWorkers: 2, hookTimeout: 60_000, testTimeout: 60_000, globalSetup: ["test/global-setup.ts"], sequence: { sequencer: LongestFirst },
    reporters: process.env["LOCKSTEP_FAILED"] === undefined ? ["default"] : ["default", "test/failed-files.ts"],
  },
});
