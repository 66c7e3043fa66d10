/** A real domain controller (Samba) as the contract wants its targets. Rule: whether a password is in force is the NT hash in its own database, read inside by its own tools. */
import { readFileSync } from "node:fs";
import { activeDirectory, type ActiveDirectoryConfig } from "../../src/connectors/active-directory.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { BASE, type SambaDc } from "../lab/samba-dc.ts";
import type { Named, World } from "./contract.ts";
import { tlsImpostor } from "./openldap-world.ts";

export const SERVICES = `OU=Services,${BASE}`;
let serial = 0;
const secret = (): string => `Old-${++serial}-${systemRandom.bytes(6).toString("base64url")}`;
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** In an organizational unit of its own, so that a delegation has a place. */
export const user = async (dc: SambaDc, name = `app${++serial}`, options = "--userou=OU=Services"): Promise<Named> => {
  const password = secret();
  await dc.tool(`user create ${quote(name)} "$(cat)" ${options} >/dev/null`, password);
  return { name, password };
};
/** The one right that docs/platforms/active-directory.md names: Reset Password, on users, inherited. */
export const delegate = async (dc: SambaDc): Promise<Named> => {
  await dc.tool(`ou add ${quote(SERVICES)} >/dev/null`);
  const rotator = await user(dc, "rotator", "");
  const sid = /objectSid: (S-\S+)/.exec(await dc.look("(sAMAccountName=rotator)", "objectSid"))![1]!;
  await dc.tool(`dsacl set --objectdn=${quote(SERVICES)} --sddl=${quote(`(OA;CIIO;CR;00299570-246d-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-00aa003049e2;${sid})`)} >/dev/null`);
  return rotator;
};
const NT_HASH = "import sys\nfrom samba.credentials import Credentials\nc = Credentials()\nc.set_password(sys.stdin.buffer.read().decode())\nprint(c.get_nt_hash().hex())\n";
const hashOf = async (dc: SambaDc, password: string): Promise<string> => (await dc.box.exec(`python3 -c ${quote(NT_HASH)}`, password)).stdout.trim();
const values = (ldif: string): Record<string, string>[] => ldif.replaceAll("\n ", "").split(/\n\n+/).map((block) => Object.fromEntries(block.split("\n").filter((l) => /^[\w-]+::? /.test(l)).map((l) => {
  const [, name = "", coded, value = ""] = /^([\w-]+):(:?) (.*)$/.exec(l)!;
  return [name, coded ? Buffer.from(value, "base64").toString(name === "unicodePwd" ? "hex" : "utf8") : value];
}))).filter((e) => e["sAMAccountName"] !== undefined);
export const everybody = async (dc: SambaDc): Promise<string[]> =>
  values(await dc.look("(objectClass=user)", "sAMAccountName", "unicodePwd", "userAccountControl")).map((e) => `${e["sAMAccountName"]}:${e["unicodePwd"]} ${e["userAccountControl"]}`).sort();
export const fits = async (dc: SambaDc, name: string, password: string): Promise<boolean> =>
  (await everybody(dc)).find((line) => line.startsWith(`${name}:`))?.split(/[: ]/)[1] === await hashOf(dc, password);

export const pinned = (dc: SambaDc, more: Partial<ActiveDirectoryConfig> = {}): ActiveDirectoryConfig => ({
  tls: "pinned", certificates: [dc.fingerprint], authority: "", encryption: "auto", domain: "lab.test", netbios: "", kerberos: "auto", kdcPort: 88, controllers: [], ...more,
});
export const world = (dc: () => SambaDc, as: () => Named): World<ActiveDirectoryConfig> => ({
  make: () => activeDirectory(), struck: activeDirectory, as, impostor: tlsImpostor(false), seenRunning: /samba/,
  config: () => pinned(dc()), address: () => ({ host: dc().host, port: 636 }), account: () => user(dc()), fits: (name, password) => fits(dc(), name, password), everybody: () => everybody(dc()),
  policy: () => Promise.resolve({ to: "ab1-C", change: "administrative", words: /does not meet the domain's rules/, undo: () => Promise.resolve() }),
  stop: () => dc().stop(), start: () => dc().start(),
  log: async () => dc().log() + (await dc().box.exec("cat /var/log/samba/* 2>/dev/null")).stdout,
  watch: () => {
    const seen = new Set<string>(), look = (): void => {
      for (const pid of dc().box.pids()) for (const f of ["cmdline", "environ"]) try { seen.add(readFileSync(`/proc/${pid}/${f}`, "utf8")); } catch { /* ended meanwhile */ }
    };
    const timer = setInterval(look, 20);
    return Promise.resolve(() => { clearInterval(timer); look(); return Promise.resolve([...seen].join("\n")); });
  },
});
