/** The connectors, and what people know of their platforms. Rule: nothing is known to one and not to the other. */
import { expect, test } from "vitest";
import { shippedSets } from "../../src/connectors/command-set/shipped.ts";
import { connectors } from "../../src/connectors/index.ts";
import { carriesSessions, noSessions, KNOWN_PLATFORMS, platformOf } from "../../src/domain/platform.ts";
import { givesSomething, PolicyBinding, PolicyTerms, type Policy } from "../../src/domain/policy.ts";
import { pinsOf } from "../../src/domain/target.ts";
import { systemRandom } from "../../src/kernel/clock.ts";

const policy = (preset: Policy["terms"]["preset"]) => ({ id: "pol_1", name: "p", active: true, terms: PolicyTerms.parse({ preset }), binding: PolicyBinding.parse({}) }) as Policy;

test("platforms of the domain are the connectors' own", () => {
  expect(KNOWN_PLATFORMS.toSorted()).toEqual([...connectors(systemRandom).keys()].toSorted());
  for (const [name, c] of connectors(systemRandom)) expect(c.platform).toBe(name);
});
test("what is known of a shipped command set is what its file says, and nothing of a strange one is made up", () => {
  expect(shippedSets().length).toBe(13);
  for (const { set } of shippedSets()) expect(platformOf(`cli:${set.set}`)).toMatchObject({ called: set.called, one: set.one, grade: set.grade, rights: set.needs, sessions: set.sessions });
  expect([platformOf("cli:mine").called, platformOf("cli:mine").grade]).toEqual(["command set mine", undefined]);
});
test("an unknown platform has no port of its own, and is kept from sessions by its missing key alone", () => {
  expect([platformOf("strange").port, carriesSessions({ platform: "strange", settings: {} })]).toEqual([null, true]);
});
test("a policy of sessions alone gives nothing where there are none; one that shows the password does", () => {
  const gives = (platform: string) => (["session", "shared", "release", "break-glass"] as const).filter((p) => givesSomething(policy(p), { platform, settings: {} }));
  expect([gives("linux-ssh"), gives("postgres")]).toEqual([["session", "shared", "release", "break-glass"], ["release", "break-glass"]]);
  expect(noSessions({ name: "db-1", platform: "postgres" })).toMatch(/^db-1 is a PostgreSQL server: .*release or break-glass/);
});
test("what a person pins is read by the connector it was made by, and by no other", () => {
  const [linux, postgres] = ["linux-ssh", "postgres"].map((n) => connectors(systemRandom).get(n)!), line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9aXyQyYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi", hex = "AB:".repeat(32).slice(0, -1);
  expect(linux!.pin!(`${line} a comment`)).toEqual({ settings: { hostKeys: [line] }, fingerprint: expect.stringMatching(/^SHA256:\S{43}$/), compareWith: "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" });
  expect(postgres!.pin!(hex.toLowerCase())).toMatchObject({ settings: { certificates: [hex] }, fingerprint: hex });
  expect([linux!.pin!(hex), postgres!.pin!(line), linux!.pin!("ssh-ed25519 AAAA")]).toEqual([undefined, undefined, undefined]);
  expect(postgres!.pin!("plain")).toMatchObject({ settings: { tls: "off" } });
});
test("every target that proves itself by a certificate is pinned by the same settings", () => {
  const hex = "AB:".repeat(32).slice(0, -1);
  for (const name of ["postgres", "mysql", "redis", "influxdb", "etcd", "rabbitmq"]) {
    const c = connectors(systemRandom).get(name)!;
    expect(c.pin!(hex)).toMatchObject({ settings: { certificates: [hex] }, fingerprint: hex });
    expect([c.pin!("plain")?.settings, c.pin!("AA")]).toEqual([{ tls: "off" }, undefined]);
    expect(c.config.parse(c.pin!(hex)!.settings)).toMatchObject({ tls: "pinned", certificates: [hex] });
  }
});
test("what is pinned is what counts: certificates kept beside another way of trust are not", () => {
  const settings = { certificates: ["AB"], authority: "" };
  expect([{ hostKeys: ["k"] }, settings, { ...settings, tls: "pinned" }, { ...settings, tls: "off" }, { ...settings, tls: "authority" }, {}].map((s) => pinsOf({ settings: s })))
    .toEqual([["k"], ["AB"], ["AB"], [], [], []]);
});
