/** The direct link: a socket, or one sentence with the address and the cause. */
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { expect, test } from "vitest";
import { directLink } from "../../src/links/direct.ts";

const listening = (host: string): Promise<{ port: number; close(): void }> => new Promise((resolve, reject) => {
  const server = createServer((s) => s.end("hello")).once("error", reject).listen(0, host, () => {
    resolve({ port: (server.address() as AddressInfo).port, close: () => server.close() });
  });
});
const off = () => new AbortController().signal;

test("connects, over IPv4 and IPv6", async () => {
  for (const host of ["127.0.0.1", "::1"]) {
    const server = await listening(host), stream = await directLink({ host, port: server.port }).connect(off()) as Socket;
    expect((await stream.toArray()).join("")).toBe("hello");
    server.close();
  }
});
test("refused and unknown names say so, as an upstream fault", async () => {
  const server = await listening("127.0.0.1");
  server.close();
  await expect(directLink({ host: "127.0.0.1", port: server.port }).connect(off()))
    .rejects.toMatchObject({ code: "upstream", message: `127.0.0.1:${server.port} cannot be reached: the connection was refused` });
  await expect(directLink({ host: "no-such-name.invalid", port: 22 }).connect(off())).rejects.toMatchObject({
    code: "upstream", message: expect.stringMatching(/^no-such-name\.invalid:22 cannot be reached: its name (is not known|cannot be looked up right now)$/) });
});
test("aborting ends the attempt, before and during", async () => {
  await expect(directLink({ host: "::1", port: 9 }).connect(AbortSignal.abort())).rejects.toMatchObject({ message: "[::1]:9 was not tried: called off" });
  const during = new AbortController(), attempt = directLink({ host: "localhost", port: 9 }).connect(during.signal);
  during.abort();
  await expect(attempt).rejects.toMatchObject({ code: "upstream", message: "localhost:9 cannot be reached: timed out" });
});
