/** The stories as a small site: a list, and each fragment in the product's own frame, policy and style. Rule: fixed data, nothing behind it. */
import { Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { assets } from "../../src/web/assets.ts";
import type { Env } from "../../src/web/deps.ts";
import { contentPolicy } from "../../src/web/security.ts";
import { pageOf, SHELVES, STORIES } from "../../views/stories.tsx";
import { HERE } from "../../views/stories/fixed.tsx";

const THEMES = ["system", "light", "dark"] as const, WIDTHS = ["390", "1024", "1600", "full"] as const;
export const pathOf = (name: string): string => `/story/${encodeURIComponent(name)}`;
const pick = <T extends string>(of: readonly T[], text: string | undefined, otherwise: T): T => of.find((x) => x === text) ?? otherwise;

/** The theme is the reader's system's; here it can be forced, by turning the media query into one that always or never holds. */
const forced = (css: string, theme: string): string =>
  css.replace(/\(prefers-color-scheme:\s*(dark|light)\)/g, (_, of: string) => (of === theme ? "(min-width: 0)" : "(max-width: 0)"));

const List = ({ theme, width }: { theme: string; width: string }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <title>Stories · Lockstep</title>
      <link rel="stylesheet" href="/assets/pico.css" />
      <link rel="stylesheet" href="/assets/base.css" />
      <link rel="stylesheet" href="/assets/lockstep.css" />
      <link rel="stylesheet" href="/assets/narrow.css" />
      <link rel="stylesheet" href="/stories.css" />
    </head>
    <body class="stories">
      <nav>
        <p>{THEMES.map((t) => <a href={`/?theme=${t}&width=${width}`} aria-current={t === theme ? "page" : undefined}>{t}</a>)}</p>
        <p>{WIDTHS.map((w) => <a href={`/?theme=${theme}&width=${w}`} aria-current={w === width ? "page" : undefined}>{w}</a>)}</p>
        {Object.entries(SHELVES).map(([shelf, list]) => (
          <details open>
            <summary>{shelf}</summary>
            <ul>{list.map((s) => <li><a href={pathOf(s.name)} target="story">{s.name}</a></li>)}</ul>
          </details>
        ))}
      </nav>
      <iframe name="story" title="The story" src={pathOf(STORIES[0]!.name)} class={`w${width}`}></iframe>
    </body>
  </html>
);
const STYLE = `body.stories { display: grid; grid-template-columns: 17rem minmax(0, 1fr); height: 100vh; }
.stories nav { display: block; overflow: auto; padding: 1rem; border-right: 1px solid var(--line); font-size: .88rem; }
.stories nav p a { margin-right: .8rem; } .stories a[aria-current] { font-weight: 700; } .stories ul { padding: 0; } .stories li { list-style: none; padding: .1rem 0; }
.stories iframe { border: 0; width: 100%; height: 100%; } .stories .w390 { width: 390px; } .stories .w1024 { width: 1024px; } .stories .w1600 { width: 1600px; }`;

export const storyApp = (root: string): Hono<Env> => {
  const app = new Hono<Env>();
  app.use("/assets/*", async (c, next) => {
    await next();
    const theme = getCookie(c, "theme") ?? "system";
    if (theme === "system" || !c.req.path.endsWith(".css")) return;
    c.res = new Response(forced(await c.res.text(), theme), { headers: { "Content-Type": "text/css; charset=utf-8", "Cache-Control": "no-store" } });
  });
  assets(app, root);
  app.get("/stories.css", (c) => c.body(STYLE, 200, { "Content-Type": "text/css; charset=utf-8" }));
  app.get("/", (c) => {
    const theme = pick(THEMES, c.req.query("theme") ?? getCookie(c, "theme"), "system"), width = pick(WIDTHS, c.req.query("width"), "full");
    setCookie(c, "theme", theme);
    c.header("Content-Security-Policy", `${contentPolicy(HERE.nonce)}; frame-src 'self'`);
    return c.html(<List theme={theme} width={width} />);
  });
  app.get("/story/:name", (c) => {
    const found = STORIES.find((s) => s.name === c.req.param("name"));
    if (!found) return c.notFound();
    c.header("Content-Security-Policy", contentPolicy(HERE.nonce, found.name.startsWith("player")).replace("frame-ancestors 'none'", "frame-ancestors 'self'"));
    return c.html(`<!doctype html>${String(pageOf(found))}`);
  });
  return app;
};
