/** The HTTP connector at InfluxDB 1.x and etcd 3.4, which write down everything. RabbitMQ, slower to start, is in test/slow/rabbitmq.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { etcd, influxdb } from "../../src/connectors/http/products.ts";
import { certificate } from "../lab/certificate.ts";
import { etcdServer } from "../lab/etcd.ts";
import type { Product } from "../lab/http-product.ts";
import { influxdbServer } from "../lab/influxdb.ts";
import { scratch } from "../lab/scratch.ts";
import { contract, fresh } from "./contract.ts";
import { account, at, hostile, pinned, world } from "./http-world.ts";

const kind = { lawless: true, lists: true, blind: true } as const;
for (const [template, raise] of [
  [influxdb, influxdbServer],
  [etcd, etcdServer],
] as const) {
  describe(template.platform, () => {
    let p: Product;
    beforeAll(async () => {
      p = await raise();
    });
    afterAll(async () => {
      await p?.destroy();
    });
    contract(template.platform, () => world(template, () => p), kind);
    const k = at(template, () => p);

    test("names and passwords are taken as they are", async () => {
      for (const name of ["Mixed", "mixed", "o'brien", 'say "hi"', "服务", "a b", "back\\slash", "c/d", "%41"]) {
        const who = await account(p, name),
          to = fresh() + "\\ \" ' ü %41 {password} 😀";
        expect(await k.change(who, to), name).toBe("done");
        expect([await p.opens(name, to), await p.opens(name, who.password), await k.probe(who, to), await k.probe(who, who.password)], name).toEqual([
          true,
          false,
          "yes",
          "no",
        ]);
      }
    });
    test("law: hostile names and passwords change nobody but the account named, and create nobody", async () => {
      const who = await account(p),
        other = await account(p),
        before = await p.everybody();
      const done = await hostile(k, p, who, 80);
      expect(done).toBeGreaterThan(8);
      expect([await p.everybody(), await p.opens(other.name, other.password), await p.opens(p.root.name, p.root.password)]).toEqual([
        before,
        true,
        true,
      ]);
    }, 120_000);
    test("one without the right is told so before anything is sent; neither changes itself", async () => {
      const who = await account(p),
        weak = await account(p);
      expect(await k.change(who, fresh(), weak)).toMatchObject({
        not_sent: "auth_of_as",
        why: expect.stringMatching(/may not|requires admin|permission denied/),
      });
      expect(await k.c.test?.(pinned(p), k.link(), k.as(weak), k.soon())).toMatchObject({ ok: false, stage: "right" });
      expect(await k.c.discover?.(pinned(p), k.link(), k.as(weak), k.soon())).toEqual({ unknown: expect.stringMatching(/may not/) });
    });
    test("law: another certificate than the pinned one: identity; the authority's is trusted; plain goes nowhere else", async () => {
      const who = await account(p),
        byCa = { tls: "authority" as const, certificates: [], authority: p.certificate.authority };
      expect([await k.change(who, fresh(), p.root, byCa), await k.change(who, fresh(), p.root, byCa, k.link("localhost"))]).toEqual(["done", "done"]);
      const strange = await certificate(await scratch("ca", false));
      expect(await k.change(who, fresh(), p.root, { ...byCa, authority: strange.authority })).toMatchObject({
        not_sent: "identity",
        why: expect.stringContaining("trusted authority"),
      });
      const shown = await k.c.identity!(k.link(), k.soon());
      expect([shown, k.c.config.parse(k.c.pin!(shown)!.settings)]).toEqual([p.certificate.fingerprint, pinned(p)]);
      const plain = { tls: "off" as const, certificates: [], authority: "" };
      expect(await k.change(who, fresh(), p.root, plain, k.link("192.0.2.1"))).toMatchObject({ not_sent: "identity" });
      expect(k.c.objection!(plain, { host: "192.0.2.1", port: 1 })).toContain("loopback");
    });
    test("discovery tells the mighty from the others", async () => {
      const list = await k.c.discover!(pinned(p), k.link(), k.as(p.root), k.soon());
      if ("unknown" in list) throw new Error(list.unknown);
      expect(list.filter((f) => f.privileged).map((f) => f.name)).toEqual([p.root.name]);
    });
  });
}
