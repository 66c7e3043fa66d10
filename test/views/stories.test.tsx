/** Every fragment in every state renders, and none of it could run or style anything by itself. */
import { expect, it } from "vitest";
import { pageOf, STORIES } from "../../views/stories.tsx";
import { NEXT } from "../../src/domain/request.ts";
import { span } from "../../views/parts.tsx";

const html = STORIES.map((s) => [s.name, String(pageOf(s))] as const);

it("no story has another's name, and every state of a request has one", () => {
  const names = STORIES.map((s) => s.name);
  expect(names.filter((n, i) => names.indexOf(n) !== i)).toEqual([]);
  for (const state of Object.keys(NEXT)) expect(names.some((n) => n.startsWith(`request ${state.replace("_", " ")}`)), state).toBe(true);
});
it.each(html)("%s: no inline script, style or handler; text stays text", (_, text) => {
  expect(text).not.toContain("[object");
  expect(text).not.toContain("undefined");
  expect(text.includes(`<script>alert`)).toBe(false);
  const tags = text.replace(/&quot;|&lt;|&gt;|&amp;|&#39;/g, "").match(/<[a-z][^>]*>/g) ?? [];
  for (const tag of tags) expect(tag).not.toMatch(/\son\w+\s*=|\sstyle\s*=|hx-on|javascript:|["']js:|hx-trigger="[^"]*\[/i);
  expect(text).not.toMatch(/<style/i);
  for (const [tag] of text.matchAll(/<script[^>]*>/g)) expect(tag).toMatch(/nonce="fixed-nonce" src="\/assets\//);
});
it.each(html)("%s: what htmx reads carries the nonce, every form its token, every field a name to be read by", (name, text) => {
  for (const [tag] of text.matchAll(/<[a-z]+[^>]*\shx-[^>]*>/g)) expect(tag).toContain('hx-nonce="fixed-nonce"');
  for (const [form] of text.matchAll(/<form method="post"[^>]*>.*?<\/form>/gs)) if (!/action="\/login/.test(form)) expect(form).toContain('name="_csrf" value="fixed-token"');
  for (const [table] of text.matchAll(/<div class="table"[^>]*>/g)) expect(table).toMatch(/aria-label="[^"]+"/);
  expect(text.match(/<h1/g) ?? []).toHaveLength(name === "fault note" ? 0 : 1);
  const ids = [...text.matchAll(/\sid="([^"]+)"/g)].map((m) => m[1]);
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
});
it.each([[0, "0 s"], [59_400, "59 s"], [60_000, "1 min"], [5_400_000, "1 h 30 min"], [86_400_000, "1 d"], [90_000_000, "1 d 1 h"], [86_460_000, "1 d"], [-5, "0 s"]])("%i ms reads %s", (ms, words) => { expect(span(ms)).toBe(words); });
