/** A real OpenLDAP server as the contract wants its targets. Rule: whether a password is in force is read from its database, so no test spends a login. */
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";
import type { OpenLdapConfig } from "../../src/connectors/openldap.ts";
import { openldap } from "../../src/connectors/openldap.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { certificate } from "../lab/certificate.ts";
import { ldif, PEOPLE, ssha, SUFFIX, type OpenLdapServer } from "../lab/openldap.ts";
import { scratch } from "../lab/scratch.ts";
import type { Named, World } from "./contract.ts";

export const POLICY_RULES = { pwdMinLength: "8", pwdCheckQuality: "2", pwdInHistory: "3", pwdLockout: "TRUE", pwdMaxFailure: "4", pwdLockoutDuration: "0", pwdAllowUserChange: "TRUE", pwdMaxAge: "0" };
export const ROTATOR = `cn=rotator,ou=admins,${SUFFIX}`;

let serial = 0;
const secret = (): string => `Old-${++serial}-${systemRandom.bytes(6).toString("base64url")}`;
/** An entry with a password, below ou=people unless `dn` says otherwise. Named by its uid. */
export const person = async (server: OpenLdapServer, uid = `app${++serial}`, dn = `uid=${uid},${PEOPLE}`, extra: Record<string, string | string[]> = {}): Promise<Named & { dn: string }> => {
  const password = secret();
  await server.modify(ldif(dn, { objectClass: ["inetOrgPerson"], uid, cn: "x", sn: "y", userPassword: ssha(password), ...extra }));
  return { name: uid, dn, password };
};
export const helper = async (server: OpenLdapServer, dn = ROTATOR): Promise<Named> => {
  const password = secret(), [rdn = "", ...rest] = dn.split(","), above = rest.join(",");
  if (rest[0] === "ou=admins") await server.modify(ldif(above, { objectClass: "organizationalUnit", ou: "admins" }));
  await server.modify(ldif(dn, { objectClass: ["simpleSecurityObject", "organizationalRole"], cn: rdn.slice(3), userPassword: ssha(password) }));
  return { name: dn, password };
};

/** Extended response, success: as a directory answers StartTLS. */
const GRANTED = Buffer.from("300c02010178070a010004000400", "hex");
/** Shows a certificate of its own, at once or when asked for TLS, and writes down whatever is said to it under it. */
export const tlsImpostor = (starttls: boolean): World<unknown>["impostor"] => async () => {
  const shown: string[] = [], { crt, key } = await certificate(await scratch("impostor", false));
  const server = createServer((socket) => {
    const under = (): void => {
      const s = new TLSSocket(socket, { isServer: true, cert: crt, key });
      s.on("error", () => undefined).on("data", (part: Buffer) => shown.push(part.toString("latin1")));
    };
    socket.on("error", () => undefined);
    if (!starttls) return under();
    socket.once("data", () => { socket.write(GRANTED); under(); });
  });
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  return { address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port }, shown: () => shown, close: () => server.close() };
};

export const pinned = (server: OpenLdapServer, more: Partial<OpenLdapConfig> = {}): OpenLdapConfig => ({
  tls: "pinned", certificates: [server.certificate.fingerprint], authority: "", encryption: "auto", base: PEOPLE, attribute: "uid", lockout: "ask",
  policy: "", privileged: [], replicas: [], ...more,
});
const dnOf = (name: string): string => name.includes("=") ? name : `uid=${name},${PEOPLE}`;

/** `whole`: accounts are named by their DN. */
export const world = (server: () => OpenLdapServer, as: () => Named, whole: boolean): World<OpenLdapConfig> => ({
  make: () => openldap(), struck: openldap, as, impostor: tlsImpostor(whole), seenRunning: /slapd/,
  config: () => pinned(server(), whole ? { encryption: "starttls" } : {}), address: () => ({ host: "127.0.0.1", port: whole ? server().plainPort : server().port }),
  account: async () => { const { name, dn, password } = await person(server()); return { name: whole ? dn : name, password }; },
  fits: (name, password) => server().fits(dnOf(name), password),
  everybody: async () => (await server().entries()).filter((e) => e.attributes["userPassword"]).map((e) =>
    `${whole ? e.dn : e.attributes["uid"]?.[0] ?? e.dn}:${[e.attributes["userPassword"], e.attributes["pwdAccountLockedTime"], e.attributes["pwdReset"]].join()}`),
  policy: () => Promise.resolve({ to: "Sh0rt-!", change: "administrative", words: /quality/i, undo: () => Promise.resolve() }),
  stop: () => server().stop(), start: () => server().start(), log: () => Promise.resolve(server().log()),
  watch: () => {
    const look = () => ["cmdline", "environ"].map((f) => readFileSync(`/proc/${server().pid()}/${f}`, "utf8")).join("\n");
    return Promise.resolve(() => Promise.resolve(look()));
  },
});
