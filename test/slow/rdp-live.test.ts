/**
 * Late-comers to a desktop that is never still: whoever joined while it scrolled and flickered must see, in the end, what its own page sees. Rule: both are
 * drawn by the real client in a real Chromium and compared pixel by pixel.
 */
import { readFileSync } from "node:fs";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rdpLab, type RdpLab } from "../proxy/rdp-lab.ts";
import type { DesktopPage } from "../proxy/rdp-page.ts";
import { eventually } from "../proxy/ssh-lab.ts";
import { evidence, madeBy } from "./evidence.ts";

const LATE = 12, BACK = 10;
const lines: string[] = [];
let lab: RdpLab, chrome: Browser, drawing: Page;
beforeAll(async () => {
  lab = await rdpLab();
  chrome = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] });
  drawing = await chrome.newPage();
  const client = readFileSync(new URL("../../node_modules/@glokon/guacamole-common-js/lib/cjs/guacamole.min.js", import.meta.url), "utf8");
  await drawing.addScriptTag({ content: `(() => { const module = { exports: {} }, exports = module.exports; ${client}\nwindow.Guacamole = module.exports; })();` });
}, 240_000);
afterAll(async () => {
  await chrome?.close();
  await lab?.[Symbol.asyncDispose]();
});

/** What these instructions come to: size and sum of all pixels. */
const DRAW = `((text) => new Promise((done) => {
  const tunnel = new Guacamole.Tunnel();
  tunnel.sendMessage = tunnel.disconnect = () => {};
  tunnel.connect = () => tunnel.setState(Guacamole.Tunnel.State.OPEN);
  const client = new Guacamole.Client(tunnel), parser = new Guacamole.Parser(), display = client.getDisplay();
  client.connect();
  parser.oninstruction = (opcode, args) => { if (opcode !== "mouse" && opcode !== "cursor") tunnel.oninstruction(opcode, args); };
  parser.receive(text);
  display.flush(() => {
    display.showCursor(false);
    const all = display.getDefaultLayer().toCanvas(), { data } = all.getContext("2d").getImageData(0, 0, all.width, all.height);
    let sum = 0;
    const words = new Uint32Array(data.buffer);
    for (let i = 0; i < words.length; i++) sum = (Math.imul(sum, 31) + words[i]) | 0;
    done(all.width + "x" + all.height + ":" + sum);
  });
}))`;
const drawn = async (text: string): Promise<string> => drawing.evaluate(`${DRAW}(${JSON.stringify(text)})`);
const busy = async (page: DesktopPage): Promise<void> => {
  await eventually(() => page.shown.some((i) => i[0] === "img" && i[3] === "0"), 30_000);
  page.tell("mouse", 300, 300, 0);
  await new Promise((done) => { setTimeout(done, 1_500); });
  page.type("touch /tmp/go; while [ -e /tmp/go ]; do ls -la /etc | tail -n $((RANDOM % 60)); printf '\\033[3%dm' $((RANDOM % 8)); sleep 0.$((RANDOM % 2))$((RANDOM % 9)); done\n");
  await eventually(async () => (await lab.host.exec("ls /tmp/go")).code === 0, 15_000);
};
const still = async (...all: DesktopPage[]): Promise<void> => {
  await lab.host.exec("rm -f /tmp/go");
  for (let before = -1; ;) {
    const now = all.reduce((n, p) => n + p.shown.filter((i) => i[0] !== "sync").length, 0);
    if (now === before) return;
    before = now;
    await new Promise((done) => { setTimeout(done, 1_500); });
  }
};
const percentile = (ms: number[], p: number): number => Math.round(ms.toSorted((a, b) => a - b)[Math.min(ms.length - 1, Math.floor(ms.length * p))]!);
const joined = (): number => lab.guacd.log().match(/ joined connection /g)?.length ?? 0;

test(`${LATE} who look on while it scrolls see what its page sees, pixel by pixel`, async () => {
  const page = lab.page("u1"), lookers: DesktopPage[] = [], took: number[] = [];
  await busy(page);
  const session = lab.broker.last(), before = joined();
  for (let i = 0; i < LATE; i++) {
    const begun = performance.now(), one = lab.look(session.id);
    await eventually(() => one.shown.some((x) => x[0] === "img"), 15_000);
    took.push(performance.now() - begun);
    lookers.push(one);
    await new Promise((done) => { setTimeout(done, (i * 37) % 200); });
  }
  const joins = joined() - before;
  await still(page, ...lookers);
  const want = await drawn(page.text()), differ = [];
  for (const [i, one] of lookers.entries()) if (await drawn(one.text()) !== want) differ.push(i);
  page.ws.close(4000);
  await lab.ended(session);
  expect(differ).toEqual([]);
  lines.push(`${LATE} joined a desktop whose terminal scrolled without a pause: ${differ.length} differed from its own page in the end; ${joins} joins of guacd's connection for them; the picture came after ${percentile(took, 0.5)} ms (p50), ${percentile(took, 0.99)} ms (p99)`);
}, 300_000);

test(`a browser that is lost and comes back ${BACK} times while it scrolls sees in the end what somebody sees who looked on all the time`, async () => {
  lab.broker.terms = { ...lab.broker.terms, graceMs: 30_000 };
  let page = lab.page("u2");
  await busy(page);
  const session = lab.broker.last(), watcher = lab.look(session.id), took: number[] = [];
  await eventually(() => watcher.shown.some((x) => x[0] === "img"), 15_000);
  for (let i = 0; i < BACK; i++) {
    page.ws.terminate();
    await eventually(() => session.events.filter((e) => e.kind === "away").length === i + 1);
    await new Promise((done) => { setTimeout(done, i * 60); });
    const begun = performance.now();
    page = lab.back(session.id);
    await eventually(() => page.shown.some((x) => x[0] === "img" && x[3] === "0"), 15_000);
    took.push(performance.now() - begun);
  }
  await still(page, watcher);
  expect(await drawn(page.text())).toBe(await drawn(watcher.text()));
  lines.push(`${BACK} times lost and back on such a desktop: the picture was back after ${percentile(took, 0.5)} ms (p50), ${percentile(took, 0.99)} ms (p99)`);
  page.ws.close(4000);
  await lab.ended(session);
}, 300_000);

test("what was measured is written down", () => {
  expect(lines).toHaveLength(2);
  evidence("rdp-live", `# Late-comers to a busy desktop\n\n${madeBy("test/slow/rdp-live.test.ts")}\n\n${lines.map((l) => `- ${l}`).join("\n")}\n`);
});
