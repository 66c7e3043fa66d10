/** Several requests over one connection, against a real HTTPS server. */
import https from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { directLink } from "../../src/links/direct.ts";
import { httpLine } from "../../src/wires/http-line.ts";
import { certificate, type Certificate } from "../lab/certificate.ts";
import { scratch } from "../lab/scratch.ts";

let made: Certificate, server: https.Server, connections = 0;
const at = () => directLink({ host: "127.0.0.1", port: (server.address() as AddressInfo).port }), soon = () => AbortSignal.timeout(10_000);
beforeAll(async () => {
  made = await certificate(await scratch("http-line", false));
  server = https.createServer({ cert: made.crt, key: made.key }, (request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (p: Buffer) => parts.push(p)).on("end", () => {
      const text = Buffer.concat(parts).toString();
      if (text === "hang up") return void request.socket.destroy();
      response.writeHead(text === "close" ? 401 : 200, text === "close" ? { Connection: "close" } : {}).end(`${text}!`);
      if (text === "then go") setTimeout(() => request.socket.destroy(), 20);
    });
  });
  server.on("secureConnection", () => { connections += 1; });
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
});
afterAll(() => new Promise<void>((down) => { server.closeAllConnections(); server.close(() => down()); }));
const line = () => httpLine(at(), { certificates: [made.fingerprint] }, soon()), ask = (body: string) => ({ path: "/", headers: {}, body });

test("all of them go over one connection, and several at once wait for each other", async () => {
  const l = await line();
  expect((await Promise.all(["a", "b", "c"].map((t) => l.ask(ask(t))))).map((r) => r.body)).toEqual(["a!", "b!", "c!"]);
  const before = connections;
  expect([(await l.ask(ask("d"))).status, connections, l.proof]).toEqual([200, before, made.fingerprint]);
  l.close();
});
test.each(["close", "then go", "hang up"])("when the connection is gone (%s) there is no other one, and nobody is ended by that", async (how) => {
  const l = await line(), first = l.ask(ask(how)), waiting = how === "then go" ? null : l.ask(ask("next"));
  if (how === "hang up") await expect(first).rejects.toMatchObject({ kind: "cut" }); else expect((await first).body).toBe(`${how}!`);
  const before = connections;
  if (waiting) await expect(waiting).rejects.toMatchObject({ kind: "cut" });
  await new Promise((r) => setTimeout(r, 60));
  await expect(l.ask(ask("later"))).rejects.toMatchObject({ kind: "cut" });
  expect(connections).toBe(before);
});
test("another certificate: nothing is asked", async () => {
  await expect(httpLine(at(), { certificates: ["AB:".repeat(32).slice(0, -1)] }, soon())).rejects.toMatchObject({ kind: "identity" });
});
