/** The login pages as a browser meets them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PASSWORD } from "../identity/world.ts";
import { Browser, code, world, type World } from "./world.ts";

let w: World;
beforeAll(async () => { w = await world(); });
afterAll(() => w.close());

describe("logging in", () => {
  it("takes name and password, sets a cookie that scripts cannot read, and goes where one wanted to go", async () => {
    const b = new Browser(w);
    const door = await b.get("/requests?show=past");
    expect([door.status, door.to]).toEqual([303, "/login?next=%2Frequests%3Fshow%3Dpast"]);
    const done = await b.post("/login", { name: "requester", password: PASSWORD, next: "/requests?show=past" });
    expect([done.status, done.to]).toEqual([303, "/requests?show=past"]);
    expect(done.headers.getSetCookie().find((l) => l.startsWith("lockstep_session="))).toMatch(/HttpOnly; SameSite=Lax/i);
    const home = await b.get("/");
    expect(home.status).toBe(200);
    expect(home.text).toContain("Hello, requester");
  });
  it("says one sentence to a wrong password and to a stranger, and never leads to another host", async () => {
    const b = new Browser(w), wrong = await b.post("/login", { name: "requester", password: "no" }), stranger = await b.post("/login", { name: "nobody", password: "no" });
    expect([wrong.status, stranger.status]).toEqual([401, 401]);
    expect(wrong.text).toContain("Name or password is wrong");
    expect(stranger.text.replaceAll("nobody", "requester").replace(/nonce-?="?[^" ]+/g, "")).toBe(wrong.text.replace(/nonce-?="?[^" ]+/g, ""));
    for (const next of ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]) expect((await new Browser(w).post("/login", { name: "outsider", password: PASSWORD, next })).to).toBe("/");
  });
  it("asks approvers for a code, and its ticket opens nothing else", async () => {
    const b = new Browser(w), first = await b.post("/login", { name: "approver", password: PASSWORD });
    expect(first.to).toBe("/login/code?next=%2F");
    expect((await b.get("/")).to).toBe("/login?next=%2F");
    const stolen = new Browser(w);
    stolen.cookies.set("lockstep_session", b.cookies.get("lockstep_ticket")!);
    expect((await stolen.get("/")).to).toBe("/login?next=%2F");
    await b.get(first.to!);
    expect((await b.post("/login/code", { code: "000000" })).status).toBe(401);
    expect((await b.post("/login/code", { code: code(), _csrf: "forged" })).status).toBe(403);
    expect((await b.post("/login/code", { code: code() })).to).toBe("/");
    expect((await b.get("/")).text).toContain("Hello, approver");
    expect(b.cookies.has("lockstep_ticket")).toBe(false);
  });
  it("ends at logout: the cookie opens nothing afterwards", async () => {
    const b = await new Browser(w).login("requester"), kept = new Map(b.cookies);
    expect((await b.post("/logout")).to).toBe("/login?done=bye");
    for (const [k, v] of kept) b.cookies.set(k, v);
    expect((await b.get("/")).status).toBe(303);
  });
  it("gives __Host- cookies and HSTS over https", async () => {
    Object.assign(w.deps.config, { secureCookies: true });
    try {
      const done = await new Browser(w).post("/login", { name: "requester", password: PASSWORD });
      expect(done.headers.getSetCookie().join()).toMatch(/__Host-lockstep_session=\w+; Path=\/; HttpOnly; Secure; SameSite=Lax/);
      expect(done.headers.get("strict-transport-security")).toMatch(/max-age=31536000/);
    } finally { Object.assign(w.deps.config, { secureCookies: false }); }
  });
});
