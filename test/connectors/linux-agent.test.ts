/**
 * What this connector makes of everything an agent, or the way to it, can answer. What the agent itself does is shown on a real machine:
 * test/agent/verbs.test.ts, and over the whole way in test/slow/dmz.test.ts.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { linuxAgent, macosAgent, windowsAgent } from "../../src/connectors/linux-agent.ts";
import { newBoxKey, openBox, sealTo } from "../../src/crypto/box.ts";
import { Fault } from "../../src/kernel/fault.ts";
import type { AgentHand, Link } from "../../src/kernel/link.ts";
import { reveal, revealBytes } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { ASKS, CONTEXT, type Verb } from "../../src/wires/agent-words.ts";

const AGENT = "agt_00000000000000000001",
  c = linuxAgent(),
  config = c.config.parse({ agent: AGENT, hostKeys: [] }),
  key = newBoxKey(),
  soon = () => AbortSignal.timeout(5_000);
const asks: { verb: string; ask: Record<string, unknown> }[] = [];
/** Sealing is the real one; what an agent would answer is `answer`. */
const through = (answer: (verb: string) => unknown): Link => {
  const agent: AgentHand = {
    id: AGENT,
    seal: (s, context) => Promise.resolve(sealTo(key.publicKey, context, revealBytes(s))),
    call: (verb, ask) => {
      asks.push({ verb, ask: ASKS[verb as Verb].parse(ask) as Record<string, unknown> });
      return Promise.resolve().then(() => answer(verb));
    },
  };
  return { address: { host: "localhost", port: 22 }, connect: () => Promise.reject(new Error("nothing is dialled here")), agent };
};
const without: Link = { address: { host: "localhost", port: 22 }, connect: () => Promise.reject(new Error("nothing is dialled here")) };
const thrown = (code: "unavailable" | "upstream" | "invalid" | "forbidden", message: string) =>
  through(() => {
    throw new Fault(code, message);
  });
const app = { name: "app1" },
  P = "New-1-password",
  order = { rotation: "rot_1", no: 7, fence: 2, epoch: 3 };
const change = (link: Link, to = P, name = "app1") => c.change(config, link, { name }, { to: Secret.of(to), order }, soon());
const nobody = { name: "", secret: Secret.of("") };

