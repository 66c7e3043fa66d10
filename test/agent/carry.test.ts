/** Where an agent carries to: the signed list, its own narrowing, and addresses nobody may be led to, whatever name or spelling leads there. */
import { networkInterfaces } from "node:os";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { carrier, reachOf, type CarryOptions } from "../../agent/carry.ts";
import { Pair, pairText, refusedAddress, refusedPair } from "../../src/domain/carry.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { signedText, type SignedList } from "../../src/wires/agent-words.ts";
import { newSshKey, publicLine, signText } from "../../src/wires/ssh.ts";
import { FORBIDDEN } from "./forbidden.ts";

const BROKER = newSshKey(), ME = "agt_00000000000000000000", OTHER = "agt_11111111111111111111";
const listed = (allow: readonly string[], o: { key?: string; agent?: string; no?: number } = {}): SignedList => {
  const list = JSON.stringify({ v: 1, agent: o.agent ?? ME, no: o.no ?? 1, allow });
  return { list, signature: signText(Secret.of(o.key ?? BROKER), signedText(list)) };
};
const made = (allow: readonly string[], o: Partial<CarryOptions> = {}) => {
  const kept: SignedList[] = [], c = carrier({ agent: () => ME, own: false, brokerKeys: () => [publicLine(BROKER)], narrowed: null, kept: undefined, keep: (s) => kept.push(s), ...o });
  if (allow.length > 0) c.take(listed(allow));
  return { c, kept };
};
const refused = async (c: { mayCarry(h: string, p: number): Promise<unknown> }, host: string, port = 22): Promise<string> => c.mayCarry(host, port).then(() => "carried", (e: Error) => e.message);

describe("law: carry-by-allow-list", () => {
  test("nothing without a list; then exactly its pairs, names without regard to capitals or a last dot", async () => {
    const { c } = made([]);
    expect(await refused(c, "192.0.2.5")).toBe("192.0.2.5:22 is not on the list of what it may carry to");
    c.take(listed(["192.0.2.5:22", "db.island:5432", "[2001:db8::5]:22"]));
    expect(await c.mayCarry("192.0.2.5", 22)).toEqual([{ host: "192.0.2.5", port: 22 }]);
    expect(await c.mayCarry("2001:db8::5", 22)).toEqual([{ host: "2001:db8::5", port: 22 }]);
    for (const [host, port] of [["192.0.2.5", 23], ["192.0.2.6", 22], ["192.0.2.50", 22], ["b.island", 5432], ["xdb.island", 5432], ["db.island.evil", 5432]] as const) {
      expect(await refused(c, host, port)).toBe(`${host}:${port} is not on the list of what it may carry to`);
    }
    const named = made(["db.island:5432"], { resolve: () => Promise.resolve(["192.0.2.9"]) }).c;
    expect(await named.mayCarry("DB.Island.", 5432)).toEqual([{ host: "192.0.2.9", port: 5432 }]);
  });
  test("a list of another key, of another agent, of an older number, or with one bit changed is not taken, and what was there stays", async () => {
    const { c, kept } = made(["192.0.2.5:22"]), good = listed(["192.0.2.6:22"], { no: 2 });
    const unsigned = "This list is not signed by this agent's broker, or is another agent's.";
    for (const bad of [listed(["192.0.2.6:22"], { key: newSshKey(), no: 2 }), listed(["192.0.2.6:22"], { agent: OTHER, no: 2 }), { ...good, list: good.list.replace("192.0.2.6", "192.0.2.7") }, { ...good, signature: "AAAA" }]) {
      expect(() => c.take(bad)).toThrow(unsigned);
    }
    c.take(good);
    expect(() => c.take(listed(["192.0.2.5:22"], { no: 1 }))).toThrow("This list has the number 1, and number 2 was seen already.");
    expect([await refused(c, "192.0.2.5"), await refused(c, "192.0.2.6"), c.no(), kept.length]).toEqual(["192.0.2.5:22 is not on the list of what it may carry to", "carried", 2, 2]);
  });
  test("what was kept counts after a restart only while its signature does", async () => {
    const kept = listed(["192.0.2.5:22"], { no: 7 });
    expect(made([], { kept }).c.no()).toBe(7);
    expect(made([], { kept: { ...kept, list: kept.list.replace(".5", ".6") } }).c.no()).toBe(0);
    expect(made([], { kept, brokerKeys: () => [publicLine(newSshKey())] }).c.no()).toBe(0);
  });
  test("agent.conf narrows and never widens", async () => {
    const { c } = made(["192.0.2.5:22", "192.0.2.6:22"], { narrowed: ["192.0.2.5:22", "192.0.2.99:22"] });
    expect([await refused(c, "192.0.2.5"), await refused(c, "192.0.2.6"), await refused(c, "192.0.2.99")])
      .toEqual(["carried", "192.0.2.6:22 is not allowed by the Allow of its own agent.conf", "192.0.2.99:22 is not on the list of what it may carry to"]);
  });
  test("200 forbidden destinations, each on the list as it is asked for: none is given an address to dial", async () => {
    expect(FORBIDDEN.length).toBeGreaterThanOrEqual(200);
    const answers = await Promise.all(FORBIDDEN.map(async ({ host, port, resolves }) => {
      const { c } = made([pairText(host, port)], { resolve: (name) => Promise.resolve(resolves ?? [name]) });
      return [host, await refused(c, host, port)] as const;
    }));
    for (const [host, why] of answers) expect([host, why]).toEqual([host, expect.stringMatching(/nothing is carried there|is no address|in disguise|no host and port/)]);
  });
  test("a name that changes its mind is judged each time, and what was judged is what is dialled", async () => {
    let n = 0;
    const answers = [["192.0.2.9"], ["127.0.0.1"], ["192.0.2.9", "169.254.169.254"], []], { c } = made(["rebind.example:80"], { resolve: () => Promise.resolve(answers[n++]!) });
    expect(await c.mayCarry("rebind.example", 80)).toEqual([{ host: "192.0.2.9", port: 80 }]);
    expect(await refused(c, "rebind.example", 80)).toMatch(/127\.0\.0\.1 is the gateway itself/);
    expect(await refused(c, "rebind.example", 80)).toMatch(/169\.254\.169\.254 is a link-local, metadata/);
    expect(await c.mayCarry("rebind.example", 80)).toEqual([]);
  });
  test("an agent carries to its own machine alone; a gateway to everything but itself by loopback", async () => {
    const own = Object.values(networkInterfaces()).flatMap((i) => i ?? []).find((i) => !i.internal && i.family === "IPv4")?.address;
    const agent = made(["localhost:22", "192.0.2.5:22", ...(own ? [`${own}:22`] : [])], { own: true }).c;
    expect((await agent.mayCarry("localhost", 22)).map((a) => a.host)).toContain("127.0.0.1");
    expect(await refused(agent, "192.0.2.5")).toBe("192.0.2.5:22: 192.0.2.5 is another machine: an agent carries to its own alone");
    if (own) expect(await refused(agent, own)).toBe("carried");
    expect(await refused(made(["localhost:22"]).c, "localhost")).toMatch(/is the gateway itself: nothing is carried there/);
  });
});

