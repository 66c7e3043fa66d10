/** Templates as data: what is put in stays in its place, and an answer nobody knows is unknown. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { http } from "../../src/connectors/http.ts";
import { etcd, influxdb, PRODUCTS, rabbitmq } from "../../src/connectors/http/products.ts";
import { answered, fill, outcome, wordsOf, type Step, type Template } from "../../src/connectors/http/template.ts";
import { rabbitHash, rabbitMatcher } from "../../src/connectors/http/verifier.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";

const texts = fc.string({ unit: "grapheme", maxLength: 40 });
const steps = (t: Template): Step[] => [
  t.look,
  t.change,
  t.right,
  t.list.step,
  ...(t.proof ? [t.proof] : []),
  ...(t.list.each ? [t.list.each] : []),
  ...(t.login === "basic" ? [] : [t.login.step]),
];

describe("filling", () => {
  test("law: whatever name and password are, each stands in its own place and changes nothing around it", () => {
    fc.assert(
      fc.property(texts, texts, (account, password) => {
        const values = { account, password, hash: password, tags: [account] };
        expect(JSON.parse(fill(etcd, etcd.change, values).body!)).toEqual({ name: account, password });
        const put = fill(rabbitmq, rabbitmq.change, values);
        expect(JSON.parse(put.body!)).toEqual({ password_hash: password, hashing_algorithm: "rabbit_password_hashing_sha256", tags: [account] });
        expect([put.path.split("/").length, decodeURIComponent(put.path.split("/")[3]!), /^[!-~]*$/.test(put.path)]).toEqual([4, account, true]);
        const q = new URLSearchParams(fill(influxdb, influxdb.change, values).body).get("q")!;
        const [, ident, string] = /^SET PASSWORD FOR "((?:[^"\\]|\\.)*)" = '((?:[^'\\]|\\.)*)'$/su.exec(q)!;
        expect([ident, string].map((s) => s!.replace(/\\(.)/gsu, "$1"))).toEqual([account, password]);
      }),
      { numRuns: 400 },
    );
  });
  test("every place of every template has its value and its quoting", () => {
    for (const t of PRODUCTS)
      for (const s of steps(t)) expect(() => fill(t, s, { account: "a", password: "p", hash: "h", tags: "" }), t.platform).not.toThrow();
    expect(() => fill(etcd, { ...etcd.change, path: "/{nothing}" }, {})).toThrow(/no value called nothing/);
    expect(() => fill(etcd, { ...etcd.change, path: "/{account|odd}" }, { account: "a" })).toThrow(/no quoting called odd/);
  });
});

describe("reading", () => {
  test("an answer no rule knows is unknown: errors of proxies, other statuses, other shapes", () => {
    for (const t of PRODUCTS)
      for (const s of steps(t))
        for (const [status, text] of [
          [500, "{}"],
          [502, "<html>"],
          [503, ""],
          [302, ""],
          [429, '{"error":"slow"}'],
          [100, ""],
        ] as const) {
          expect(outcome(s.rules, answered(status, text)), `${t.platform} ${status}`).toBe("unknown");
        }
    expect(outcome(influxdb.change.rules, answered(200, "<html>welcome</html>"))).toBe("unknown");
    expect(outcome(etcd.change.rules, answered(200, "{}"))).toBe("unknown");
    expect(outcome(rabbitmq.proof!.rules, answered(401, '{"error":"not_authorised","reason":"User can only log in via localhost"}'))).toBe("unknown");
    expect(wordsOf(etcd, answered(502, "x"))).toBe("it answered with status 502");
    expect(outcome([{ status: 200, at: "__proto__.constructor", then: "ok" }], answered(200, "{}"))).toBe("unknown");
  });
  test("RabbitMQ's hash is made and compared alike; its own published example fits", () => {
    const hash = rabbitHash("Ünï-1", systemRandom);
    expect([
      rabbitMatcher(hash)!("Ünï-1"),
      rabbitMatcher(hash)!("Ünï-2"),
      rabbitMatcher(""),
      rabbitMatcher("AAAA"),
      rabbitMatcher(undefined),
    ]).toEqual([true, false, null, null, null]);
    expect(rabbitMatcher("kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR")!("test12")).toBe(true);
  });
});

test("law: login-proves — where nobody is asked for a login, none proves anything and nothing is changed", async () => {
  const heard: string[] = [],
    s = createServer((q, r) => {
      heard.push(`${q.method} ${q.url}`);
      r.end(JSON.stringify({ name: "app", results: [{ statement_id: 0, series: [{ values: [["app", true]] }] }] }));
    });
  await new Promise<void>((up) => s.listen(0, "127.0.0.1", up));
  const link = directLink({ host: "127.0.0.1", port: (s.address() as AddressInfo).port }),
    plain = { tls: "off" as const, certificates: [], authority: "" },
    soon = () => AbortSignal.timeout(5_000);
  for (const t of [influxdb, rabbitmq]) {
    const c = http(t)(systemRandom),
      as = { name: "boss", secret: Secret.of("x") };
    expect(await c.probe(plain, link, { name: "app" }, Secret.of("x"), soon())).toEqual({ unknown: expect.stringContaining("without a login") });
    expect(await c.change(plain, link, { name: "app" }, { to: Secret.of("y"), as }, soon())).toEqual({
      not_sent: "auth_of_as",
      why: expect.stringContaining("without a login"),
    });
    expect(await c.identity!(link, soon())).toBe("plain");
  }
  expect(heard.some((h) => h.startsWith("PUT"))).toBe(false);
  s.close();
});
