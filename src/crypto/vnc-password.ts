/**
 * The file in which VNC servers keep a password (`~/.vnc/passwd`): eight bytes, hidden by DES with a key that everybody knows. Rule: read, never
 * written; whoever may read the file has the password, and no longer one than eight characters exists.
 */
import { createDecipheriv } from "node:crypto";
import { Secret } from "../kernel/secret.ts";

/** The known key, its bits the way round in which DES takes them. */
const KNOWN = Buffer.from("e84ad660c4721ae0", "hex");
export const VNC_LONGEST = 8;

/** The first password of the file; null: this is no such file. Wipes what it was given. */
export const vncPassword = (file: Buffer): Secret | null => {
  if (file.length < VNC_LONGEST) return null;
  // Three times the same key is DES itself, which OpenSSL 3 no longer offers by its name.
  const open = createDecipheriv("des-ede3-ecb", Buffer.concat([KNOWN, KNOWN, KNOWN]), null).setAutoPadding(false);
  const plain = Buffer.concat([open.update(file.subarray(0, VNC_LONGEST)), open.final()]), end = plain.indexOf(0);
  file.fill(0);
  try { return Secret.ofBytes(plain.subarray(0, end < 0 ? VNC_LONGEST : end)); } finally { plain.fill(0); }
};
