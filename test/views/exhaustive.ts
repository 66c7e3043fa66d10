/** One story by every rule, in every width and theme. Rule: nothing is left out and nothing is taken for judged. */
import type { Page } from "playwright-core";
import { judge, load, tooWide, turn, WCAG, WIDTHS, type Finding } from "./look.ts";

export const exhaustive = async (page: Page, origin: string, name: string): Promise<Record<string, Finding>> => {
  const wrong: Record<string, Finding> = {};
  await load(page, origin, name);
  for (const width of WIDTHS) {
    for (const theme of ["light", "dark"] as const) {
      await turn(page, width, theme);
      const found = [...await judge(page, WCAG) ?? [], ...await tooWide(page)];
      if (found.length > 0) wrong[`${name}, ${width} px, ${theme}`] = found;
    }
  }
  return wrong;
};
