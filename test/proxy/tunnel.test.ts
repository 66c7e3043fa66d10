/** Agents at a whole broker: over the portal's own port, through the tunnel process, into the database, and back as a way to targets. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AgentId } from "../../src/kernel/ids.ts";
import * as agents from "../../src/store/agents.ts";
import { newSshKey, publicLine } from "../../src/wires/ssh.ts";
import { testAgent, type AgentOptions, type TestAgent } from "../lab/agent.ts";
import { enrolmentToken } from "../lab/agent-token.ts";
import { acceptIdentity } from "../../src/flow/identity.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import * as targets from "../../src/store/targets.ts";
import { until, world, type World } from "../e2e/world.ts";

let w: World, target: Server, port: number, brokerKey: string;
const heard: string[] = [], all: TestAgent[] = [];
beforeAll(async () => {
  w = await world({ accounts: 1 });
  brokerKey = publicLine(readFileSync(w.core.places.agentKey, "utf8"));
  target = createServer((s) => { s.on("error", () => undefined).on("data", (d: Buffer) => { heard.push(d.toString()); s.write(`echo ${d.toString()}`); }); });
  await once(target.listen(0, "127.0.0.1"), "listening");
  port = (target.address() as AddressInfo).port;
}, 60_000);
afterAll(async () => { await Promise.all(all.map((a) => a.stop())); target?.close(); await w?.close(); });

const token = (mode: "agent" | "gateway" = "agent"): Promise<string> => enrolmentToken(w.core.deps, w.caller("operator"), mode);
const agent = (o: Partial<AgentOptions> = {}): TestAgent => { const a = testAgent({ origin: w.origin, brokerKeys: [brokerKey], ...o }); all.push(a); return a; };
const enrolled = async (o: Partial<AgentOptions> = {}): Promise<TestAgent & { id: AgentId }> => {
  const a = agent({ token: await token(o.mode), ...o });
  await until("an agent is active", () => a.standings.some((s) => s.state === "active"), 15_000);
  return a as TestAgent & { id: AgentId };
};
/** The list, as the broker's own verbs change it. */
const allow = async (a: TestAgent, pairs: readonly string[]): Promise<void> => {
  const no = await w.core.deps.db.transaction((tx) => agents.setAllow(tx, a.id as AgentId, pairs));
  w.core.deps.bus.publish("agents");
  await until("the agent has its list", () => a.carry.no() === no, 10_000);
};
const dial = (via: readonly TestAgent[], host: string, at: number) => w.core.deps.link({ host, port: at, link: via.map((a) => a.id).join(" ") }).connect(AbortSignal.timeout(8_000));
const says = async (via: readonly TestAgent[], host: string, at: number, word: string): Promise<string> => {
  const stream = await dial(via, host, at);
  stream.write(word);
  const [answer] = await once(stream, "data") as [Buffer];
  stream.destroy();
  return answer.toString();
};

describe("an agent", () => {
  test("enrols over the portal's own socket, comes back by its key, is called and carries", async () => {
    const a = await enrolled({ name: "dmz-1" }), { deps } = w.core;
    expect(a.asked.slice(0, 2)).toEqual(["hello", "enrolled"]);
    expect(await agents.find(deps.db, a.id)).toMatchObject({ state: "active", name: "dmz-1", hostKey: a.publicLine, mode: "agent" });
    expect(deps.tunnel.heard(a.id)).not.toBeNull();
    expect(await deps.tunnel.call(a.id, "doctor", {}, AbortSignal.timeout(5_000))).toEqual({ checks: [] });
    await allow(a, [`localhost:${port}`, `127.0.0.1:${port}`]);
    expect(await says([a], "localhost", port, "hello")).toBe("echo hello");
    expect(await says([a], "127.0.0.1", port, "again")).toBe("echo again");
  });
  test("law: carry-by-allow-list — what is not on its list is refused in words, and not a byte gets there", async () => {
    const a = await enrolled(), before = heard.length;
    await expect(dial([a], "127.0.0.1", port)).rejects.toMatchObject({ code: "forbidden", message: `127.0.0.1:${port} cannot be reached through its agent (dmz-1: 127.0.0.1:${port} is not on the list of what it may carry to)` });
    expect(heard.length).toBe(before);
  });
  test("of several, the next one is tried when one is away, refuses, or finds nobody", async () => {
    const shut = createServer(), a = await enrolled(), b = await enrolled(), c = await enrolled();
    await once(shut.listen(0, "127.0.0.1"), "listening");
    await allow(c, [`127.0.0.1:${port}`]);
    await b.stop();
    await until("the broker knows that one is gone", () => w.core.deps.tunnel.heard(b.id) === null, 10_000);
    expect(await says([a, b, c], "127.0.0.1", port, "third")).toBe("echo third");
    await expect(dial([a, b], "127.0.0.1", port)).rejects.toMatchObject({ code: "upstream", message: expect.stringMatching(/through any of its agents \(dmz-1: .*not on the list.*; dmz-1: it is not connected\)/) });
    shut.close();
  });
  test("a stream that ends at the target ends here with everything it said", async () => {
    const big = Buffer.alloc(3_000_000, 5), server = createServer((s) => { s.on("error", () => undefined).end(big); });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const at = (server.address() as AddressInfo).port, a = await enrolled();
    await allow(a, [`127.0.0.1:${at}`]);
    let got = 0;
    for await (const part of await dial([a], "127.0.0.1", at)) got += (part as Buffer).length;
    expect(got).toBe(big.length);
    server.close();
  });
});

