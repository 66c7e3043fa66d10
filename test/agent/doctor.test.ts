/**
 * The doctor against a real broker and its tunnel: one thing is broken, and it is the first line that fails. What is the machine's own is in
 * verbs.test.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { confText } from "../../agent/conf.ts";
import type { Check } from "../../agent/doctor.ts";
import { enroll } from "../../agent/install.ts";
import { doctor } from "../../agent/run.ts";
import { openState } from "../../agent/state.ts";
import { toolsOf, type Tools } from "../../agent/tools.ts";
import { fingerprintOf } from "../../src/crypto/envelope.ts";
import { EnrolmentInput } from "../../src/domain/agent.ts";
import { newEnrolment } from "../../src/flow/agent-enrol.ts";
import { revokeAgent } from "../../src/flow/agent-moves.ts";
import { systemClock, systemRandom } from "../../src/kernel/clock.ts";
import type { AgentId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { times } from "../../src/kernel/times.ts";
import { newKeyPair } from "../../src/wires/ssh.ts";
import { hostless } from "../e2e/hostless.ts";
import type { World } from "../e2e/world.ts";
import { freePort } from "../lab/ports.ts";

let w: World,
  dir = "";
const asRoot = { uid: 0 },
  soon = () => AbortSignal.timeout(30_000);
const tools = (name: string, over: Partial<Tools> = {}): Tools =>
  toolsOf({
    places: { conf: join(dir, name, "agent.conf"), state: join(dir, name, "state") },
    clock: systemClock,
    random: systemRandom,
    say: () => undefined,
    log: () => undefined,
    self: "",
    times: { ...times(), handshake: 2_000, agentWord: 4_000 },
    ...over,
  });
type Conf = Parameters<typeof confText>[0];
const good = (): Conf => {
  const at = new URL(w.origin);
  return {
    ServerName: at.hostname,
    ServerPort: Number(at.port),
    UserName: "operator",
    BrokerKey: w.broker!.web.config.agentKeys ?? [],
    Tls: "off",
    HostName: "dmz-1",
  };
};
const token = async (): Promise<string> => reveal((await newEnrolment(w.core.deps, w.caller("operator"), EnrolmentInput.parse({}))).token);
/** One that is in, and nothing running. */
const enrolled = async (name: string): Promise<{ t: Tools; id: AgentId }> => {
  const t = tools(name);
  return { t, id: (await enroll(t, { conf: good(), token: await token() }, soon())) as AgentId };
};
const write = (t: Tools, conf: Conf): void => writeFileSync(t.places.conf, confText({ ...good(), ...conf }));
const first = (checks: readonly Check[]): string => {
  const c = checks.find((x) => !x.ok);
  return c ? `${c.check}: ${c.says} | ${c.hint ?? ""}` : `${checks.length} well`;
};
const diagnosed = async (t: Tools): Promise<string> => first(await doctor(t, soon(), asRoot));

beforeAll(async () => {
  w = await hostless();
  dir = mkdtempSync(join(tmpdir(), "lockstep-doctor-"));
});
afterAll(async () => {
  rmSync(dir, { recursive: true, force: true });
  await w?.close();
});

it("an enrolled agent is well, and each thing that is broken is the first line that fails", async () => {
  const { t } = await enrolled("one");
  expect(await diagnosed(t)).toMatch(/well$|^accounts: /);
  write(t, { ServerName: "no-such-broker.invalid" });
  expect(await diagnosed(t)).toMatch(/^name: the name no-such-broker.invalid is not known here \| write the broker's address/);
  const shut = await freePort();
  write(t, { ServerPort: shut });
  expect(await diagnosed(t)).toMatch(new RegExp(`^port: .*:${shut} cannot be reached: the connection was refused \\| open `));
  write(t, { Tls: "any" });
  expect(await diagnosed(t)).toMatch(/^tls: .*TLS came about \| let this machine trust/);
  const other = createServer((_q, r) => {
    r.statusCode = 404;
    r.end("not here");
  });
  await new Promise<void>((up) => other.listen(0, "127.0.0.1", up));
  write(t, { ServerPort: (other.address() as AddressInfo).port });
  expect(await diagnosed(t)).toMatch(/^portal: .*\| look whether .* is the broker.s portal/);
  other.close();
  write(t, { UserName: "nobody" });
  expect(await diagnosed(t)).toMatch(/^UserName: UserName=nobody, and by the broker it belongs to operator \| write UserName=operator/);
  write(t, {});
  const ahead = { ...systemClock, now: () => new Date(systemClock.now().getTime() + 600_000) };
  expect(await diagnosed({ ...t, clock: ahead })).toMatch(/^clock: this machine's clock is 10 minutes ahead of the broker's \| let a time service/);
  write(t, { BrokerKey: [fingerprintOf(newKeyPair().public)] });
  expect(await diagnosed(t)).toMatch(/^broker key: the broker did not prove the key that is pinned here \| compare BrokerKey/);
  // A broker that was restored with another key: its fingerprint in agent.conf is all it takes.
  write(t, {});
  expect(await diagnosed(t)).toMatch(/well$|^accounts: /);
  expect(await doctor(t, soon(), { uid: 1000 })).toMatchObject([{ check: "rights", ok: false, hint: expect.stringContaining("run it as root") }]);
});

it("a token that is not good, a UserName that is not its owner's, and a revoked agent are told apart", async () => {
  const t = tools("two");
  await expect(enroll(t, { conf: good(), token: "lsa_guessed" }, soon())).rejects.toThrow(/This token lets nobody in/);
  expect(await diagnosed(t)).toMatch(/^enrolled: the broker does not let it in: This token lets nobody in.* \| make a new token/);
  await expect(enroll(t, { conf: { ...good(), UserName: "nobody" }, token: await token() }, soon())).rejects.toThrow(/UserName=nobody is not whom/);
  expect(await diagnosed(t)).toMatch(/^UserName: UserName=nobody is not whom this token was made for/);
  const { t: gone, id } = await enrolled("three");
  await revokeAgent(w.core.deps, w.caller("operator"), id, "for the test");
  expect(await diagnosed(gone)).toMatch(/^enrolled: the broker does not let it in: .*(revoked|not known)/);
});

it("a broker in its place that has another key is told nothing: the token stays where it is", async () => {
  const t = tools("four"),
    secret = await token();
  await expect(enroll(t, { conf: { ...good(), BrokerKey: [`SHA256:${"A".repeat(43)}`] }, token: secret }, soon())).rejects.toThrow(
    /did not prove the key/,
  );
  expect(await diagnosed(t)).toMatch(/^broker key: /);
  expect(openState(t.places.state).token()).toBe(secret);
  expect(await enroll(tools("five"), { conf: good(), token: secret }, soon())).toMatch(/^agt_/);
});
