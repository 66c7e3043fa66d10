/** Styles and scripts. Rule: a fixed list read once at start; a name carries its content's hash, so it may be kept for ever. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Hono } from "hono";
import type { Env } from "./deps.ts";

const CSS = "text/css; charset=utf-8", JS = "text/javascript; charset=utf-8";
const ASSETS = {
  "pico.css": ["node_modules/@picocss/pico/css/pico.min.css", CSS],
  "base.css": ["views/public/base.css", CSS],
  "lockstep.css": ["views/public/lockstep.css", CSS],
  "narrow.css": ["views/public/narrow.css", CSS],
  "lockstep.js": ["views/public/lockstep.js", JS],
  "htmx.js": ["node_modules/htmx.org/dist/htmx.min.js", JS],
  "hx-csp.js": ["node_modules/htmx.org/dist/ext/hx-csp.min.js", JS],
  "hx-sse.js": ["node_modules/htmx.org/dist/ext/hx-sse.min.js", JS],
  "player.js": ["node_modules/asciinema-player/dist/bundle/asciinema-player.min.js", JS],
  "player.css": ["node_modules/asciinema-player/dist/bundle/asciinema-player.css", CSS],
  "play.js": ["views/public/play.js", JS],
  "xterm.js": ["node_modules/@xterm/xterm/lib/xterm.js", JS],
  "xterm.css": ["node_modules/@xterm/xterm/css/xterm.css", CSS],
  "terminal.css": ["views/public/terminal.css", CSS],
  "xterm-fit.js": ["node_modules/@xterm/addon-fit/lib/addon-fit.js", JS],
  "screen.js": ["views/public/screen.js", JS],
  "terminal.js": ["views/public/terminal.js", JS],
  "watch.js": ["views/public/watch.js", JS],
  "watch-desktop.js": ["views/public/watch-desktop.js", JS],
  "guacamole.js": ["node_modules/@glokon/guacamole-common-js/lib/cjs/guacamole.min.js", JS, "Guacamole"],
  "desktop.css": ["views/public/desktop.css", CSS],
  "desktop-drive.js": ["views/public/desktop-drive.js", JS],
  "desktop.js": ["views/public/desktop.js", JS],
  "glimpse.js": ["views/public/glimpse.js", JS],
  "play-desktop.js": ["views/public/play-desktop.js", JS],
  "favicon.svg": ["views/public/favicon.svg", "image/svg+xml"],
} as const;

/** Source maps are not served, so nobody is sent to look for them. */
const read = (root: string, file: string): Buffer => {
  const bytes = readFileSync(join(root, file));
  return /\.(js|css)$/.test(file) ? Buffer.from(bytes.toString("utf8").replace(/\n?\/[/*]# sourceMappingURL=.*$/m, "")) : bytes;
};

/** A CommonJS module as a plain script, known by this name: modules that import each other would need an address for each. */
const named = (bytes: Buffer, as: string | undefined): Buffer =>
  as === undefined ? bytes : Buffer.from(`(() => {\nconst module = { exports: {} }, exports = module.exports;\n${bytes.toString("utf8")}\nwindow.${as} = module.exports;\n})();\n`);

/** `/assets/<name>`; the answer is small, checked by ETag, and kept a day. */
export const assets = (app: Hono<Env>, root: string): void => {
  for (const [name, [file, type, as]] of Object.entries<readonly [string, string, string?]>(ASSETS)) {
    const bytes = named(read(root, file), as), etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
    app.get(`/assets/${name}`, (c) => {
      const kept = { ETag: etag, "Cache-Control": "public, max-age=300, must-revalidate", "Content-Type": type };
      if (c.req.header("if-none-match") === etag) return c.body(null, 304, kept);
      return c.body(new Uint8Array(bytes), 200, kept);
    });
  }
};
