/**
 * A story by every rule, each where it can say something new. Rule: nothing is taken for judged that axe did not judge.
 *
 * In the light at 390 px every rule but contrast, for all of it; in the light at 1024 and 1600 px for what the width lets appear; too small and out of
 * reach once more at 1024 px; too wide at each. Contrast for every paint that no story before had (colour, size and weight of a text, the grounds it
 * stands on, the colour of the text around it), in the light at each width and in the dark at 390 px, and wherever the light shows a new one. The frame
 * is left out: it is the same in all.
 */
import type { Page } from "playwright-core";
import { judge, tooWide, turn, WCAG, WIDTHS, type Finding } from "./look.ts";

const FRAME = ["body > .skip", "body > .top", "body > .side", "body > .drawer", "body > #keys"], WITHOUT = `exclude: ${JSON.stringify(FRAME.map((f) => [f]))}`;
const ALL = `{ include: [document], ${WITHOUT} }`;
const COLOUR = ["color-contrast", "link-in-text-block"], LAYOUT = { type: "rule", values: ["target-size", "scrollable-region-focusable"] };

/** The rest of a page, element by element: `take(element, style, ground, colour around it)` gives the ground for what is in it. */
const WALK = `const walk = (el, ground, around, take) => {
  const s = getComputedStyle(el);
  if (s.display === "none" || el.matches(${JSON.stringify(FRAME.join(", "))})) return;
  const below = take(el, s, ground, around);
  for (const child of el.children) walk(child, below, s.color, take);
};`;
/** For axe: the outermost of what this page had not shown before. */
const APPEARED = `(() => {
  ${WALK}
  const shown = window.shown ??= new WeakSet(), found = [];
  walk(document.body, false, "", (el, _s, inside) => {
    const is = !shown.has(el);
    if (is && !inside) found.push(el);
    shown.add(el);
    return inside || is;
  });
  return found.length === 0 ? null : { include: found, ${WITHOUT} };
})()`;
/**
 * Texts whose paint is not among `known`, and axe's word on them: what is wrong, and what to know from now on: the paints it judged; of those it had no
 * word on (an empty field, what stands outside the picture) the paint of this kind of element alone.
 */
const contrast = (known: readonly string[]): string => `(async () => {
  ${WALK}
  const known = new Set(${JSON.stringify(known)}), texts = new Map(), kindOf = (el, paint) => el.tagName + "." + el.className + "; " + paint;
  walk(document.body, "", "", (el, s, ground, around) => {
    const own = s.backgroundImage === "none" && s.opacity === "1" && /static|relative/.test(s.position) ? s.backgroundColor : [s.backgroundColor, s.backgroundImage, s.opacity, s.position].join(" ");
    const below = own === "rgba(0, 0, 0, 0)" ? ground : own.startsWith("rgb(") && own.endsWith(")") ? own : ground + " < " + own;
    const says = el.matches("input, select, textarea") || [...el.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== "");
    const paint = [below, s.color, around, parseFloat(s.fontSize) >= 24 ? 2 : parseFloat(s.fontSize) >= 18.5 ? 1 : 0, s.fontWeight, s.textDecorationLine].join("; ");
    const asked = known.has(paint) || known.has(kindOf(el, paint));
    if (says && !asked && s.visibility === "visible" && el.checkVisibility() && !el.closest(":disabled, [aria-hidden='true']")) { known.add(paint); texts.set(el, paint); }
    return below;
  });
  if (texts.size === 0) return { found: [], known: [] };
  const { passes, violations } = await axe.run({ include: [...texts.keys()], ${WITHOUT} }, { resultTypes: ["violations", "passes"], elementRef: true, runOnly: { type: "rule", values: ${JSON.stringify(COLOUR)} } });
  const judged = new Set([...violations, ...passes].filter((r) => r.id === "color-contrast").flatMap((r) => r.nodes.map((n) => n.element)));
  return {
    found: violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(", ")),
    known: [...texts].map(([el, paint]) => judged.has(el) ? paint : kindOf(el, paint)),
  };
})()`;

/** One for all stories: what it knows of one it does not ask of the next. */
export const surveyor = () => {
  const paints = new Set<string>();
  const colours = async (page: Page): Promise<{ found: Finding; news: boolean }> => {
    const { found, known } = await page.evaluate<{ found: Finding; known: string[] }>(contrast([...paints]));
    for (const paint of known) paints.add(paint);
    return { found, news: known.length > 0 };
  };
  const others = async (page: Page, width: number): Promise<Finding> => {
    if (width > WIDTHS[0]) return [...await judge(page, WCAG, APPEARED, COLOUR) ?? [], ...(width === 1024 ? await judge(page, LAYOUT, ALL) ?? [] : [])];
    await page.evaluate(`void ${APPEARED}`);
    return await judge(page, WCAG, ALL, COLOUR) ?? [];
  };
  const inLight = async (page: Page, width: number): Promise<{ found: Finding; news: boolean }> => {
    await turn(page, width, "light");
    const { found, news } = await colours(page);
    return { found: [...found, ...await others(page, width), ...await tooWide(page)], news };
  };
  const inDark = async (page: Page, width: number): Promise<Finding> => {
    await turn(page, width, "dark");
    return (await colours(page)).found;
  };
  return async (page: Page, name: string): Promise<Record<string, Finding>> => {
    const wrong: Record<string, Finding> = {}, tell = (where: string, found: Finding): void => { if (found.length > 0) wrong[`${name}, ${where}`] = found; };
    for (const width of WIDTHS) {
      const { found, news } = await inLight(page, width);
      tell(`${width} px, light`, found);
      if (news || width === WIDTHS[0]) tell(`${width} px, dark`, await inDark(page, width));
    }
    return wrong;
  };
};
