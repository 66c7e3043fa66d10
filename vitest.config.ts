/** How the tests run: real servers, so long limits; two cores, so two workers. test/slow is `npm run test:slow`. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "hono/jsx" } },
  test: {
    environment: "node", include: ["test/**/*.test.{ts,tsx}"], exclude: ["test/slow/**", "node_modules/**", "dist/**"],
    pool: "forks", maxWorkers: 2, hookTimeout: 60_000, testTimeout: 60_000, globalSetup: ["test/global-setup.ts"],
  },
});
