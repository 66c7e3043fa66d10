/**
 * One guacd: on loopback, as a user of its own, with a home of its own. Rule: never root; its port asks nobody for a password, so nothing but
 * this machine's own loopback address is listened on.
 */
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { daemon, type Daemon } from "../../test/lab/daemon.ts";
import { freePort, waitForPort } from "../../test/lab/ports.ts";
import { KNOWN } from "../../src/wires/guacd.ts";
import { getGuacd } from "./get.ts";

/** A user nobody else is: no entry in /etc/passwd, no file of this machine belongs to it. */
export const GUACD_USER = { uid: 64_822, gid: 64_822 };

export type RunningGuacd = Daemon & { readonly port: number; readonly host: "127.0.0.1"; /** What the broker is told as LOCKSTEP_GUACD_HOME. */ readonly home: string };

/** `dir` is its own and is removed by `destroy`. Running when it returns. */
export const startGuacd = async (dir: string, port?: number): Promise<RunningGuacd> => {
  const { program, libraries } = await getGuacd(), on = port ?? await freePort(), home = path.join(dir, "home");
  for (const part of ["", ".config", ".config/freerdp", "drives"]) {
    await mkdir(path.join(home, part), { recursive: true });
    await chmod(path.join(home, part), 0o750);
    await chown(path.join(home, part), GUACD_USER.uid, GUACD_USER.gid);
  }
  const known = path.join(home, KNOWN);
  await writeFile(known, "", { mode: 0o660 });
  await chown(known, GUACD_USER.uid, GUACD_USER.gid);
  const server = daemon({
    called: "guacd", dir, user: GUACD_USER, env: { HOME: home, LD_LIBRARY_PATH: libraries }, command: () => ["--no-new-privs", program, "-f", "-b", "127.0.0.1", "-l", String(on), "-L", "info"],
    ready: (log) => /Listening on host/.test(log),
  });
  await server.start();
  await waitForPort(on);
  return Object.assign(server, { port: on, host: "127.0.0.1" as const, home });
};
