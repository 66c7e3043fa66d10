/** guacd as the broker's doctor meets it, and the place where it is told whom to trust. Rule: nothing is connected by asking: it is greeted and left. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Fault } from "../kernel/fault.ts";

/** Below guacd's home. FreeRDP reads it at each connection, and only where it might write it, too: so it is there before, and guacd's. */
export const KNOWN = ".config/freerdp/known_hosts2";
/** Compiled into FreeRDP: without these, carrying files is silently off. */
const ADDINS = ["/usr/lib/x86_64-linux-gnu/freerdp2", "/usr/local/lib/freerdp2", "/opt/guacamole/lib/freerdp2"];
/** Below guacd's home, where its own side (deploy/guacd.sh) says whether they are there: in a container of its own nobody else can look. */
const TOLD = "add-ins";
const HELLO = "6.select,3.rdp;";

/** The version it speaks. Rejects with Fault("unavailable"), whose message says what to do. */
export const greetGuacd = (at: { readonly host: string; readonly port: number }, signal: AbortSignal): Promise<string> => new Promise((resolve, reject) => {
  const socket = connect({ host: at.host, port: at.port });
  let said = "";
  const fail = (why: string): void => { socket.destroy(); reject(new Fault("unavailable", `guacd at ${at.host}:${at.port} ${why}. Start it, for example with: npm run guacd`)); };
  signal.addEventListener("abort", () => fail("says nothing"), { once: true });
  socket.setEncoding("utf8").once("connect", () => socket.write(HELLO)).once("error", () => fail("does not answer")).once("close", () => fail("closed without a word"));
  socket.on("data", (text: string) => {
    said += text;
    if (!said.includes(";") && said.length < 65_536) return;
    if (!/^4\.args,\d+\.VERSION_/.test(said)) return fail("cannot carry RDP: its plug-in is missing");
    socket.removeAllListeners("close");
    socket.destroy();
    resolve(/VERSION_(\d+_\d+_\d+)/.exec(said)![1]!.replaceAll("_", "."));
  });
});

const addInsThere = (home: string): boolean => {
  const told = join(home, TOLD);
  return existsSync(told) ? readFileSync(told, "utf8").trim() === "present" : ADDINS.some((dir) => existsSync(join(dir, "libguac-common-svc-client.so")));
};

/** Why desktops cannot be opened, or carry no files, as sentences. */
export const homeTroubles = (home: string): string[] => {
  const known = join(home, KNOWN), out: string[] = [];
  try { accessSync(known, constants.W_OK); } catch { out.push(`${known} has to be there and may be written by the broker and by guacd`); }
  if (!addInsThere(home)) out.push("guacd's add-ins for FreeRDP are not where it looks for them, so no files are carried");
  return out;
};
