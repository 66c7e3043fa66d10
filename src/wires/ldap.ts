/**
 * LDAP 3 over a Link: the one importer of ldapts. Rules: one connection, never opened again behind our back (ldapts would); a DN is a DN and never
 * the name of a SASL mechanism; filters are objects, never text; every failure is an LdapFailure and holds nothing that was sent.
 * Found by reading ldapts 9.2.0: NODE_DEBUG=ldapts prints what it sends, passwords of a change among it; bind("PLAIN", …) is not a DN to it.
 */
import { debuglog } from "node:util";
import { AndFilter, Attribute, Change, Client, EqualityFilter, ExtensibleFilter, NotFilter, PasswordPolicyControl, PresenceFilter, type Entry as Raw, type Filter, type SearchOptions } from "ldapts";
import type { Link } from "../kernel/link.ts";
import { caged } from "./cage.ts";
import { LdapFailure } from "./ldap-failure.ts";
import { ldapFrames } from "./ldap-frames.ts";
import { reachDirectory, type Beginning } from "./ldap-tls.ts";
import type { Trust } from "./tls.ts";

export { LDAP, LdapFailure, PPOLICY } from "./ldap-failure.ts";
export { BEGINNINGS, directoryProof, type Beginning } from "./ldap-tls.ts";

/** Values of one entry; a name is asked in any capitals. */
export type Entry = { readonly dn: string; all(attribute: string): readonly string[]; first(attribute: string): string | undefined; bytes(attribute: string): Buffer | undefined };
export type Modification = { readonly operation: "add" | "delete" | "replace"; readonly attribute: string; readonly values: readonly (string | Buffer)[] };
export type Look = { readonly base: string; readonly scope: "base" | "one" | "sub"; readonly filter: Filter; readonly attributes: readonly string[] };
export type Directory = {
  /** The fingerprint of the certificate it proved itself by. */
  readonly proof: string;
  bind(dn: string, password: string): Promise<void>;
  /** At most `limit` entries; what is beyond is not fetched. */
  search(look: Look, limit: number): Promise<Entry[]>;
  pages(look: Look): AsyncGenerator<Entry[]>;
  modify(dn: string, modifications: readonly Modification[]): Promise<void>;
  /** RFC 3062. Without `user`: whoever is bound. The old password is not sent along: slapd is "unwilling to verify" it, and the bind has just done so. */
  setPassword(o: { user?: string; to: string }): Promise<void>;
  /** undefined: the entry has no such attribute. */
  compare(dn: string, attribute: string, value: string): Promise<boolean>;
  end(): void;
};

export const is = (attribute: string, value: string): Filter => new EqualityFilter({ attribute, value });
/** Values that are no text are asked for by their bytes, and read by `bytes`. */
export const isBytes = (attribute: string, value: Buffer): Filter => new EqualityFilter({ attribute, value });
/** Member of a group, or of a group in it, to any depth (MS-ADTS 3.1.1.3.4.4.3). */
export const within = (attribute: string, dn: string): Filter => new ExtensibleFilter({ matchType: attribute, rule: "1.2.840.113556.1.4.1941", value: dn });
export const has = (attribute: string): Filter => new PresenceFilter({ attribute });
export const both = (...filters: Filter[]): Filter => new AndFilter({ filters });
export const not = (filter: Filter): Filter => new NotFilter({ filter });

const WATCHED = "NODE_DEBUG names ldapts, which would print passwords; take it out of the environment and start again";
const PASSWORD_MODIFY = "1.3.6.1.4.1.4203.1.11.1";

const length = (n: number): Buffer => n < 0x80 ? Buffer.from([n]) : n < 0x100 ? Buffer.from([0x81, n]) : Buffer.from([0x82, n >> 8, n & 0xff]);
const field = (tag: number, content: Buffer | string): Buffer => { const b = Buffer.from(content as string); return Buffer.concat([Buffer.from([tag]), length(b.length), b]); };
const request = (o: { user?: string; to: string }): Buffer => field(0x30, Buffer.concat([...(o.user === undefined ? [] : [field(0x80, o.user)]), field(0x82, o.to)]));

