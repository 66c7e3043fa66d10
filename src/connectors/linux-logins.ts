/** Ends the logins of an account on a Linux host. Rule: SSH logins alone, never what the account runs as a service; and never our own. */
import type { Random } from "../kernel/clock.ts";
import type { Link } from "../kernel/link.ts";
import { asRoot, exec } from "../wires/ssh.ts";
import type { Credential, Login, NotTold } from "./connector.ts";
import { plain, words } from "./connector.ts";
import type { Doors } from "./linux-doors.ts";
import { deniedTo, LIMIT, local, notTold, rootBy, type LinuxSshConfig } from "./linux-reach.ts";

/** Kills what runs as the account. Never for user id 0 or the account we are logged in with: that would be us. */
export const endLogins = (random: Random, doors: Doors) => async (c: LinuxSshConfig, link: Link, account: Login, as: Credential, signal: AbortSignal):
Promise<{ ended: number } | NotTold> => {
  if (!local(account.name) || account.name === as.name || account.name === c.carrier?.name) return { unknown: "these logins are not ended from here" };
  const o = { signal, timeoutMs: LIMIT.probeLimit }, command = `/usr/bin/pkill -KILL -e -u '${account.name}' sshd`;
  try {
    return await doors.through([c, link, as], signal, async (client) => {
      const id = await exec(client, `id -u '${account.name}'`, o);
      if (id.code !== 0 || Number(id.stdout.trim()) === 0) {
        return { unknown: "an account that does not exist or has the rights of root is left alone" };
      }
      const may = await rootBy(client, c, as, command, random, o);
      if ("denied" in may) return deniedTo(c, as, may.denied);
      const r = await asRoot(client, command, may.root, o);
      if (r.code !== 0 && r.code !== 1) return { unknown: words(r.stderr, plain(as.secret)) || "pkill could not be run" };
      return r.denied ? { unknown: "sudo did not accept the password" } : { ended: r.stdout.split("\n").filter((l) => /\bkilled\b/.test(l)).length };
    });
  } catch (error) { return notTold(error); }
};
