/**
 * What Redis tells of its users. Rule: Redis keeps SHA-256 of each password, so every one is computed; what lets in with any password proves
 * nothing.
 */
import { createHash } from "node:crypto";
import type { Reply } from "../../wires/resp.ts";
import type { FoundAccount } from "../connector.ts";

export const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

export type User = { readonly on: boolean; readonly nopass: boolean; readonly hashes: readonly string[]; readonly rules: readonly string[] };
const words = (reply: Reply | undefined): string[] => (Array.isArray(reply) ? reply.map(String) : typeof reply === "string" ? reply.split(" ") : []);
/** Of ACL GETUSER: names and values by turns; a selector is a list of the same. Null: no such user. */
export const userIn = (reply: Reply): User | null => {
  if (!Array.isArray(reply)) return null;
  const facts = new Map<string, Reply>();
  for (let i = 0; i + 1 < reply.length; i += 2) facts.set(String(reply[i]), reply[i + 1] as Reply);
  const flags = words(facts.get("flags")),
    selectors = facts.get("selectors");
  const more = Array.isArray(selectors) ? selectors.flatMap((s) => words(Array.isArray(s) ? (s[s.indexOf("commands") + 1] as Reply) : null)) : [];
  return {
    on: flags.includes("on"),
    nopass: flags.includes("nopass"),
    hashes: words(facts.get("passwords")),
    rules: [...words(facts.get("commands")), ...more],
  };
};

/** Commands by which a user becomes any other: their categories are the same. */
const MIGHTY = ["acl|setuser", "config|set", "module|load", "debug"];
const WIDE = new Set(["@all", "@admin", "@dangerous", "@slow"]);
/** In their order, the last word on a command counts. */
const allows = (rules: readonly string[], command: string): boolean => {
  let may = false;
  for (const rule of rules) {
    const what = rule.slice(1),
      plus = rule.startsWith("+");
    if (WIDE.has(what) || what === command || what === command.split("|")[0]) may = plus;
  }
  return may;
};
export const foundUser = (name: string, u: User): FoundAccount => {
  const mighty = MIGHTY.filter((m) => allows(u.rules, m));
  return {
    name,
    enabled: u.on,
    privileged: mighty.length > 0,
    says: [
      ...(mighty.length > 0 ? [`may ${mighty.join(", ").replaceAll("|", " ")}`] : []),
      ...(u.on ? [] : ["off"]),
      ...(u.nopass ? ["lets in with any password (nopass)"] : []),
      ...(u.hashes.length > 1 ? [`${u.hashes.length} passwords`] : []),
    ],
  };
};
