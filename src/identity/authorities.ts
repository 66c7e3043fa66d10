/** Whose certificates count, and which of them do not. Rule: a text that cannot be read whole is an error, never a shorter list. */
import { readPublicKey } from "./ssh-keys.ts";

/** Public key blobs of the authorities, and what they took back. */
export type Authorities = { readonly keys: readonly Buffer[]; readonly revoked: Revoked };
export type Revoked = { readonly serials: readonly (readonly [bigint, bigint])[]; readonly ids: readonly string[]; readonly keys: readonly string[] };
export const NOTHING_REVOKED: Revoked = { serials: [], ids: [], keys: [] };

/** Lines as `ssh-keygen -k` takes them: `serial: 7`, `serial: 7-9`, `id: ada`, `sha256: SHA256:…`. Throws naming the line that is none of them. */
export const parseRevoked = (text: string): Revoked => {
  const out = { serials: [] as [bigint, bigint][], ids: [] as string[], keys: [] as string[] };
  for (const [i, raw] of text.split("\n").entries()) {
    const line = raw.replace(/(^|\s)#.*$/, "").trim(), serial = /^serial:\s*(\d{1,20})(?:\s*-\s*(\d{1,20}))?$/i.exec(line),
      id = /^id:\s*(.+)$/i.exec(line);
    const key = /^(?:sha256|key):\s*(SHA256:[A-Za-z0-9+/]{43})$/i.exec(line);
    if (serial) out.serials.push([BigInt(serial[1]!), BigInt(serial[2] ?? serial[1]!)]);
    else if (id) out.ids.push(id[1]!);
    else if (key) out.keys.push(key[1]!);
    else if (line !== "") throw new Error(`line ${i + 1} is not "serial: N", "id: NAME" or "sha256: SHA256:…"`);
  }
  return out;
};

/** Public key lines, as in authorized_keys without options; throws naming the line that is none. */
export const parseAuthorities = (text: string): Buffer[] => text.split("\n").map((l) => l.trim()).flatMap((line, i) => {
  if (line === "" || line.startsWith("#")) return [];
  try { return [Buffer.from(readPublicKey(line).line.split(" ")[1]!, "base64")]; } catch (cause) {
    throw new Error(`line ${i + 1} is not a public key: ${cause instanceof Error ? cause.message : ""}`, { cause });
  }
});
