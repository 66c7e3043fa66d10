/** A host key is read, shown and compared. Rule: pinned only after a person has compared its fingerprint, or gave it beforehand. */
import { Fault } from "../kernel/fault.ts";
import type { Run } from "./act.ts";
import { confirm } from "./prompt.ts";

type Identity = { readonly identity: string; readonly fingerprint: string };

/** Compared by the person, or with what they brought along. */
export const pin = async (run: Run, where: { platform: string; host: string; port: number }, done: "added" | "changed"): Promise<string> => {
  const seen = await run.client.json<Identity>("POST", "/targets/read-identity", where), expected = run.text("fingerprint");
  if (expected !== undefined && expected !== seen.fingerprint) throw new Fault("conflict", `${where.host}:${where.port} shows ${seen.fingerprint}, not ${expected}. Nothing was ${done}: either the fingerprint is of another key, or another machine answers there.`);
  if (expected === undefined) {
    run.say(`${where.host}:${where.port} shows the key ${seen.fingerprint}\nCompare it with what the machine itself says: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`);
    if (!await confirm(run.io, "Is it the same?", "Give the fingerprint with --fingerprint SHA256:…")) throw new Fault("conflict", `Not ${done}.`);
  }
  return seen.identity;
};
