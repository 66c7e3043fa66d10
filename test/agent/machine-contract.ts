/**
 * What holds on every kind of machine an agent stands on: the order of changes, sealed boxes, and that a change broken off anywhere loses no password.
 * Rule: the bodies are the agent's own; the machine is the one that is handed over.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { change, verify } from "../../agent/change.ts";
import type { Moment, Platform } from "../../agent/platform.ts";
import { openState } from "../../agent/state.ts";
import { sealTo } from "../../src/crypto/box.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { CONTEXT } from "../../src/wires/agent-words.ts";
import type { Lab } from "../lab/agent-machines.ts";

export const AGENT = "agt_00000000000000000001",
  soon = (): AbortSignal => AbortSignal.timeout(30_000);
type Numbers = { epoch?: number; no?: number; fence?: number; rotation?: string };

/** An agent with a state folder of its own, and the machine below it. */
export const agentOn = (platform: Platform, moment: (m: Moment) => void = () => undefined) => {
  const dir = mkdtempSync(join(tmpdir(), "lockstep-machine-")),
    state = openState(dir);
  state.keepAgent(AGENT);
  let no = 0;
  const bench = () => ({ state: openState(dir), random: systemRandom, moment, platform }),
    box = (context: string, text: string) => sealTo(state.box().publicKey, context, Buffer.from(text));
  const order = (account: string, to: string, o: Numbers = {}) => {
    const { epoch = 1, fence = 1, rotation = "rot_1" } = o;
    return { rotation, account, no: o.no ?? ++no, fence, epoch, box: box(CONTEXT.change(AGENT, rotation, account, fence), to) as string };
  };
  return {
    dir,
    order,
    change: (o: ReturnType<typeof order>) => change(bench(), o, soon()),
    verify: (account: string, ...texts: string[]) => verify(bench(), { account, boxes: texts.map((t) => box(CONTEXT.verify(AGENT, account), t)) }, soon()),
    everything: () => readdirSync(dir).map((f) => readFileSync(join(dir, f), "utf8")).join("\n"),
    end: () => rmSync(dir, { recursive: true, force: true }),
  };
};

