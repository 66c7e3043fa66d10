import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CHANNELS as OF_PROXY } from "../../proxy/channel.ts";
import { CHANNELS, hostOf, isDestination, refusal, USUAL, type ChannelKind, type Wish } from "../../src/domain/channels.ts";
import { CHANNELS as OF_POLICY, PolicyTerms } from "../../src/domain/policy.ts";

const wish = (kind: ChannelKind): Wish => kind === "direct-tcpip" ? { kind, host: "localhost", port: 80 } : kind === "forwarded-tcpip" ? { kind, bind: "localhost", port: 0 } : kind === "streamlocal" ? { kind, path: "/run/x.sock", back: false } : { kind };
const to = (forwardTo: string[], host: string, port: number) => refusal({ channels: ["direct-tcpip"], forwardTo }, { kind: "direct-tcpip", host, port });

test("there is one list of channels", () => {
  expect(OF_PROXY).toBe(CHANNELS);
  expect(OF_POLICY).toBe(CHANNELS);
});
test("a policy that says nothing gives shell, exec, sftp, scp and a desktop, and no forward leads past the target itself", () => {
  const terms = PolicyTerms.parse({});
  expect(terms.channels).toEqual(["shell", "exec", "sftp", "scp", "desktop"]);
  expect(terms.forwardTo).toEqual(["localhost:*"]);
  expect(terms.files).toEqual({ readOnly: false, noDelete: false, allow: [], deny: [] });
});
test("every kind: given, it passes; not given, it is refused with a sentence", () => {
  for (const kind of CHANNELS) for (const given of [true, false]) {
    const said = refusal({ channels: given ? [kind] : CHANNELS.filter((k) => k !== kind), forwardTo: ["localhost:*", "/run/*"] }, wish(kind));
    if (given) expect([kind, said]).toEqual([kind, null]); else expect(said).toMatch(/^Your access does not include .+\.$/);
  }
  for (const kind of CHANNELS.filter((k) => !USUAL.includes(k))) expect(refusal(PolicyTerms.parse({}), wish(kind))).not.toBeNull();
});
describe("where a forward may lead", () => {
  test("by name and port; every loopback address is the target itself", () => {
    for (const host of ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "::1", "[::1]"]) expect(to(["localhost:*"], host, 5432)).toBeNull();
    expect(to(["localhost:5432"], "127.0.0.1", 22)).toBe("Your access does not include forwarding to localhost:22.");
    expect(to(["db-*.internal:5432"], "DB-1.internal", 5432)).toBeNull();
    expect(to(["*:*"], "anything.example", 1)).toBeNull();
  });
  test.each([["0.0.0.0"], ["::"], ["2130706433"], ["0x7f.1"], ["127.1"], ["localhost.evil.example"], ["::ffff:127.0.0.1"], ["10.0.0.1"], ["a b"], ["a\0b"], [""], ["a/../b"]])("%j is not the target itself", (host) => expect(to(["localhost:*"], host, 80)).not.toBeNull());
  test("nothing but what a pattern names", () => fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 40 }), fc.integer({ min: 0, max: 70_000 }), (host, port) => {
    if (to(["db-1:5432"], host, port) === null) expect([hostOf(host), port]).toEqual(["db-1", 5432]);
  }), { numRuns: 1_000 }));
  test("sockets by their path", () => {
    const socket = (path: string, forwardTo = ["/run/app/*.sock"]) => refusal({ channels: ["streamlocal"], forwardTo }, { kind: "streamlocal", path, back: false });
    expect(socket("/run/app/a.sock")).toBeNull();
    for (const path of ["/run/app/../docker.sock", "/run/docker.sock", "/run/app//x/.sock", "/run/app/./a.sock", "run/app/a.sock"]) expect(socket(path)).not.toBeNull();
    expect(socket("/run/x", ["*:*"])).not.toBeNull();
  });
  test("back: the target listens on its loopback alone", () => {
    for (const [bind, ok] of [["localhost", true], ["127.0.0.1", true], ["", false], ["0.0.0.0", false], ["*", false], ["10.0.0.1", false]] as const)
      expect([bind, refusal({ channels: ["forwarded-tcpip"], forwardTo: [] }, { kind: "forwarded-tcpip", bind, port: 0 }) === null]).toEqual([bind, ok]);
  });
  test("what is no destination is refused when the policy is written", () => {
    expect(["localhost:*", "*:443", "db.internal:5432", "[::1]:80", "/run/x.sock"].every(isDestination)).toBe(true);
    expect(["localhost", "db:", ":80", "db:http", "a b:80", "", "/a b"].some(isDestination)).toBe(false);
  });
});
