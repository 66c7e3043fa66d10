/**
 * A real product behind its HTTP API as the contract wants its targets. Rule: whether a password is in force is asked over a client of the lab's
 * own.
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect } from "vitest";
import { http, type Ask, type HttpConfig } from "../../src/connectors/http.ts";
import type { Template } from "../../src/connectors/http/template.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { askHttp } from "../../src/wires/http.ts";
import type { Product } from "../lab/http-product.ts";
import { atServer, type Named, type World } from "./contract.ts";
import { impostor } from "./redis-world.ts";

let serial = 0;
export const account = async (p: Product, name = `app${++serial}`): Promise<Named> => {
  const password = `Old-${++serial}-${systemRandom.bytes(6).toString("base64url")}`;
  await p.add(name, password);
  return { name, password };
};
export const pinned = (p: Product): HttpConfig => ({ tls: "pinned", certificates: [p.certificate.fingerprint], authority: "" });

/** The connector with a hook immediately before the request that changes leaves. */
const struck = (t: Template) => (onSend: () => void) => {
  const changes = (o: Parameters<Ask>[0]): boolean => o.method === "PUT" || /changepw|SET\+PASSWORD/.test(o.path + (o.body ?? ""));
  // The body is read when the way is there, and not before.
  const ask: Ask = (o) =>
    askHttp(
      !changes(o)
        ? o
        : {
            ...o,
            get body() {
              onSend();
              return o.body;
            },
          },
    );
  return http(t)(systemRandom, ask);
};
const look = (p: Product): string => {
  try {
    const pid = p.pid();
    return `${readFileSync(`/proc/${String(pid)}/cmdline`, "utf8")}\n${readFileSync(`/proc/${String(pid)}/environ`, "utf8")}`.replaceAll("\0", "\n");
  } catch {
    return "";
  }
};
export const world = (t: Template, p: () => Product): World<HttpConfig> => ({
  make: (random) => http(t)(random),
  as: () => p().root,
  impostor: impostor as World<HttpConfig>["impostor"],
  struck: struck(t),
  seenRunning: new RegExp(t.platform === "influxdb" ? "influxd" : t.platform),
  config: () => pinned(p()),
  address: () => ({ host: "127.0.0.1", port: p().port }),
  account: () => account(p()),
  fits: (name, password) => p().opens(name, password),
  everybody: () => p().everybody(),
  stop: () => p().stop(),
  start: () => p().start(),
  log: () => Promise.resolve(p().logs()),
  watch: () => {
    const seen = new Set<string>(),
      timer = setInterval(() => seen.add(look(p())), 3);
    return Promise.resolve(() => {
      clearInterval(timer);
      return Promise.resolve([...seen].join("\n"));
    });
  },
});

export const at = (t: Template, p: () => Product) =>
  atServer(http(t)(systemRandom), { address: () => ({ host: "127.0.0.1", port: p().port }), config: () => pinned(p()), as: () => p().root });

/** Texts that mean something to a query language, to JSON, to a path or to a header. */
export const HOSTILE = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.constantFrom(
    "'; DROP USER boss; --",
    "\\",
    "\\'",
    "'",
    '"',
    '\\"',
    "%2e%2e",
    "..",
    ".",
    "/",
    "../boss",
    "?x=1",
    "#",
    "&q=DROP+USER+boss",
    '","name":"boss',
    "{account}",
    "{password|string}",
    "$&",
    "$`",
    "\0",
    "\r\nAuthorization: x",
    "a/b",
    "😀",
  ),
);
export const HOSTILE_NAMES = (mine: string) =>
  fc.oneof(
    fc.constant(mine),
    HOSTILE,
    fc.constantFrom(`${mine}" = 'x'; --`, `${mine}/../boss`, `${mine} `, mine.toUpperCase(), "*", "%", "boss\" = 'x"),
  );
/** So many of them against one account: nobody else may change. How many changes were made. */
export const hostile = async (k: ReturnType<typeof at>, p: Product, who: Named, numRuns: number): Promise<number> => {
  let done = 0;
  await fc.assert(
    fc.asyncProperty(HOSTILE_NAMES(who.name), HOSTILE, async (name, password) => {
      const r = await k.change({ name }, password);
      if (r === "done") {
        done++;
        expect(name).toBe(who.name);
        expect(await p.opens(name, password)).toBe(true);
      } else expect(r).toHaveProperty("refused");
    }),
    { numRuns },
  );
  return done;
};