it("the password leaves sealed for this agent, account, change and fence, and the order goes along", async () => {
  expect(await change(through(() => "done"))).toBe("done");
  const { ask } = asks.at(-1)!;
  expect(ask).toMatchObject({ account: "app1", rotation: "rot_1", no: 7, fence: 2, epoch: 3 });
  expect(JSON.stringify(ask)).not.toContain(P);
  expect(reveal(openBox(key.privateKey, CONTEXT.change(AGENT, "rot_1", "app1", 2), String(ask["box"])))).toBe(P);
  expect(() => openBox(key.privateKey, CONTEXT.change(AGENT, "rot_1", "app2", 2), String(ask["box"]))).toThrow();
});
it("law: I7 — not_sent only where nothing left; a lost or unreadable answer is unknown, and the agent's own no a refusal", async () => {
  expect(await change(thrown("unavailable", "The agent web-1 is not connected."))).toEqual({
    not_sent: "unreachable",
    why: "The agent web-1 is not connected.",
  });
  expect(await change(without)).toMatchObject({ not_sent: "unreachable", why: expect.stringContaining("no agent stands for this target") });
  expect(await change(thrown("upstream", "the connection was lost"))).toEqual({ unknown: "the connection was lost" });
  expect(
    await change(
      through(() => {
        throw new Error("anything");
      }),
    ),
  ).toEqual({ unknown: "the agent's answer could not be read" });
  for (const strange of [null, {}, "DONE", { refused: 7 }, { done: true }])
    expect(await change(through(() => strange))).toMatchObject({ unknown: "the agent's answer could not be read" });
  expect(await change(thrown("forbidden", "this is a gateway"))).toEqual({ refused: "this is a gateway" });
  for (const said of [{ refused: `no ${P}` }, { unknown: `cut ${P}` }, { not_sent: "unreachable", why: P }])
    expect(JSON.stringify(await change(through(() => said)))).not.toContain(P);
});
it("a comparison that failed is unknown to all three questions, never a no", async () => {
  for (const link of [
    thrown("unavailable", "away"),
    thrown("upstream", "lost"),
    through(() => ({ unknown: "the account is locked on the target" })),
    through(() => ({ match: 9 })),
    through(() => 0),
    without,
  ]) {
    expect(await c.probe(config, link, app, Secret.of(P), soon())).toMatchObject({ unknown: expect.any(String) });
    expect(await c.compare!(config, link, app, [Secret.of(P)], nobody, soon())).toMatchObject({ unknown: expect.any(String) });
  }
  for (const ask of [
    c.discover!(config, thrown("upstream", "lost"), nobody, soon()),
    c.endLogins!(config, thrown("upstream", "lost"), app, nobody, soon()),
    c.preflight!(config, thrown("upstream", "lost"), app, nobody, soon()),
  ])
    expect(await ask).toEqual({ unknown: "lost" });
  expect(
    await c.preflight!(
      config,
      through(() => ({ rules: { minLength: 9, strange: 1 } })),
      app,
      nobody,
      soon(),
    ),
  ).toEqual({ minLength: 9 });
  expect(
    await c.endLogins!(
      config,
      through(() => ({ ended: 2 })),
      app,
      nobody,
      soon(),
    ),
  ).toEqual({ ended: 2 });
  expect([
    await c.probe(
      config,
      through(() => ({ match: 0 })),
      app,
      Secret.of(P),
      soon(),
    ),
    await c.probe(
      config,
      through(() => "none"),
      app,
      Secret.of(P),
      soon(),
    ),
  ]).toEqual(["yes", "no"]);
  expect(
    await c.compare!(
      config,
      through(() => ({ match: 1 })),
      app,
      [Secret.of("a"), Secret.of("b")],
      nobody,
      soon(),
    ),
  ).toEqual({ match: 1 });
});
it("names that another tool would read otherwise, and passwords that end a record early, never leave", async () => {
  const before = asks.length;
  await fc.assert(
    fc.asyncProperty(
      fc.string({ maxLength: 40 }).filter((n) => !/^[A-Za-z0-9_][A-Za-z0-9_.$-]*$/.test(n) || /^\d+$/.test(n)),
      async (name) => {
        expect(
          await change(
            through(() => "done"),
            P,
            name,
          ),
        ).toEqual({ refused: "this is not the name of a local account" });
        expect(
          await c.probe(
            config,
            through(() => ({ match: 0 })),
            { name },
            Secret.of(P),
            soon(),
          ),
        ).toEqual({ unknown: "this is not the name of a local account" });
      },
    ),
  );
  for (const to of ["", "a\nb", "a\0b", "\u007f", "x".repeat(512)])
    expect(
      await change(
        through(() => "done"),
        to,
      ),
    ).toMatchObject({ refused: expect.any(String) });
  expect(asks.length).toBe(before);
});
it("a list comes whole, with keys where they were told", async () => {
  const list = [
    { name: "root", enabled: true, privileged: true, lastLogin: null, says: ["user id 0"], keys: ["SHA256:x"] },
    { name: "app1", enabled: null, privileged: false, says: [] },
  ];
  expect(
    await c.discover!(
      config,
      through(() => ({ accounts: list, facts: {} })),
      nobody,
      soon(),
    ),
  ).toEqual(list);
  expect(
    await c.discover!(
      config,
      through(() => ({ accounts: [...list, { name: "" }], facts: {} })),
      nobody,
      soon(),
    ),
  ).toEqual({ unknown: "the agent's answer could not be read" });
});
it("a Windows machine's accounts have its names and lengths, and on Windows and macOS no many are compared, because each would be a login", async () => {
  const set = (k: typeof c, name: string, to: string) => k.change(config, through(() => "done"), { name }, { to: Secret.of(to), order }, soon()),
    [win, mac] = [windowsAgent(), macosAgent()] as const;
  expect(await Promise.all([set(win, "Jörg O'Neil", P), set(win, "svc$x", "ö".repeat(127)), set(mac, "anna.b", "x".repeat(128))])).toEqual(["done", "done", "done"]);
  const NOT_LOCAL = { refused: "this is not the name of a local account" };
  expect(await Promise.all([set(win, "a/b", P), set(win, "a@b", P), set(win, "x".repeat(21), P), set(mac, "Jörg O'Neil", P), set(c, "Jörg O'Neil", P)])).toEqual(Array(5).fill(NOT_LOCAL));
  expect(await Promise.all([set(win, "a", "x".repeat(128)), set(mac, "a", "ö".repeat(65))])).toEqual([
    { refused: "a Windows password has at most 127 characters" },
    { refused: "a macOS password has at most 128 bytes" },
  ]);
  for (const k of [win, mac]) {
    expect([k.compare, k.endLogins, k.preflight, k.unaided]).toEqual([undefined, undefined, undefined, true]);
    expect(await k.probe(config, through(() => "none"), { name: "a" }, Secret.of(P), soon())).toBe("no");
    expect(await k.probe(config, through(() => ({ unknown: "locked out" })), { name: "a" }, Secret.of(P), soon())).toEqual({ unknown: "locked out" });
    expect((asks.at(-1)!.ask["boxes"] as string[]).length).toBe(1);
  }
});