/** `lab`: with the accounts `app 1`'s stand-in `name` and `other`. `fresh` makes one machine; `asks`: how a run that sets begins. */
export type Machine = { readonly lab: Lab; readonly platform: Platform; readonly name: string; readonly other: string; readonly asks: string };
export const machineContract = (fresh: () => Machine): void => {
  const sets = (m: Machine): number => m.lab.runs().filter((r) => r.startsWith(m.asks)).length;

  it("sets a password and says done of what the machine then shows, and touches nobody else", async () => {
    const m = fresh(),
      a = agentOn(m.platform),
      to = "Second:x'\"$ö 1";
    expect([await a.change(a.order(m.name, to)), await a.change(a.order(m.name, to))]).toEqual(["done", "done"]);
    expect([m.lab.user(m.name).password, m.lab.user(m.other).password]).toEqual([to, `first of ${m.other}`]);
    expect([await a.verify(m.name, to), await a.verify(m.name, "wrong")]).toEqual([{ match: 0 }, "none"]);
    a.end();
  });
  it("an older change never follows a newer, by epoch, then number, then fence, and also in another process", async () => {
    const m = fresh(),
      a = agentOn(m.platform);
    expect(await a.change(a.order(m.name, "Newest-1", { epoch: 2, no: 50, fence: 3 }))).toBe("done");
    for (const o of [{ epoch: 1, no: 99, fence: 9 }, { epoch: 2, no: 49, fence: 9 }, { epoch: 2, no: 50, fence: 2 }])
      expect(await a.change(a.order(m.name, "Older-1", o))).toEqual({ refused: "a newer change of this account came before this one" });
    expect([m.lab.user(m.name).password, sets(m)]).toEqual(["Newest-1", 1]);
    expect(await a.change(a.order(m.name, "Epoch-3", { epoch: 3, no: 1, fence: 1 }))).toBe("done");
    a.end();
  });
  it("a second spelling of a name, a name that is none, a box that is another's: refused, and the machine is not asked to set anything", async () => {
    const m = fresh(),
      a = agentOn(m.platform),
      good = a.order(m.name, "Stolen-1");
    for (const name of [m.name.toUpperCase(), "nosuch", "", "-e", "../x", "a\nb", "*", "a/b", "[a-z]*", "x".repeat(200)])
      expect([name, await a.change(a.order(name, "Never-1"))]).toEqual([name, { refused: "this machine has no such local account" }]);
    for (const other of [{ ...good, rotation: "rot_2" }, { ...good, fence: 2 }, { ...good, account: m.other }])
      await expect(a.change(other)).rejects.toThrow("a sealed box did not open");
    for (const to of ["", "two\nlines", "tab\there", "nul\0"])
      expect([to, await a.change(a.order(m.name, to))]).toEqual([to, { refused: "the password is empty or holds a control character" }]);
    expect(await a.change(a.order(m.name, "x".repeat(200)))).toEqual({ refused: expect.stringMatching(/password has at most \d+ (characters|bytes)/) });
    expect([sets(m), m.lab.user(m.name).password]).toEqual([0, `first of ${m.name}`]);
    a.end();
  });
  it("law: I1 — broken off at each step of a change, the password in force is the one before or the one it brought, and the same order ends it: 0 of 4 lost", async () => {
    const m = fresh();
    let was = m.lab.user(m.name).password,
      no = 0,
      met = 0;
    for (const at of ["asked", "fenced", "before_chpasswd", "after_chpasswd"] as const) {
      const a = agentOn(m.platform, (moment) => {
          if (moment !== at) return;
          met += 1;
          throw new Error("broken off");
        }),
        order = a.order(m.name, `To-${at}`, { no: ++no });
      await expect(a.change(order)).rejects.toThrow("broken off");
      expect([was, `To-${at}`]).toContain(m.lab.user(m.name).password);
      const again = agentOn(m.platform);
      expect(await again.change(again.order(m.name, `To-${at}`, { no }))).toBe("done");
      expect(m.lab.user(m.name).password).toBe(`To-${at}`);
      was = `To-${at}`;
      a.end();
      again.end();
    }
    expect(met).toBe(4);
  });
  it("what goes wrong on the way is told as it is: nothing done, done, or not known", async () => {
    const told = async (goes: NonNullable<ReturnType<Lab["state"]>["goes"]>): Promise<[unknown, boolean]> => {
      const m = fresh(),
        a = agentOn(m.platform);
      m.lab.put({ goes });
      const r = await a.change(a.order(m.name, "Told-1"));
      a.end();
      return [r, m.lab.user(m.name).password === "Told-1"];
    };
    expect(await told("silent")).toEqual([{ not_sent: "unreachable", why: expect.any(String) }, false]);
    expect(await told("no error and not set")).toEqual([{ unknown: expect.stringMatching(/said nothing against it/) }, false]);
    const [cut, set] = await told("cut after it was set");
    expect([set, cut === "done" || "unknown" in (cut as object)]).toEqual([true, true]);
    const [odd, there] = await told("set and an error");
    expect([there, odd === "done" || "unknown" in (odd as object)]).toEqual([true, true]);
  });
  it("no password stands in an argument, an environment, or what the agent keeps", async () => {
    const m = fresh(),
      a = agentOn(m.platform);
    await a.change(a.order(m.name, "Seen-By-Nobody-1"));
    await a.verify(m.name, "Seen-By-Nobody-1");
    await a.verify(m.name, "Seen-By-Nobody-2");
    const seen = m.lab.log() + a.everything();
    for (const text of ["Seen-By-Nobody"]) for (const form of [text, Buffer.from(text).toString("base64").slice(0, 12), Buffer.from(text, "utf16le").toString("base64").slice(0, 16)]) expect(seen).not.toContain(form);
    expect(m.lab.user(m.name).password).toBe("Seen-By-Nobody-1");
    a.end();
  });
  it("one password is tried at a time: a comparison is a login, and several would lock the account out", async () => {
    const m = fresh(),
      a = agentOn(m.platform);
    expect(await a.verify(m.name, "wrong 1", "wrong 2")).toEqual({ unknown: expect.stringMatching(/one password is tried at a time/) });
    expect([m.lab.user(m.name).failures ?? 0, await a.verify(m.name, "wrong 1"), m.lab.user(m.name).failures]).toEqual([0, "none", 1]);
    expect(await a.verify("nosuch", "x")).toEqual({ unknown: "this machine has no such local account" });
    a.end();
  });
};