/** ldapts puts the number behind the server's words. */
const failure = (e: unknown, policy?: number): LdapFailure => {
  if (e instanceof LdapFailure) return e;
  const code = e instanceof Error ? (e as { code?: unknown }).code : undefined;
  if (typeof code !== "number") return new LdapFailure("closed", "the connection was lost before the server said how it ended");
  return new LdapFailure("answer", (e as Error).message.replace(/ Code: 0x[0-9a-f]+$/, "") || `the directory said ${code}`, { code, policy });
};
const texts = (value: Raw[string] | undefined): string[] =>
  value === undefined ? [] : (Array.isArray(value) ? value : [value]).map((v) => Buffer.isBuffer(v) ? v.toString("base64") : v);
const entry = (raw: Raw): Entry => {
  const byName = new Map(Object.entries(raw).map(([k, v]) => [k.toLowerCase(), texts(v)])), all = (name: string) => byName.get(name.toLowerCase()) ?? [];
  const whole = (name: string): Buffer | undefined => Object.entries(raw).filter(([k]) => k.toLowerCase() === name.toLowerCase()).flatMap(([, v]) => v).find((v) => Buffer.isBuffer(v));
  return { dn: raw.dn, all, first: (name) => all(name)[0], bytes: whole };
};
const asDn = (text: string): string => { if (!text.includes("=")) throw new LdapFailure("closed", "this is not a distinguished name"); return text; };

/** A bind says who: a DN in a directory, a user principal name or DOMAIN\name in Active Directory. None of them is a mechanism's name. */
const asBinder = (text: string): string => { if (!/[=@\\]/.test(text)) throw new LdapFailure("closed", "this is not a name to bind with"); return text; };
/** Sent with the password policy control where the server knows it; its answer is kept for the failure. */
const withPolicy = async (call: (control: PasswordPolicyControl) => Promise<unknown>): Promise<void> => {
  const control = new PasswordPolicyControl();
  try { await call(control); } catch (e) { throw failure(e, control.value?.error); }
};
const told = async <T>(ask: Promise<T>): Promise<T> => { try { return await ask; } catch (e) { throw failure(e); } };

export const openDirectory = async (link: Link, trust: Trust, how: Beginning, signal: AbortSignal): Promise<Directory> => {
  if (debuglog("ldapts").enabled) throw new LdapFailure("unreachable", WATCHED);
  const { stream, fingerprint } = await reachDirectory(link, trust, how, signal);
  caged(stream, { broke: () => new LdapFailure("closed", "what it says is not LDAP"), frames: ldapFrames() });
  let used = false;
  const once = (): never => {
    if (used) throw new LdapFailure("closed", "the connection was lost");
    used = true;
    return stream as never;
  };
  const client = new Client({ url: "ldap://directory", createConnection: once }), cut = (): void => { stream.destroy(new Error("called off")); };
  signal.addEventListener("abort", cut, { once: true });
  stream.once("close", () => { signal.removeEventListener("abort", cut); stream.on("error", () => undefined); });
  const asked = ({ base, scope, filter, attributes }: Look): [string, SearchOptions] => [base, { scope, filter, attributes: [...attributes], explicitBufferAttributes: ["objectSid"] }];
  return {
    proof: fingerprint,
    bind: (dn, password) => withPolicy((control) => client.bind(asBinder(dn), password, control)),
    search: async (look, limit) => {
      const [base, options] = asked(look);
      return (await told(client.search(base, { ...options, sizeLimit: limit }))).searchEntries.map(entry);
    },
    async *pages(look) {
      const [base, options] = asked(look);
      try { for await (const page of client.searchPaginated(base, { ...options, paged: { pageSize: 500 } })) yield page.searchEntries.map(entry); } catch (e) { throw failure(e); }
    },
    modify: (dn, modifications) => withPolicy((control) => client.modify(asDn(dn), modifications.map(({ operation, attribute, values }) =>
      new Change({ operation, modification: new Attribute({ type: attribute, values: values as string[] }) })), control)),
    setPassword: (o) => withPolicy((control) => client.exop(PASSWORD_MODIFY, request(o), control)),
    compare: (dn, attribute, value) => told(client.compare(asDn(dn), attribute, value)),
    end: () => { void client.unbind().catch(() => undefined).finally(() => stream.destroy()); },
  };
};
