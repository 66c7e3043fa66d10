/**
 * A Link for a program that dials by itself: a port of this machine's loopback address that leads over the Link and nowhere else.
 * Rule: open for one call; whoever connects gets to the target's address, as anybody on this machine could, and no further.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Link } from "../kernel/link.ts";
import { Fault } from "../kernel/fault.ts";
import { join } from "./join.ts";

export type Bridge = {
  readonly port: number;
  /** Why the target could not be reached, when it could not. */
  failed(): Fault | undefined;
  /** Bytes that left towards the target. */
  sent(): number;
  close(): void;
};

export const bridge = (link: Link, signal: AbortSignal): Promise<Bridge> => new Promise((resolve, reject) => {
  const open = new Set<Duplex>();
  let failure: Fault | undefined, sent = 0;
  const keep = (s: Duplex): void => { open.add(s); s.on("error", () => undefined).once("close", () => open.delete(s)); };
  const lead = async (here: Socket): Promise<void> => {
    keep(here);
    try {
      const there = await link.connect(signal);
      keep(there);
      here.on("data", (part: Buffer) => { sent += part.length; });
      join(here, there);
    } catch (e) {
      failure = e instanceof Fault ? e : new Fault("upstream", "the target cannot be reached", { cause: e });
      here.resetAndDestroy();
    }
  };
  const server = createServer((here) => void lead(here)), close = (): void => { server.close(); for (const s of open) s.destroy(); };
  signal.addEventListener("abort", close, { once: true });
  server.once("error", reject).listen(0, "127.0.0.1", () => {
    resolve({ port: (server.address() as AddressInfo).port, failed: () => failure, sent: () => sent, close: () => { signal.removeEventListener("abort", close); close(); } });
  });
});