describe("addresses", () => {
  const gateway = { own: false, mine: [], broadcasts: [] };
  test("however an IPv4 address is written as IPv6, it is judged as itself", () => {
    fc.assert(fc.property(fc.constantFrom("127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "10.0.0.1"), (four) => {
      const [a, b, c, d] = four.split(".").map(Number) as [number, number, number, number], high = ((a << 8) | b).toString(16), low = ((c << 8) | d).toString(16);
      const plain = refusedAddress(four, gateway) === null;
      for (const six of [`::ffff:${four}`, `::ffff:${high}:${low}`, `0:0:0:0:0:ffff:${high}:${low}`, `0000:0000:0000:0000:0000:FFFF:${high}:${low}`]) expect([six, refusedAddress(six, gateway) === null]).toEqual([six, plain]);
    }));
  });
  test("whatever text comes, nothing throws, and what is no address is refused", () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }), fc.integer({ min: -1, max: 70_000 }), (text, port) => {
      const a = refusedAddress(text, gateway), p = refusedPair(text, port, [], null);
      return (a === null || typeof a === "string") && typeof p === "string" && typeof Pair.safeParse(text).success === "boolean";
    }));
  });
  test("the list takes pairs as people write them, and says what is wrong with others", () => {
    for (const [text, kept] of [["192.0.2.5:22", "192.0.2.5:22"], ["DB-1.Island:5432", "db-1.island:5432"], ["[2001:DB8::5]:22", "[2001:db8::5]:22"], [" localhost:22 ", "localhost:22"]] as const) expect(Pair.parse(text)).toBe(kept);
    for (const text of ["192.0.2.5", "192.0.2.5:0", "192.0.2.5:65536", "2001:db8::5:22", "169.254.169.254:80", "0x7f.1:22", "2130706433:22", "017700000001:22", "010.0.0.1:22", "host:22:33", "a b:22", "*:22", "[fe80::1]:22", "[::ffff:169.254.169.254]:80"]) {
      expect([text, Pair.safeParse(text).success]).toEqual([text, false]);
    }
  });
  test("the last address of an own network is a broadcast", () => {
    const { mine, broadcasts } = reachOf(false);
    for (const address of broadcasts) expect(mine).not.toContain(address);
    expect(broadcasts).toContain("127.255.255.255");
  });
});
