/** A Secret has one way out. Rule: a new way to print, copy or send a value gets a row in WAYS. */
import assert from "node:assert";
import { format, inspect } from "node:util";
import { deserialize, serialize } from "node:v8";
import { MessageChannel } from "node:worker_threads";
import * as fc from "fast-check";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { reveal, revealBytes } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";

const DEEP = { showHidden: true, depth: 20, getters: true } as const;

/** Typed loosely on purpose: a careless caller passes the secret as any argument of a log line. */
type Careless = (first: unknown, message: string, ...rest: unknown[]) => void;

const throughPino = (value: unknown): string => {
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  (log.info.bind(log) as Careless)({ value, nested: { list: [value] } }, "held %s %o %j", value, value, value);
  log.error(new Error("failed", { cause: value }));
  log.child({ value }).warn("child");
  return lines.join("\n");
};

const assertionText = (value: unknown): string => {
  try { assert.deepStrictEqual({ value }, { value: Secret.of("another one") }); } catch (e) { return inspect(e, DEEP) + String(e); }
  return "";
};

const WAYS: readonly (readonly [name: string, way: (s: Secret) => unknown])[] = [
  ["String()", (s) => String(s)],
  ["template", (s) => `${s}`],
  ["addition", (s) => (s as unknown as string) + ""],
  ["join", (s) => [s, [s]].join()],
  ["number", (s) => Number(s)],
  ["toLocaleString", (s) => s.toLocaleString()],
  ["JSON", (s) => JSON.stringify({ s, list: [s] })],
  ["JSON with a replacer", (s) => JSON.stringify({ s }, (_, v: unknown) => (v instanceof Secret ? { ...v } : v))],
  ["inspect", (s) => inspect({ a: { s } }, DEEP)],
  ["inspect without the custom hook", (s) => inspect({ a: { s } }, { ...DEEP, customInspect: false })],
  ["inspect of a proxy", (s) => inspect(new Proxy(s, {}), { ...DEEP, showProxy: true })],
  ["inspect of a Map", (s) => inspect(new Map([[s, s]]), DEEP)],
  ["util.format", (s) => format("%s %d %i %f %j %o %O %c", s, s, s, s, s, s, s, s)],
  ["entries", (s) => JSON.stringify([Object.entries(s), Object.values(s), Reflect.ownKeys(s).map(String)])],
  ["descriptors", (s) => inspect(Object.getOwnPropertyDescriptors(s), DEEP)],
  ["spread", (s) => inspect({ ...s }, DEEP)],
  ["assign", (s) => inspect(Object.assign({}, s), DEEP)],
  ["structuredClone", (s) => inspect(structuredClone(s), DEEP) + JSON.stringify(structuredClone({ s }))],
  ["v8.serialize", (s) => serialize({ s }).toString("latin1") + inspect(deserialize(serialize(s)), DEEP)],
  ["Buffer.from", (s) => Buffer.from(s as unknown as string).toString()],
  ["TextEncoder", (s) => Buffer.from(new TextEncoder().encode(s as unknown as string)).toString()],
  ["URLSearchParams", (s) => new URLSearchParams({ s: s as unknown as string }).toString()],
  ["error message", (s) => new Error(s as unknown as string).stack],
  ["error cause", (s) => inspect(new Error("x", { cause: s }), DEEP)],
  ["AggregateError", (s) => inspect(new AggregateError([s, new Error("x", { cause: { s } })]), DEEP)],
  ["assertion", assertionText],
  ["pino", throughPino],
];

const posted = async (value: unknown): Promise<string> => {
  const { port1, port2 } = new MessageChannel();
  const got = new Promise<unknown>((resolve) => { port2.once("message", resolve); });
  port1.postMessage({ value });
  try { return inspect(await got, DEEP); } finally { port1.close(); }
};

describe("law: secrets-one-door —", () => {
  const canary = "cänary-7f3a";
  const shapes = (text: string): string[] => [text, Buffer.from(text).toString("base64"), Buffer.from(text).toString("hex"), Buffer.from(text).toString("latin1"),
    [...Buffer.from(text)].join(","), [...Buffer.from(text)].join(", "), inspect(Buffer.from(text)).slice(8, -1)];

  it.each(WAYS)("%s does not tell", (_, way) => {
    const out = String(way(Secret.of(canary)));
    for (const shape of shapes(canary)) expect(out).not.toContain(shape);
  });
  it("a message to another thread does not tell", async () => {
    const out = await posted(Secret.of(canary));
    for (const shape of shapes(canary)) expect(out).not.toContain(shape);
  });
  it("the shapes looked for are those an open value would show", () => {
    const open = { toString: () => canary, bytes: Buffer.from(canary), text: canary };
    expect(inspect(open)).toContain(canary);
    expect(inspect(open)).toContain(shapes(canary)[6]);
    expect(throughPino(open)).toContain(canary);
    expect(throughPino(open)).toContain(shapes(canary)[4]);
    expect(inspect(structuredClone({ text: canary }))).toContain(canary);
  });
  it("reveal gives back exactly what went in", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const wellFormed = text.toWellFormed();
      expect(reveal(Secret.of(wellFormed))).toBe(wellFormed);
    }));
    fc.assert(fc.property(fc.uint8Array(), (bytes) => { expect([...revealBytes(Secret.ofBytes(bytes))]).toEqual([...bytes]); }));
  });
  it("nothing but a Secret opens: copies, proxies and look-alikes are refused with the reason", () => {
    const s = Secret.of(canary);
    const fakes = [structuredClone(s), { ...s }, Object.create(s) as object, new Proxy(s, {}), new (Secret as unknown as new () => object)()];
    for (const fake of fakes) expect(() => reveal(fake)).toThrow("secret was wiped or is not a Secret");
  });
  it("is frozen: nothing can be hung on it", () => {
    expect(() => Object.assign(Secret.of(canary), { text: canary })).toThrow("object is not extensible");
  });
});

describe("wipe", () => {
  it("overwrites the bytes that reveal handed out, and may be called twice", () => {
    const s = Secret.of("hunter2"), bytes = revealBytes(s);
    s.wipe();
    s.wipe();
    expect([...bytes]).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(reveal(s)).toBe("\0".repeat(7));
  });
  it("happens at the end of a block that uses the secret, also when it throws", () => {
    let bytes: Buffer = Buffer.alloc(0);
    const block = (): void => { using s = Secret.of("hunter2"); bytes = revealBytes(s); throw new Error("thrown inside"); };
    expect(block).toThrow("thrown inside");
    expect([...bytes]).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });
  it("of the caller's own buffer leaves the secret whole, and the other way round", () => {
    const mine = Buffer.from("hunter2"), s = Secret.ofBytes(mine);
    mine.fill(0);
    expect(reveal(s)).toBe("hunter2");
    const again = Buffer.from("hunter2");
    Secret.ofBytes(again).wipe();
    expect(again.toString()).toBe("hunter2");
  });
  it("reaches memory of its own, not the shared pool", () => {
    expect(revealBytes(Secret.of("hunter2")).buffer.byteLength).toBe(7);
  });
});
