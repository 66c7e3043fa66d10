/** One HTTP request over a Link. Rule: what a server does wrong is done by a real one on the loopback address. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { directLink } from "../../src/links/direct.ts";
import { askHttp } from "../../src/wires/http.ts";

/** Answers each connection's first bytes with `say`; keeps what it heard. */
const server = async (say: (socket: Socket, heard: string) => void) => {
  const heard: string[] = [],
    s = createServer((socket) =>
      socket
        .on("error", () => undefined)
        .on("data", (part: Buffer) => {
          heard.push(part.toString("latin1"));
          say(socket, heard.join(""));
        }),
    );
  await new Promise<void>((up) => s.listen(0, "127.0.0.1", up));
  return {
    link: directLink({ host: "127.0.0.1", port: (s.address() as AddressInfo).port }),
    heard,
    [Symbol.dispose]: () => {
      s.close();
    },
  };
};
const ask = (link: ReturnType<typeof directLink>, ms = 2_000, more: object = {}) =>
  askHttp({
    link,
    trust: null,
    signal: AbortSignal.timeout(ms),
    method: "POST",
    path: "/x",
    headers: { Authorization: "Basic abc" },
    body: "{}",
    ...more,
  });

describe("an answer", () => {
  test("comes whole, by one connection, and says who it is for", async () => {
    using s = await server((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
    expect(await ask(s.link)).toEqual({ status: 200, body: "hello", proof: null });
    expect(s.heard.join("")).toMatch(/^POST \/x HTTP\/1\.1\r\n(.*\r\n)*Host: 127\.0\.0\.1:\d+\r\n/);
    expect(s.heard.join("").match(/Host:/gi)).toHaveLength(1);
  });
  test("is not followed where it leads elsewhere", async () => {
    using s = await server((socket) => socket.end("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"));
    expect(await ask(s.link)).toMatchObject({ status: 302 });
    expect(s.heard).toHaveLength(1);
  });
  test("law: that is cut, endless, late or no HTTP is a cut, never an answer", async () => {
    const bad: Record<string, (socket: Socket) => void> = {
      cut: (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"),
      "cut head": (socket) => socket.end("HTTP/1.1 200 O"),
      nothing: (socket) => socket.end(),
      reset: (socket) => socket.resetAndDestroy(),
      "no http": (socket) => socket.end("SSH-2.0-x\r\n"),
      silent: () => undefined,
      endless: (socket) => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.write("x".repeat(5 * 1024 * 1024));
      },
      "endless head": (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}`);
      },
      "two lengths": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    };
    for (const [name, say] of Object.entries(bad)) {
      using s = await server(say);
      await expect(ask(s.link, 600), name).rejects.toMatchObject({ kind: "cut" });
    }
  });
});
describe("before a byte of it left", () => {
  test("a target that is down is unreachable, and plain goes to the loopback address alone", async () => {
    await expect(ask(directLink({ host: "127.0.0.1", port: 1 }))).rejects.toMatchObject({
      kind: "unreachable",
      why: expect.stringContaining("refused"),
    });
    await expect(ask(directLink({ host: "192.0.2.1", port: 80 }))).rejects.toMatchObject({
      kind: "identity",
      why: expect.stringContaining("loopback"),
    });
  });
  test("law: a server without TLS hears nothing of it", async () => {
    using s = await server((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await expect(ask(s.link, 2_000, { trust: { certificates: ["AA"] } })).rejects.toMatchObject({ kind: "unreachable" });
    expect(s.heard.join("")).not.toMatch(/POST|Authorization/);
  });
});
