/** Waiting for something another part does. Rule: a test never sleeps for a guessed time. */
export const until = async (ok: () => Promise<boolean> | boolean, ms = 30_000): Promise<void> => {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((r) => setTimeout(r, 50))) if (await ok()) return;
  throw new Error(`it did not become true in ${ms} ms`);
};
