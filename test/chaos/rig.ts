/** What one cell after another is fought on: a host, a database server, a broker, and a wire on either side that can be broken. Rule: nothing of it is shared with another lane. */
import { mkdirSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { faultProxy, type FaultProxy } from "../lab/fault-proxy.ts";
import type { LinuxHost } from "../lab/host.ts";
import type { PostgresCluster } from "../lab/postgres.ts";
import { must } from "../lab/run.ts";
import { raiseGround, type Ground } from "./field.ts";
import { Lane } from "./trial.ts";

/**
 * In the place of chpasswd. An empty batch is a rehearsal. `late`: lands after so many seconds, by itself, whatever became of who sent it.
 * `twice`: lands now and once more then. `hold`: lands, and says so only when let go. Each file counts for one call; hashes stay on stdin.
 */
const SLOW_CHPASSWD = `mkdir -p /var/lib/chaos; mv /usr/sbin/chpasswd /usr/sbin/chpasswd.real
cat > /usr/sbin/chpasswd <<'END'
#!/bin/sh
d=/var/lib/chaos; line=$(cat)
[ -z "$line" ] && exec /usr/sbin/chpasswd.real "$@" </dev/null
again() { printf '%s\\n' "$line" | (sleep "$1"; /usr/sbin/chpasswd.real -e; touch $d/again) >/dev/null 2>&1 & }
if mv $d/late $d/used 2>/dev/null; then again "$(cat $d/used)"; sleep 60; exit 1; fi
if mv $d/twice $d/used 2>/dev/null; then again "$(cat $d/used)"; fi
mv $d/hold $d/held.$$ 2>/dev/null
printf '%s\\n' "$line" | /usr/sbin/chpasswd.real "$@"; code=$?
if [ -e $d/held.$$ ]; then touch $d/landed; fi
while [ -e $d/held.$$ ]; do sleep 0.05; done
exit $code
END
chmod 755 /usr/sbin/chpasswd`;

export type Rig = {
  readonly lane: Lane; readonly host: LinuxHost; readonly cluster: PostgresCluster; readonly target: FaultProxy; readonly database: FaultProxy;
  /** For the next call of the slow chpasswd. */
  flag(name: "late" | "twice" | "hold", value: string): Promise<void>;
  letGo(): Promise<void>;
  /** True when the file came to be within that time. */
  appeared(name: "landed" | "again", ms: number): Promise<boolean>;
  fillJournal(): void; emptyJournal(): void; hideRootKey(): void; showRootKey(): void;
  close(): Promise<void>;
};

/** `number`: of its account; every third one changes itself. */
export const raiseRig = async (number: number): Promise<Rig> => {
  let target: FaultProxy | null = null, database: FaultProxy | null = null, mounted: string | null = null;
  const small = async (dir: string): Promise<void> => {
    mounted = path.join(dir, "journal");
    mkdirSync(mounted, { recursive: true, mode: 0o700 });
    await must("mount", ["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", mounted]);
  };
  const throughProxy = async (url: string): Promise<string> => {
    const u = new URL(url);
    database = await faultProxy(Number(u.port));
    u.port = String(database.port);
    return u.href;
  };
  const end = async (ground: Ground | null, lane: Lane | null): Promise<void> => {
    await lane?.close();
    await Promise.all([target?.close(), database?.close()]);
    if (mounted) await must("umount", ["-l", mounted]).catch(() => undefined);
    await ground?.destroy();
  };
  const ground = await raiseGround({
    engine: "postgresql", fields: 1, from: number, crashable: true, setup: SLOW_CHPASSWD, prepare: small, databaseUrl: throughProxy, port: async (host) => { target = await faultProxy(host.port); return target.port; },
  }).catch(async (e: unknown) => { await end(null, null); throw e; });
  const field = ground.fields[0]!, lane = new Lane(field), filler = path.join(field.dir, "journal", "filler"), key = path.join(field.dir, "keys", "root.key"), away = `${key}.away`;
  const ask = async (script: string): Promise<boolean> => (await ground.host.exec(script)).code === 0;
  return {
    lane, host: ground.host, cluster: ground.cluster!, target: target!, database: database!,
    flag: async (name, value) => { await ask(`echo ${value} > /var/lib/chaos/${name}`); },
    letGo: async () => { await ask("rm -f /var/lib/chaos/hold /var/lib/chaos/held.*"); },
    appeared: async (name, ms) => {
      for (const by = performance.now() + ms; performance.now() < by; await sleep(30)) if (await ask(`rm /var/lib/chaos/${name} 2>/dev/null`)) return true;
      return false;
    },
    fillJournal: () => {
      const { bavail, bsize } = statfsSync(path.dirname(filler));
      try { writeFileSync(filler, Buffer.alloc(bavail * bsize + bsize)); } catch { /* full is what we want */ }
    },
    emptyJournal: () => { rmSync(filler, { force: true }); },
    hideRootKey: () => { renameSync(key, away); }, showRootKey: () => { renameSync(away, key); },
    close: () => end(ground, lane),
  };
};
