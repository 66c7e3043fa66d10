/** Agents in the portal and the API: the line is shown once and holds what it must, and each press is the verb's. Rule: no page but the one that made it holds a token. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { enrolAgent } from "../../src/flow/agent-enrol.ts";
import { openBrokerKeys } from "../../src/flow/broker-keys.ts";
import { fingerprintOf } from "../../src/crypto/envelope.ts";
import { agentUp } from "../../src/flow/agents.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { boxText } from "../../src/wires/agent-words.ts";
import { newSshKey, publicLine, signText } from "../../src/wires/ssh.ts";
import { Browser, world, type World } from "./world.ts";

const KEY = `SHA256:${"k".repeat(43)}`,
  PROGRAM = "// the program\n",
  HOST = newSshKey(),
  HOST_KEY = publicLine(HOST);
let w: World, operator: Browser, auditor: Browser, outsider: Browser, root: string, id: string;

beforeAll(async () => {
  w = await world();
  // Another place than this tree's, where the program may have been built.
  root = mkdtempSync(join(tmpdir(), "lockstep-root-"));
  Object.assign(w.deps.config, { root });
  [operator, auditor, outsider] = [
    await new Browser(w).login("operator"),
    await new Browser(w).login("auditor"),
    await new Browser(w).login("outsider"),
  ];
});
afterAll(async () => {
  if (root) rmSync(root, { recursive: true, force: true });
  await w.close();
});

it("where no machine can be let in the page says why, and makes no token", async () => {
  expect((await operator.get("/agents")).text).toMatch(/Add a host.*No agent yet/s);
  expect((await operator.get("/agents/new")).text).toMatch(/not built on this broker. Build it with: npm run agent/);
  expect((await operator.post("/agents/new", { mode: "agent", kind: "once" })).text).toContain("not built on this broker");
  expect((await operator.get("/agents")).text).not.toContain("Tokens that still let a machine in");
  expect((await new Browser(w).get("/download/lockstep-agent.mjs")).status).toBe(404);
});

it("the line names the broker, its key, the program's hash and a token, once; the program is anybody's to fetch", async () => {
  mkdirSync(join(root, "dist/agent"), { recursive: true });
  writeFileSync(join(root, "dist/agent/lockstep-agent.mjs"), PROGRAM);
  Object.assign(w.deps.config, { agentKeys: [KEY] });
  const page = await operator.post("/agents/new", { mode: "agent", kind: "once", owner: "operator" });
  const line = page.text.replaceAll("&#39;", "'").replaceAll("&quot;", '"').replaceAll("&amp;", "&"),
    sum = createHash("sha256").update(PROGRAM).digest("hex");
  for (const part of [
    "/download/lockstep-agent.mjs'",
    `echo "${sum}  $d/lockstep-agent.mjs" | sha256sum -c`,
    `--broker-key '${KEY}'`,
    "--user 'operator'",
  ])
    expect(line).toContain(part);
  const token = /printf %s '(lsa_[A-Za-z0-9_-]{22})' \| node/.exec(line)![1]!;
  expect((await new Browser(w).get("/download/lockstep-agent.mjs")).text).toBe(PROGRAM);
  for (const at of ["/agents", "/agents/new", "/audit"]) expect((await operator.get(at)).text).not.toContain(token);
  expect((await operator.get("/agents")).text).toContain("Tokens that still let a machine in");
  id = await enrolAgent(w.core.deps, {
    hostKey: HOST_KEY,
    brokerKey: "ssh-ed25519 AAAA",
    address: "192.0.2.9",
    token,
    mode: "agent",
    serverName: "Dmz-1",
    userName: "operator",
    version: "0.1.0",
    boxKey: "b",
    facts: { system: "<b>Debian</b>" },
  });
  await agentUp(w.core.deps, id as never, {
    hostKey: HOST_KEY,
    brokerKey: "ssh-ed25519 AAAA",
    version: "0.1.0",
    boxKey: "b",
    boxProof: signText(Secret.of(HOST), boxText(id, "b")),
    allowNo: 0,
    facts: { system: "<b>Debian</b>" },
    sshKeys: [],
    skewMs: 95_000,
  });
});

it("one of them: both fingerprints, its clock, its target without Remote reset; what it says of itself is text", async () => {
  const page = (await operator.get(`/agents/${id}`)).text;
  expect(page).toMatch(/Dmz-1.*late.*2 min ahead.*SHA256:.*SHA256:k{43}.*&lt;b&gt;Debian/s);
  const target = /\/targets\/(tgt_\w+)/.exec(page)![1]!,
    t = (await operator.get(`/targets/${target}`)).text;
  expect(t).toMatch(/its own agent.*Nothing of it is managed/s);
  expect(t).not.toContain("Remote reset");
  expect((await operator.get(`/targets/${target}/reset`)).text).toContain("Its own agent changes the passwords");
  expect((await auditor.get(`/agents/${id}`)).text).not.toContain("Revoke");
  expect((await outsider.get(`/agents/${id}`)).status).toBe(404);
});

it("the broker's key: another one follows by press, who does not know it stands by name, and is cut off only where the press names it", async () => {
  await openBrokerKeys(w.core.deps);
  expect((await operator.get("/agents")).text).toMatch(/Give the broker another key.*so nobody is cut off/s);
  expect((await auditor.get("/agents")).text).not.toContain("Give the broker another key");
  expect((await auditor.post("/broker-keys/roll", {})).status).toBe(403);
  expect((await operator.post("/broker-keys/roll", {})).to).toBe("/agents?done=broker-key");
  const page = (await operator.get("/agents")).text,
    both = w.core.deps.brokerKeys.lines().map(fingerprintOf);
  for (const one of both) expect(page).toContain(one);
  expect(page).toMatch(/0 of 1 have pinned the new key.*knows neither.*Retire it and cut off 1/s);
  expect((await operator.post("/broker-keys/retire", {})).text).toContain("This would cut off Dmz-1");
  expect((await operator.post("/broker-keys/retire", { cut: id })).to).toBe("/agents?done=broker-key-retired");
  expect((await operator.get("/agents")).text).toMatch(/Cut off, because they know another key than this.*Dmz-1/s);
  expect(w.core.deps.brokerKeys.lines().map(fingerprintOf)).toEqual([both[1]]);
});

it("paused, resumed and revoked with a reason, by press; then it may be deleted and is off the list", async () => {
  const press = (what: string, form: Record<string, string> = {}) => operator.post(`/agents/${id}/${what}`, form);
  expect((await press("pause", { reason: "maintenance" })).to).toBe(`/agents/${id}?done=changed`);
  expect((await operator.get(`/agents/${id}`)).text).toMatch(/Paused.*by.*operator.*maintenance/s);
  await press("resume");
  expect((await press("allow", { allow: "10.0.0.1:22" })).text).toContain("An agent carries to its own machine alone");
  expect((await press("doctor")).text).toMatch(/tunnel does not run.*lockstep-agent doctor/s);
  expect((await press("delete")).text).toContain("Revoke it first");
  await press("revoke", { reason: "taken away" });
  await press("delete");
  expect((await operator.get("/agents")).text).not.toContain("Dmz-1");
});
