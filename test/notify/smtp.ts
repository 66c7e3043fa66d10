/** A mail server that takes its time, on loopback and without TLS. Rule: it speaks just enough SMTP to take a mail, and is late where it is told to be. */
import { createServer, type AddressInfo, type Socket } from "node:net";

/** Milliseconds; "never": it takes the whole message and says nothing. */
export type Late = { readonly greets?: number; readonly answers?: number | "never" };
/** `taken`: each message that came to its final dot, answered or not. */
export type SlowServer = AsyncDisposable & { readonly port: number; readonly taken: string[] };

export const slowServer = async ({ greets = 0, answers = 0 }: Late): Promise<SlowServer> => {
  const taken: string[] = [], open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on("error", () => undefined).on("close", () => open.delete(socket)));
    const say = (line: string, after = 0): void => void setTimeout(() => { if (socket.writable) socket.write(`${line}\r\n`); }, after);
    let text = "", inData = false;
    say("220 slow.test ESMTP", greets);
    const read = (): boolean => {
      const end = text.indexOf(inData ? "\r\n.\r\n" : "\r\n");
      if (end < 0) return false;
      const part = text.slice(0, end);
      text = text.slice(end + (inData ? 5 : 2));
      if (inData) {
        taken.push(part);
        if (answers !== "never") say("250 queued", answers);
      } else say(/^DATA/i.test(part) ? "354 go on" : /^QUIT/i.test(part) ? "221 bye" : "250 slow.test");
      inData = !inData && /^DATA/i.test(part);
      return true;
    };
    socket.setEncoding("utf8").on("data", (chunk: string) => { text += chunk; while (read()); });
  });
  await new Promise<void>((ready) => { server.listen(0, "127.0.0.1", ready); });
  return {
    port: (server.address() as AddressInfo).port, taken,
    [Symbol.asyncDispose]: async () => { for (const s of open) s.destroy(); await new Promise((gone) => { server.close(gone); }); },
  };
};
