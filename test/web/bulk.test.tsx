/** Bulk changes and schedules through the portal, without scripts: form, preview, press, page; the API beside it. Rule: the page between preview and press holds no password. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { putCollection } from "../../src/flow/collections.ts";
import { workBulks } from "../../src/flow/bulk-work.ts";
import { workSchedules } from "../../src/flow/schedule-run.ts";
import { ENDPOINTS } from "../../src/web/api/index.ts";
import { run } from "../store/rows.ts";
import { Browser, world, type World } from "./world.ts";

const TYPED = "Typed-For-All-9!qWxZr", FIELDS = { search: "web-1", accounts: "", targets: "", how: "unique", password: "", again: "", apply: "yes", reason: "quarterly change", tell: "", tellGroups: "", addresses: "" };
let w: World, operator: Browser, auditor: Browser, outsider: Browser;
beforeAll(async () => {
  w = await world();
  [operator, auditor, outsider] = [await new Browser(w).login("operator"), await new Browser(w).login("auditor"), await new Browser(w).login("outsider")];
});
afterAll(() => w.close());
const hidden = (html: string): Record<string, string> => Object.fromEntries([...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].filter(([, n]) => n !== "_csrf").map(([, n, v]) => [n!, v!.replaceAll("&quot;", "\"").replaceAll("&#39;", "'").replaceAll("&amp;", "&")]));
const previewed = async (over: Partial<typeof FIELDS> = {}) => operator.post("/bulk/preview", { ...FIELDS, ...over });

describe("a bulk change", () => {
  it("form, preview, press, page: nothing is changed before the press, and the page counts from the rows", async () => {
    const form = await operator.get("/bulk/new?q=web-1");
    expect(form.text).toMatch(/A password of its own for every account/);
    const seen = await previewed();
    expect(seen.text).toContain("Nothing has been changed yet.");
    expect(seen.text).toContain("Change 2 passwords");
    expect(await run(w.deps.flow.db, "select count(*)::int as n from bulks")).toEqual([{ n: 0 }]);
    const pressed = await operator.post("/bulk", hidden(seen.text)), page = await operator.get(pressed.to!);
    expect([pressed.status, page.status]).toEqual([303, 200]);
    expect(page.text).toMatch(/0 of 2 changed, 2 not begun/);
    expect(page.text).toMatch(/<noscript><meta http-equiv="refresh" content="5"/);
    await workBulks(w.deps.flow);
    expect((await operator.get(`${pressed.to!}/view`)).text).toMatch(/0 of 2 changed, 2 changing/);
    expect((await auditor.get(pressed.to!)).text).not.toContain(">Pause<");
    expect((await outsider.get(pressed.to!)).status).toBe(404);
    expect((await operator.post(`${pressed.to!}/stop`)).status).toBe(303);
    expect((await operator.get(`${pressed.to!}?state=changing`)).text).toMatch(/Nothing more begins\. What has begun ends first\./);
    expect((await auditor.get("/bulk")).text).toContain("quarterly change");
  });

  it("a typed password goes into no page: sealed for its typist, refused for anybody else, and changed by nobody", async () => {
    expect((await previewed({ how: "given", password: TYPED, again: "another" })).text).toContain("do not match");
    const seen = await previewed({ how: "given", password: TYPED, again: TYPED }), fields = hidden(seen.text);
    expect([seen.status, seen.text.includes(TYPED), fields["sealed"]!.length > 40]).toEqual([200, false, true]);
    const foreign = await operator.post("/bulk", { ...fields, sealed: `${fields["sealed"]!.slice(0, -6)}AAAAAA` });
    expect([foreign.status, foreign.text.includes("was changed. Fill in the form again")]).toEqual([422, true]);
    const pressed = await operator.post("/bulk", fields), id = pressed.to!.split("/")[2]!;
    expect(pressed.status).toBe(303);
    expect(await run(w.deps.flow.db, `select count(*)::int as n from bulk_items i join secret_versions v on v.id = i.version_id where i.bulk_id = '${id}' and v.origin = 'typed ${id}'`)).toEqual([{ n: 2 }]);
    expect((await operator.post("/bulk", { ...fields, sealed: "" })).text).toContain("Fill in the form again");
    await operator.post(`/bulk/${id}/stop`);
  });

  it("one made for all is shown once, on a page nobody keeps", async () => {
    const seen = await previewed({ how: "shown" }), shown = await operator.post("/bulk", hidden(seen.text));
    expect([shown.status, shown.headers.get("cache-control")]).toEqual([200, "no-store, max-age=0"]);
    expect(shown.text).toContain("The password for all of them");
    const password = [.../class="(?:upper|lower|digit|symbol)">([^<]+)<\/span>/g[Symbol.matchAll](shown.text.slice(shown.text.indexOf("class=\"letters\""), shown.text.indexOf("</output>")))].map(([, c]) => c).join("");
    expect(password.length).toBeGreaterThanOrEqual(20);
    const back = /data-hide-to="([^"]+)"/.exec(shown.text)![1]!;
    expect((await operator.get(back)).text).not.toContain(password);
    await operator.post(`${back}/stop`);
  });

  it("says what is wrong with a form, and keeps to who may", async () => {
    expect((await previewed({ search: "" })).text).toContain("Choose accounts, targets, groups or a search.");
    expect((await previewed({ reason: "" })).text).toContain("Say why");
    expect((await previewed({ addresses: "ops@example.org, nonsense" })).text).toMatch(/addresses/);
    expect((await previewed({ tell: "ghost" })).status, "named only at the press").toBe(200);
    expect((await operator.post("/bulk", hidden((await previewed({ tell: "ghost" })).text))).text).toContain("There is no person named ghost to notify.");
    expect((await auditor.get("/bulk/new")).status).toBe(403);
  });

  it("a group of targets and accounts is enough to choose by, from form to press", async () => {
    await putCollection(w.deps.flow, w.who.operator, "night shift", [(await run(w.deps.flow.db, "select id from accounts where name = 'app1'"))[0]!["id"] as string]);
    expect((await operator.get("/bulk/new")).text).toContain("night shift");
    const seen = await operator.post("/bulk/preview", { ...FIELDS, search: "", groups: "night shift" }), pressed = await operator.post("/bulk", hidden(seen.text));
    expect([seen.text.includes("Change 1 password"), pressed.status]).toEqual([true, 303]);
    await operator.post(`${pressed.to!}/stop`);
  });

  it("the list of accounts leads there with what was ticked", async () => {
    const form = await operator.post("/accounts/several", { act: "rotate", account: (await run(w.deps.flow.db, "select id from accounts where name = 'app1'"))[0]!["id"] as string });
    expect(form.text).toMatch(/<textarea name="accounts"[^>]*>app1@web-1<\/textarea>/);
  });
});

describe("a schedule", () => {
  const F = { ...FIELDS, name: "nightly", kind: "every", n: "1", unit: "days", date: "2026-11-01", time: "02:30", cron: "", zone: "Europe/Berlin", openings: "Sat-Sun 01:00-05:00", notifyBefore: "60" };
  it("made, looked at, changed, paused, ended; its next run and the calendar in its own zone", async () => {
    const made = await operator.post("/schedules", F), page = await operator.get(made.to!.split("?")[0]!);
    expect([made.status, page.status]).toEqual([303, 200]);
    for (const text of ["every day from 2026-11-01 at 02:30 (Europe/Berlin)", "Sat, Sun 01:00–05:00 (Europe/Berlin)", "now 2 accounts"]) expect(page.text).toContain(text);
    const at = made.to!.split("?")[0]!;
    expect((await operator.get("/schedules")).text).toMatch(/<dt>[A-Z][a-z]{2} \d{4}-\d\d-\d\d<\/dt>/);
    expect((await operator.post(at, { ...F, kind: "cron", cron: "30 2 * * sun", openings: "" })).status).toBe(303);
    expect((await operator.get(at)).text).toContain("cron 30 2 * * sun (Europe/Berlin)");
    expect((await operator.post(at, { ...F, kind: "cron", cron: "61 * * * *" })).text).toMatch(/is no minute: 0 to 59/);
    expect((await operator.post(at, { ...F, openings: "whenever" })).text).toContain("Change window");
    for (const move of ["pause", "resume", "end"]) expect((await operator.post(`${at}/${move}`)).status, move).toBe(303);
    expect((await operator.get(`${at}/edit`)).status).toBe(409);
    expect((await outsider.get(at)).status).toBe(404);
    expect(await workSchedules(w.deps.flow)).toBeNull();
  });
});

it("whatever the portal does, the API does", () => {
  const paths = ENDPOINTS.map((e) => `${e.method} ${e.path}`);
  for (const wanted of ["post /bulks/preview", "post /bulks", "post /bulks/shown", "get /bulks", "get /bulks/{id}", "get /bulks/{id}/accounts", ...["pause", "resume", "stop", "retry"].map((m) => `post /bulks/{id}/${m}`),
    "get /schedules", "get /schedules/calendar", "post /schedules", "get /schedules/{id}", "put /schedules/{id}", ...["pause", "resume", "end"].map((m) => `post /schedules/{id}/${m}`)]) expect(paths).toContain(wanted);
});