describe("law: agent-key-pinned — in both directions, over the whole way", () => {
  test("a broker with another key than the agent's: the agent answers nothing, its token stays unspent", async () => {
    const a = agent({ brokerKeys: [publicLine(newSshKey())], token: await token() });
    await until("the agent has refused", () => a.ends.includes("the broker did not prove the key that is pinned here"), 10_000);
    expect([a.asked, a.id]).toEqual([[], undefined]);
    await a.stop();
    const b = await enrolled({ token: a.token });
    expect(b.id).toMatch(/^agt_/);
  });
  test("an agent that shows another key than it enrolled with hears so, and the broker asks it nothing", async () => {
    const a = await enrolled();
    await a.stop();
    const thief = agent({ id: a.id });
    await until("the thief was told", () => thief.ends.some((e) => e.startsWith("The key this agent showed is not the one it enrolled with")), 10_000);
    expect([thief.asked, w.core.deps.tunnel.heard(a.id)]).toEqual([[], null]);
    await thief.stop();
  });
  test("an unknown id, a spent token, a wrong token: told inside, by a broker that has proven itself, and let go", async () => {
    const spent = await enrolled(), stranger = agent({ id: "agt_00000000000000000000" }), again = agent({ token: spent.token }), guess = agent({ token: "lsa_guess" });
    for (const [a, why] of [[stranger, /not known here/], [again, /lets nobody in/], [guess, /lets nobody in/]] as const) {
      await until("it was told", () => a.standings.length > 0, 10_000);
      expect(a.standings[0]).toEqual({ state: "refused", why: expect.stringMatching(why) });
      await a.stop();
    }
    expect([stranger.asked.includes("hello"), again.id, guess.id]).toEqual([false, undefined, undefined]);
  });
  test("of two that show the same key and id, the newer one is the one that is there", async () => {
    const a = await enrolled();
    a.last();
    const ends = a.ends.length, b = agent({ id: a.id, hostKey: a.hostKey });
    b.last();
    await until("the newer is in", () => b.standings.length > 0, 10_000);
    await until("the older has ended", () => a.ends.length > ends, 10_000);
    expect([w.core.deps.tunnel.heard(a.id) === null, b.ends]).toEqual([false, []]);
    await b.stop();
  });
});

