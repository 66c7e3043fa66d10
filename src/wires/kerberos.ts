/**
 * Does a password get a ticket? Asked by Debian's kinit over a Link. Rules: the password goes in by standard input, the ticket stays in that
 * process's memory; "yes" is proven (only who knows the key could answer), a refusal is not (anybody on the way could say it), so it never makes a "no".
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Link } from "../kernel/link.ts";
import { bridge } from "./bridge.ts";
import { installed, runChild } from "./child.ts";

export type Ticket = "yes" | "refused" | { readonly unknown: string };
/** Addresses and names only. */
const settings = (realm: string, port: number): string =>
  `[libdefaults]\n default_realm = ${realm}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n dns_canonicalize_hostname = false\n udp_preference_limit = 1\n[realms]\n ${realm} = {\n  kdc = 127.0.0.1:${port}\n }\n`;

/** `principal` as kinit reads it; `enterprise`: it is a user principal name, which may have another suffix than the realm. */
export const ticketFor = async (link: Link, o: { realm: string; principal: string; enterprise: boolean; password: string }, signal: AbortSignal): Promise<Ticket> => {
  if (!(await installed("kinit"))) return { unknown: "kinit is not installed on the broker's machine" };
  const dir = await mkdtemp(join(tmpdir(), "lockstep-krb5-")), way = await bridge(link, signal);
  try {
    await writeFile(join(dir, "krb5.conf"), settings(o.realm, way.port), { mode: 0o600 });
    const { code, stderr } = await runChild("kinit", ["-c", "MEMORY:", ...(o.enterprise ? ["-E"] : []), "--", o.principal],
      { input: `${o.password}\n`, signal, env: { KRB5_CONFIG: join(dir, "krb5.conf"), KRB5CCNAME: "MEMORY:" } });
    if (code === 0 || /Password (has )?expired/.test(stderr)) return "yes";
    if (/Password incorrect|Preauthentication failed/.test(stderr)) return "refused";
    return { unknown: way.failed()?.message ?? (code === null ? "Kerberos did not answer in time" : "Kerberos did not say") };
  } finally { way.close(); await rm(dir, { recursive: true, force: true }); }
};
