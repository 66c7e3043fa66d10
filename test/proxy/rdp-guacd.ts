/** A guacd that follows a script, for what a real one cannot be made to do. Rule: it speaks the real handshake; what it heard is kept, byte for byte. */
import { createServer, type Socket } from "node:net";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KNOWN } from "../../src/wires/guacd.ts";

export const ID = "$12345678-1234-1234-1234-123456789012", READY = `5.ready,37.${ID};`;
export const ARGS = "4.args,13.VERSION_1_1_0,8.hostname,4.port,8.username,8.password,6.domain,8.security,11.ignore-cert,12.disable-copy,13.disable-paste,12.enable-drive,14.disable-upload,16.disable-download;";
export type Scripted = AsyncDisposable & {
  readonly host: string; readonly port: number; readonly home: string;
  /** What it heard of every connection. */
  heard(): string; open(): number; connections(): number; socket(): Socket | undefined;
  /** Called when `connect` came, with the connection; it says READY itself or does not. */
  script: (socket: Socket) => void;
  /** Answers `disconnect` by closing, as guacd does. */
  leaves: boolean;
  /** Says nothing, not even `args`. */
  mute: boolean;
  begin(): void;
};

export const scriptedGuacd = async (): Promise<Scripted> => {
  const home = mkdtempSync(join(tmpdir(), "lockstep-guacd-"));
  mkdirSync(join(home, ".config/freerdp"), { recursive: true });
  writeFileSync(join(home, KNOWN), "");
  let heard = "", open = 0, connections = 0, last: Socket | undefined;
  const all = new Set<Socket>();
  const server = createServer((socket) => {
    let mine = "", connected = false;
    connections += 1; open += 1; last = socket; all.add(socket);
    socket.setEncoding("utf8").on("error", () => undefined).on("close", () => { open -= 1; });
    socket.on("data", (text: string) => {
      heard += text; mine += text;
      if (mine.includes("10.disconnect;") && made.leaves) return void socket.end();
      if (made.mute) return;
      if (/^6\.select,/.test(text)) socket.write(ARGS);
      if (!connected && mine.includes("7.connect,")) { connected = true; made.script(socket); }
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const made: Scripted = {
    host: "127.0.0.1", port: (server.address() as { port: number }).port, home, heard: () => heard, open: () => open, connections: () => connections, socket: () => last,
    script: (socket) => { socket.write(READY); }, leaves: true, mute: false, begin: () => { heard = ""; connections = 0; made.script = (s) => { s.write(READY); }; made.leaves = true; made.mute = false; },
    [Symbol.asyncDispose]: async () => { for (const s of all) s.destroy(); await new Promise<void>((done) => server.close(() => done())); rmSync(home, { recursive: true, force: true }); },
  };
  return made;
};
