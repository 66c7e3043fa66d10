/** `npm run test:slow`: what takes minutes. Rule: one file at a time, as each fills the machine by itself. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "hono/jsx" } },
  test: { environment: "node", include: ["test/slow/**/*.test.ts"], pool: "forks", maxWorkers: 1, fileParallelism: false, hookTimeout: 300_000, testTimeout: 3_600_000, globalSetup: ["test/global-setup.ts"] },
});