describe("the broker's side", () => {
  test("a pass leads to the address it was made for, and nobody makes one", async () => {
    const { passFor, passLink } = await import("../../src/links/via.ts"), a = await enrolled(), { deps, places } = w.core;
    await allow(a, [`127.0.0.1:${port}`]);
    const pass = deps.pass({ host: "127.0.0.1", port, link: a.id })!, go = (p: typeof pass) => passLink(places.exchange, p).connect(AbortSignal.timeout(5_000));
    (await go(pass)).destroy();
    for (const bad of [{ ...pass, port: port + 1 }, { ...pass, host: "localhost" }, { ...pass, via: ["agt_00000000000000000000"] }, passFor(Buffer.alloc(32), { via: [a.id], host: "127.0.0.1", port })]) {
      await expect(go(bad)).rejects.toMatchObject({ code: "forbidden", message: "this pass is not the broker's, or not for there" });
    }
  });
  test("a tunnel process that is killed is replaced, and its agents come back by themselves", async () => {
    const a = await enrolled(), before = w.broker!.tunnelPid()!, times = a.standings.length;
    process.kill(before, "SIGKILL");
    await until("the agent is back", () => a.standings.length > times, 20_000);
    expect(w.broker!.tunnelPid()).not.toBe(before);
    expect(await w.core.deps.tunnel.call(a.id, "doctor", {}, AbortSignal.timeout(5_000))).toEqual({ checks: [] });
  });
});

describe("a gateway behind a gateway", () => {
  test("comes in through the outer one's relay, which leads to the broker and nowhere else", async () => {
    const { relay } = await import("../../agent/relay.ts"), { wayOut } = await import("../../agent/dial.ts"), server = { host: "127.0.0.1", port: Number(new URL(w.origin).port) }, outer = await relay({ listen: { host: "127.0.0.1", port: 0 }, server, connect: (s) => wayOut({ server }, s), limit: 5_000, most: 50 });
    const inner = await enrolled({ name: "inner", proxy: { host: "127.0.0.1", port: outer.port } });
    await allow(inner, [`127.0.0.1:${port}`]);
    expect(await says([inner], "127.0.0.1", port, "through two")).toBe("echo through two");
    const ask = async (head: string): Promise<string> => {
      const s = connect({ host: "127.0.0.1", port: outer.port });
      s.on("error", () => undefined).write(`${head}\r\n\r\n`);
      let said = "";
      for await (const part of s) said += String(part);
      return said.split("\r\n")[0]!;
    };
    for (const elsewhere of [`127.0.0.1:${port}`, `localhost:${server.port}`, `127.0.0.1:${server.port}1`, "169.254.169.254:80"]) expect(await ask(`CONNECT ${elsewhere} HTTP/1.1`)).toBe(`HTTP/1.1 403 This relay leads to 127.0.0.1:${server.port} alone`);
    expect(await ask("GET http://127.0.0.1/ HTTP/1.1")).toBe("HTTP/1.1 405 Only CONNECT");
    outer.close();
    await until("without the relay it is away", () => w.core.deps.tunnel.heard(inner.id) === null, 10_000);
    await inner.stop();
  });
});

describe("a target that only an agent reaches", () => {
  test("its accounts are verified and changed, and sessions go there, by a name the broker does not know; when the agent goes, they end", async () => {
    const { deps } = w.core, t = (await targets.named(deps.db, "web-1"))!, name = "web-1.behind.example", a = await enrolled({ name: "web-1-agent", resolve: () => Promise.resolve(["127.0.0.1"]) });
    const moved = await changeTarget(deps, w.caller("operator"), t.id, { host: name, through: ["web-1-agent"] });
    await acceptIdentity(deps, w.caller("second"), t.id, moved.identityHash);
    expect(await w.ok("operator", "POST", "/targets/web-1/test", {})).toMatchObject({ ok: false, why: expect.stringContaining(`${name}:${t.port} is not on the list of what it may carry to`) });
    await allow(a, [`${name}:${t.port}`]);
    expect(await w.ok("operator", "POST", "/targets/web-1/test", {})).toMatchObject({ ok: true });
    await w.settled(w.account(0));
    const before = await w.host.shadow(w.names[0]!), request = await w.access(w.account(0)), live = await w.live(w.account(0));
    expect(a.served()!.carrying()).toBeGreaterThan(0);
    expect(await w.run(w.account(0), ["head -c 2000000 /dev/zero | wc -c"])).toMatchObject({ code: 0, out: "2000000\n" });
    a.served()!.close();
    expect((await live.exit).code).not.toBe(0);
    await until("the session has ended", async () => (await w.sessions({ request })).every((s) => s["state"] === "ended"));
    await w.rotated(0, before);
    expect([await w.host.opens(w.names[0]!, await w.vault(w.names[0]!)), await w.lost()]).toEqual([true, []]);
  }, 90_000);
});
