/** `npm run stories [port]`: every fragment in every state, on loopback, until Ctrl-C. */
import { resolve } from "node:path";
import { serve } from "@hono/node-server";
import { STORIES } from "../../views/stories.tsx";
import { storyApp } from "./app.tsx";

const port = Number(process.argv[2] ?? 0);
serve({ fetch: storyApp(resolve(import.meta.dirname, "../..")).fetch, hostname: "127.0.0.1", port }, (at) => {
  process.stdout.write(`${STORIES.length} stories at http://127.0.0.1:${at.port} (Ctrl-C ends it)\n`);
});
