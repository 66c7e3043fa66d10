/** What runs inside one of the lab's networks: started by a test of test/slow on a machine of its own, never by itself. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "hono/jsx" } },
  test: { environment: "node", include: ["test/slow/inside/**/*.inside.ts"], pool: "forks", maxWorkers: 1, fileParallelism: false, hookTimeout: 300_000, testTimeout: 300_000, globalSetup: ["test/global-setup.ts"] },
});
