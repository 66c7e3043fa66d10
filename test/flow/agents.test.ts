/** Agents' lives by the verbs: who is let in by what, once; what a machine's first start makes; what other people have to accept. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EnrolmentInput, presence } from "../../src/domain/agent.ts";
import { linuxAgent, macosAgent, windowsAgent } from "../../src/connectors/linux-agent.ts";
import { endEnrolment, enrolAgent, newEnrolment, type Arrival } from "../../src/flow/agent-enrol.ts";
import { agentCard, agentList, askDoctor, enrolmentList } from "../../src/flow/agent-look.ts";
import { allowAgent, deleteAgent, giveAgent, mapAgent, pauseAgent, resumeAgent, revokeAgent, rollAgentKey } from "../../src/flow/agent-moves.ts";
import { tellGone } from "../../src/flow/agent-gone.ts";
import { agentDown, agentUp, mayUse, whoIs, type Up } from "../../src/flow/agents.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import { acceptIdentity } from "../../src/flow/identity.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { Fault } from "../../src/kernel/fault.ts";
import type { AgentId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as agents from "../../src/store/agents.ts";
import * as discoveries from "../../src/store/discoveries.ts";
import * as people from "../../src/store/people.ts";
import * as targets from "../../src/store/targets.ts";
import { boxText } from "../../src/wires/agent-words.ts";
import { newSshKey, publicLine, signText } from "../../src/wires/ssh.ts";
import { embedded } from "../store/engines.ts";
import { worldOn, type World } from "./world.ts";
import type { Caller } from "../../src/flow/record.ts";

let w: World, owner: Caller;
const dropped: string[] = [],
  asks: { verb: string; ask: object }[] = [];
let answer: (verb: string, ask: object) => unknown = () => ({}),
  here = new Set<string>();
const privates = new Map<string, string>(),
  key = (): string => {
    const made = newSshKey(),
      line = publicLine(made);
    privates.set(line, made);
    return line;
  };

beforeAll(async () => {
  w = await worldOn(await embedded(), {
    connectors: new Map([linuxAgent(), windowsAgent(), macosAgent()].map((c) => [c.platform, c as never])),
    tunnel: {
      call: (_id, verb, ask) => {
        asks.push({ verb, ask });
        return Promise.resolve().then(() => answer(verb, ask));
      },
      heard: (id) => (here.has(id) ? { beatAt: new Date() } : null),
      drop: (id) => {
        dropped.push(id);
      },
    },
  });
  owner = await w.person(["owner", "user"], {}, "keeper");
});
afterAll(() => w.close());

const token = async (by: Caller = w.operator, i: Partial<EnrolmentInput> = {}) => {
  const m = await newEnrolment(w.deps, by, EnrolmentInput.parse(i));
  return { text: reveal(m.token), enrolment: m.enrolment };
};
const arrival = (text: string, over: Partial<Arrival> = {}): Arrival => ({
  hostKey: key(),
  brokerKey: BROKER,
  address: "192.0.2.9",
  token: text,
  mode: "agent",
  serverName: "Web-1",
  userName: w.operator.person.name,
  version: "0.1.0",
  boxKey: "b".repeat(43),
  facts: {},
  ...over,
});
const BROKER = publicLine(newSshKey()),
  BOX = "c".repeat(43);
const up = (id: AgentId, hostKey: string, over: Partial<Up> = {}): Up => ({
  hostKey,
  brokerKey: BROKER,
  version: "0.1.0",
  boxKey: BOX,
  boxProof: signText(Secret.of(privates.get(hostKey)!), boxText(id, BOX)),
  allowNo: 0,
  facts: { system: "Debian" },
  sshKeys: ["ssh-ed25519 AAAA"],
  skewMs: 3,
  ...over,
});
const come = async (over: Partial<Arrival> = {}, by: Caller = w.operator): Promise<{ id: AgentId; hostKey: string }> => {
  const { text } = await token(by, { ...(over.mode ? { mode: over.mode } : {}) }),
    a = arrival(text, { userName: by.person.name, ...over }),
    id = await enrolAgent(w.deps, a);
  await agentUp(w.deps, id, up(id, a.hostKey, over.facts ? { facts: over.facts } : {}));
  return { id, hostKey: a.hostKey };
};
const code = (p: Promise<unknown>) =>
  p.then(
    () => "done",
    (e: unknown) => (e instanceof Fault ? `${e.code}: ${e.message}` : `strange: ${String(e)}`),
  );
const events = async (about: string) => (await w.said(about)).map((e) => e.replace(/ ok$/, ""));

describe("letting a machine in", () => {
  it("law: agent-key-pinned — a token is good once, and the key shown with it is the one it is known by", async () => {
    const { text, enrolment } = await token(),
      a = arrival(text),
      id = await enrolAgent(w.deps, a);
    expect(text).toMatch(/^lsa_[A-Za-z0-9_-]{22}$/);
    expect(enrolment.expiresAt.getTime() - enrolment.at.getTime()).toBe(times(1).agentToken);
    expect(await whoIs(w.deps, id)).toEqual([a.hostKey]);
    expect(await code(enrolAgent(w.deps, arrival(text)))).toMatch(/^forbidden: This token lets nobody in/);
    expect(await code(agentUp(w.deps, id, up(id, key())))).toMatch(/^forbidden/);
    expect((await agents.find(w.db, id))!.state).toBe("enrolled");
    await agentUp(w.deps, id, up(id, a.hostKey));
    expect((await agents.find(w.db, id))!.state).toBe("active");
    expect(await events(id)).toEqual(expect.arrayContaining(["agent.enrolled", "agent.up"]));
  });
  it("law: agent-key-pinned — passwords are sealed to no key that its own key has not signed", async () => {
    const { text } = await token(),
      a = arrival(text),
      id = await enrolAgent(w.deps, a),
      good = up(id, a.hostKey);
    for (const over of [{ boxKey: "d".repeat(43) }, { boxProof: up(id, key()).boxProof }, { boxProof: "" }])
      expect(await code(agentUp(w.deps, id, { ...good, ...over }))).toMatch(/^forbidden: This agent did not prove the key that passwords are sealed to/);
    expect(await agents.find(w.db, id)).toMatchObject({ state: "enrolled", boxKey: a.boxKey });
    await agentUp(w.deps, id, { ...good, skewMs: -6e12 });
    expect(await agents.find(w.db, id)).toMatchObject({ state: "active", boxKey: BOX, skewMs: -2_147_483_647 });
  });
  it("one that was let in and never heard of it is told again: by the same token, or by a new one for the same person; nobody else is", async () => {
    const { text, enrolment } = await token(),
      a = arrival(text),
      id = await enrolAgent(w.deps, a);
    expect(await enrolAgent(w.deps, a)).toBe(id);
    const { text: fresh } = await token(),
      { text: other } = await token(owner);
    expect(await code(enrolAgent(w.deps, { ...a, token: other, userName: owner.person.name }))).toMatch(/^conflict: That key is another agent's/);
    expect(await enrolAgent(w.deps, { ...a, token: fresh })).toBe(id);
    expect((await agents.findEnrolment(w.db, enrolment.id))!.used).toBe(1);
    expect(await code(enrolAgent(w.deps, { ...a, token: fresh, hostKey: key() }))).toMatch(/^forbidden: This token lets nobody in/);
    await agentUp(w.deps, id, up(id, a.hostKey));
    expect(await code(enrolAgent(w.deps, a))).toMatch(/^forbidden: This token lets nobody in/);
  });
  it("of twenty machines with one token one comes in, and with a key for five, five", async () => {
    for (const [i, many] of [
      [{}, 1],
      [{ kind: "many", uses: 5, hours: 1 }, 5],
    ] as const) {
      const { text } = await token(w.operator, i),
        got = await Promise.all(Array.from({ length: 20 }, () => code(enrolAgent(w.deps, arrival(text)))));
      expect(got.filter((g) => g === "done").length).toBe(many);
      expect(got.filter((g) => g.startsWith("forbidden: This token lets nobody in")).length).toBe(20 - many);
    }
  });
  it("guessed, ended and late tokens read the same, and the log holds each with its fingerprint", async () => {
    const { text: late, enrolment } = await token(),
      { text: gone, enrolment: ended } = await token(w.operator, { kind: "many" });
    await endEnrolment(w.deps, w.operator, ended.id);
    for (const q of [
      "alter table enrolments disable trigger user",
      `update enrolments set at = now() - interval '20 minutes', expires_at = now() - interval '11 minutes' where id = '${enrolment.id}'`,
      "alter table enrolments enable trigger user",
    ])
      await w.sql(q);
    const said = await Promise.all(["lsa_guessed", late, gone, ""].map((t) => code(enrolAgent(w.deps, arrival(t)))));
    expect(new Set(said).size).toBe(1);
    expect(said[0]).toMatch(/^forbidden: This token lets nobody in/);
    expect((await w.sql("select facts from events where what = 'agent.refused'")).length).toBeGreaterThanOrEqual(4);
  });
  it("a wrong UserName or Mode is said, and does not spend the token", async () => {
    const { text } = await token();
    expect(await code(enrolAgent(w.deps, arrival(text, { userName: "nobody" })))).toMatch(
      /^invalid: UserName=nobody is not whom this token was made for/,
    );
    expect(await code(enrolAgent(w.deps, arrival(text, { mode: "gateway" })))).toMatch(/^invalid: .*mode agent.*Mode=gateway/);
    expect(await code(enrolAgent(w.deps, arrival(text)))).toBe("done");
  });
  it("whatever a stranger calls itself, it is refused in a sentence and the log holds it legibly", async () => {
    const { text } = await token();
    for (const serverName of ["", "a b", "x".repeat(200), "-a", "<b>", "\ud800"]) {
      expect(
        await code(
          enrolAgent(w.deps, arrival("lsa_guessed", { serverName, userName: serverName, version: serverName, facts: { [serverName]: serverName } })),
        ),
      ).toMatch(/^forbidden/);
      expect(await code(enrolAgent(w.deps, arrival(text, { serverName })))).toMatch(/^invalid: .*is no name of a machine/);
    }
    expect(await code(enrolAgent(w.deps, arrival(text, { serverName: "\u202eevil\0", facts: { odd: "\ud800\0\u202e" } })))).toBe("done");
  });
  it("two machines never share a key, and who may not own machines lets none in", async () => {
    const { hostKey } = await come({ serverName: "twin" });
    expect(await code(enrolAgent(w.deps, arrival((await token()).text, { hostKey })))).toMatch(/^conflict: That key is another agent's/);
    expect(await code(token(w.requester))).toMatch(/^forbidden/);
    expect(await code(token(owner, { owner: w.operator.person.name }))).toMatch(/^forbidden: An owner lets machines in for themselves/);
    expect(await code(token(w.operator, { owner: w.requester.person.name }))).toMatch(/^invalid: The owner must be/);
    expect((await token(owner)).enrolment.owner).toBe(owner.person.id);
  });
  it("the table holds it too: ten minutes, once, and nothing is renewed", async () => {
    const bad = async (q: string) =>
      w.sql(q).then(
        () => "done",
        (e: unknown) =>
          String(
            (e as { constraint?: string; cause?: { constraint?: string } }).constraint ??
              (e as { cause?: { constraint?: string } }).cause?.constraint,
          ),
      );
    const { enrolment: e } = await token(),
      id = e.id,
      by = w.operator.person.id;
    expect(
      await bad(
        `insert into enrolments (id, hash, kind, mode, owner_id, by_id, at, expires_at, max_uses) values ('x', 'x', 'once', 'agent', '${by}', '${by}', now(), now() + interval '11 minutes', 1)`,
      ),
    ).toBe("enrolment_once");
    expect(await bad(`update enrolments set used = 2 where id = '${id}'`)).toBe("enrolment_uses");
    expect(await bad(`update enrolments set expires_at = now() + interval '9 minutes' where id = '${id}'`)).toBe("enrolments_kept");
    const { id: agent } = await come({ serverName: "kept" });
    expect(await bad(`update agents set host_key = 'another' where id = '${agent}'`)).toBe("agents_kept");
    expect(await bad(`delete from agents where id = '${agent}'`)).toBe("agents_kept");
  });
});

describe("the first start", () => {
  it("makes a target of its owner with a listing that waits, and nothing managed; it is made once", async () => {
    const { id, hostKey } = await come({ serverName: "Fresh.example" }, owner),
      a = (await agents.find(w.db, id))!,
      t = (await targets.find(w.db, a.target!))!;
    expect(t).toMatchObject({
      name: "fresh.example",
      platform: "linux-agent",
      host: "localhost",
      port: 22,
      owner: owner.person.id,
      administrative: null,
      settings: { agent: id, hostKeys: ["ssh-ed25519 AAAA"] },
    });
    expect(await accounts.onTarget(w.db, t.id)).toEqual([]);
    expect([(await discoveries.openOf(w.db, t.id))?.state, await discoveries.daily(w.db, t.id)]).toEqual(["waiting", true]);
    await agentDown(w.deps, id, "test");
    await agentUp(w.deps, id, up(id, hostKey));
    expect((await targets.all(w.db)).filter((x) => x.settings["agent"] === id).length).toBe(1);
    expect((await targets.find(w.db, (await agents.find(w.db, (await come({ serverName: "fresh.example" }, owner)).id))!.target!))!.name).toBe(
      "fresh.example-2",
    );
  });
  it("is of the kind the machine says it is, and an agent of another kind is not mapped to it", async () => {
    const kinds = [
      ["windows", "windows-agent"],
      ["macos", "macos-agent"],
      ["linux", "linux-agent"],
      ["beos", "linux-agent"],
    ] as const;
    const made = new Map<string, { agent: AgentId; target: string; platform: string }>();
    for (const [platform, wanted] of kinds) {
      const { id } = await come({ serverName: `kind-${platform}`, facts: { platform } }, owner),
        t = (await targets.find(w.db, (await agents.find(w.db, id))!.target!))!;
      expect([platform, t.platform]).toEqual([platform, wanted]);
      made.set(platform, { agent: id, target: t.id, platform: t.platform });
    }
    expect(await code(mapAgent(w.deps, owner, made.get("windows")!.agent, made.get("linux")!.target))).toMatch(
      /^conflict: kind-linux is no target of an agent on such a machine/,
    );
  });
  it("a gateway makes none, and nobody adds such a target by hand", async () => {
    const { id } = await come({ mode: "gateway", serverName: "gate" });
    expect((await agents.find(w.db, id))!.target).toBeNull();
    expect(
      await code(
        Promise.resolve().then(() =>
          addTarget(w.deps, w.operator, { name: "by-hand", platform: "linux-agent", host: "localhost", settings: { agent: id, hostKeys: [] } }),
        ),
      ),
    ).toMatch(/^invalid: .*made by its agent/);
  });
});

describe("its life", () => {
  it("paused is asked nothing, revoked is cut and not let in, deleted is off the lists; each with a reason and an event", async () => {
    const { id, hostKey } = await come({ serverName: "life" });
    expect(await mayUse(w.deps, id)).toBeNull();
    expect(await code(pauseAgent(w.deps, w.operator, id, " "))).toMatch(/^invalid: Say why/);
    expect(await code(pauseAgent(w.deps, owner, id, "not mine"))).toMatch(/^not_found/);
    await pauseAgent(w.deps, w.operator, id, "maintenance");
    expect(await mayUse(w.deps, id)).toMatch(/paused: maintenance/);
    expect(await agentUp(w.deps, id, up(id, hostKey))).toMatchObject({ state: "paused", why: "maintenance" });
    expect(await code(deleteAgent(w.deps, w.operator, id))).toMatch(/^conflict: .*Revoke it first/);
    await resumeAgent(w.deps, w.operator, id);
    await revokeAgent(w.deps, w.operator, id, "taken away");
    expect([dropped.at(-1), await whoIs(w.deps, id), await code(agentUp(w.deps, id, up(id, hostKey)))]).toEqual([
      id,
      null,
      "forbidden: This agent is not let in (any more).",
    ]);
    expect(await code(resumeAgent(w.deps, w.operator, id))).toMatch(/^conflict/);
    await deleteAgent(w.deps, w.operator, id);
    expect((await agentList(w.deps, w.operator)).some((l) => l.agent.id === id)).toBe(false);
    expect(await events(id)).toEqual(expect.arrayContaining(["agent.paused", "agent.resumed", "agent.revoked", "agent.deleted"]));
  });
  it("another key follows only where the present one announced it, and the old one is out at its first use", async () => {
    const { id, hostKey } = await come({ serverName: "roller" }),
      next = key();
    answer = (_v, ask) => ("yours" in ask && ask.yours === "announce" ? { hostKey, next } : { hostKey: next, next: null });
    await rollAgentKey(w.deps, w.operator, id);
    expect([await whoIs(w.deps, id), dropped.at(-1)]).toEqual([[hostKey, next], id]);
    expect(await code(agentUp(w.deps, id, up(id, key())))).toMatch(/^forbidden/);
    await agentUp(w.deps, id, up(id, next));
    expect([await whoIs(w.deps, id), await code(agentUp(w.deps, id, up(id, hostKey)))]).toEqual([
      [next],
      "forbidden: This agent is not let in (any more).",
    ]);
    answer = () => ({ hostKey: key(), next: key() });
    expect(await code(rollAgentKey(w.deps, w.operator, id))).toMatch(/^conflict: The agent announced no key/);
    expect(await events(id)).toEqual(expect.arrayContaining(["agent.key_announced", "agent.key_turned"]));
  });
  it("law: no-way-round-2 — mapped to another target its accounts stop, until somebody else has accepted", async () => {
    const old = await come({ serverName: "old" }),
      fresh = await come({ serverName: "anew" }),
      t = (await agents.find(w.db, old.id))!.target!;
    const account = await addAccount(w.deps, w.operator, { target: t, name: "app1" });
    here = new Set([old.id]);
    expect(await code(mapAgent(w.deps, w.operator, fresh.id, t))).toMatch(/^conflict: The agent old stands for old and is connected/);
    here = new Set();
    await mapAgent(w.deps, w.operator, fresh.id, t);
    const after = (await targets.find(w.db, t))!;
    expect([after.settings["agent"], after.link, after.identityNo, (await accounts.find(w.db, account.id))!.block]).toEqual([
      fresh.id,
      fresh.id,
      2,
      "identity_changed",
    ]);
    expect(await code(acceptIdentity(w.deps, w.operator, t, after.identityHash))).toMatch(/^forbidden: You changed where/);
    await acceptIdentity(w.deps, w.second, t, after.identityHash);
    expect((await accounts.find(w.db, account.id))!.block).toBe("none");
    expect([(await agents.find(w.db, old.id))!.target, (await agents.ofTarget(w.db, t))!.id]).toEqual([null, fresh.id]);
  });
  it("law: no-way-round-4 — given to somebody else it is noted for a second person", async () => {
    const { id } = await come({ serverName: "given" }),
      before = (await people.openChanges(w.db)).length;
    await giveAgent(w.deps, w.operator, id, "keeper");
    const a = (await agents.find(w.db, id))!;
    expect([a.owner, (await targets.find(w.db, a.target!))!.owner, (await people.openChanges(w.db)).length]).toEqual([
      owner.person.id,
      owner.person.id,
      before + 1,
    ]);
  });
  it("what is somebody else's target stays theirs when its agent is given away", async () => {
    const { id } = await come({ serverName: "lent" }, owner),
      t = (await agents.find(w.db, id))!.target!;
    await changeTarget(w.deps, w.operator, t, { owner: w.operator.person.id });
    await giveAgent(w.deps, owner, id, w.second.person.name);
    expect([(await agents.find(w.db, id))!.owner, (await targets.find(w.db, t))!.owner]).toEqual([w.second.person.id, w.operator.person.id]);
  });
  it("a list that a restored broker knows nothing of counts for less than its own", async () => {
    const { id, hostKey } = await come({ mode: "gateway", serverName: "restored" });
    await agentUp(w.deps, id, up(id, hostKey, { allowNo: 10 }));
    expect((await agents.find(w.db, id))!.allowNo).toBe(11);
    await agentUp(w.deps, id, up(id, hostKey, { allowNo: 11 }));
    expect((await agents.find(w.db, id))!.allowNo).toBe(11);
  });
  it("an agent carries to its own machine alone; each list has a higher number", async () => {
    const { id } = await come({ serverName: "carrier" }),
      { id: gate } = await come({ mode: "gateway", serverName: "gate-2" });
    expect(await code(allowAgent(w.deps, w.operator, id, ["10.0.0.1:22"]))).toMatch(/^invalid: An agent carries to its own machine alone/);
    expect(await code(allowAgent(w.deps, w.operator, gate, ["no destination"]))).toMatch(/^invalid: no destination: host:port/);
    for (const special of ["169.254.169.254:80", "0x7f.1:22", "[fe80::1]:22"]) expect(await code(allowAgent(w.deps, w.operator, gate, [special]))).toMatch(/^invalid/);
    await allowAgent(w.deps, w.operator, gate, ["db-1.island:5432", " db-1.island:5432", "[2001:db8::1]:22"]);
    expect(await agents.find(w.db, gate)).toMatchObject({ allow: ["db-1.island:5432", "[2001:db8::1]:22"], allowNo: 2 });
  });
});

describe("gone", () => {
  it("is told once for each time one went, and not of those that are paused or there", async () => {
    const { id, hostKey } = await come({ serverName: "goer" }),
      { id: paused } = await come({ serverName: "resting" }),
      old = (a: string) => w.sql(`update agents set seen_at = now() - interval '1 hour' where id = '${a}'`);
    await pauseAgent(w.deps, w.operator, paused, "maintenance");
    const count = async (a: string) => (await events(a)).filter((e) => e.startsWith("agent.gone")).length;
    for (const a of [id, paused]) await old(a);
    here = new Set([id]);
    await tellGone(w.deps);
    expect([await count(id), await count(paused)]).toEqual([0, 0]);
    here = new Set();
    for (let i = 0; i < 3; i++) await tellGone(w.deps);
    expect([await count(id), await count(paused)]).toEqual([1, 0]);
    expect((await w.sql("select subject from notices where kind = 'agent_gone'")).map((r) => r["subject"])).toEqual(["The agent goer is gone"]);
    await agentUp(w.deps, id, up(id, hostKey));
    await tellGone(w.deps);
    expect(await count(id)).toBe(1);
  });
});

describe("as people see it", () => {
  it("theirs alone, by id or name; presence is the tunnel's word of this moment", async () => {
    const { id } = await come({ serverName: "seen" }, owner);
    expect((await agentList(w.deps, owner)).every((l) => l.agent.owner === owner.person.id)).toBe(true);
    expect(await code(agentCard(w.deps, w.requester, id))).toMatch(/^not_found/);
    expect((await agentCard(w.deps, w.auditor, "seen")).agent.id).toBe(id);
    here = new Set([id]);
    expect((await agentCard(w.deps, owner, id)).presence).toBe("connected");
    here = new Set();
    expect((await agentCard(w.deps, owner, id)).presence).toBe("late");
    const now = new Date(),
      t = times(1),
      ago = (ms: number) => new Date(now.getTime() - ms);
    expect([
      presence({ seenAt: null }, null, now, t),
      presence({ seenAt: ago(t.agentGone + 1) }, null, now, t),
      presence({ seenAt: null }, { beatAt: ago(3 * t.agentBeat) }, now, t),
      presence({ seenAt: null }, { beatAt: ago(t.agentBeat) }, now, t),
    ]).toEqual(["never", "gone", "late", "connected"]);
  });
  it("its doctor is asked on the machine, and where that cannot be, the page says what to do", async () => {
    const { id } = await come({ serverName: "ill" });
    answer = () => ({ checks: [{ check: "rights", ok: true, says: "runs as root" }] });
    expect(await askDoctor(w.deps, w.operator, id)).toEqual({ checks: [{ check: "rights", ok: true, says: "runs as root" }], unreachable: null });
    answer = () => {
      throw new Fault("unavailable", "The agent ill is not connected.");
    };
    expect((await askDoctor(w.deps, w.operator, id)).unreachable).toMatch(/not connected.*lockstep-agent doctor/);
    expect(await code(askDoctor(w.deps, w.auditor, id))).toMatch(/^forbidden/);
    expect((await enrolmentList(w.deps, owner)).every((e) => e.owner === owner.person.id)).toBe(true);
  });
});
