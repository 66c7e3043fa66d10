/**
 * What a MySQL or MariaDB target is set to, and whom a name means there. Rule: `app` is every `app@…` of the server; `app@10.0.%` is that one
 * alone.
 */
import { z } from "zod";
import { reveal } from "../../kernel/reveal.ts";
import type { Secret } from "../../kernel/secret.ts";
import { certificatePin, complete, trustShape } from "../../wires/trust.ts";
import type { Login, Pin } from "../connector.ts";
import { sendable } from "../connector.ts";

export const config = z.object(trustShape).superRefine(complete);
export type MysqlConfig = z.infer<typeof config>;

// eslint-disable-next-line no-control-regex
export const forbidden = /[\x00-\x1f\x7f]/;

/** `host` null: all of them. Split at the last @, as a host never holds one. */
export type Who = { readonly user: string; readonly host: string | null };
export const whoOf = ({ name }: Login): Who => {
  const at = name.lastIndexOf("@");
  return at < 0 ? { user: name, host: null } : { user: name.slice(0, at), host: name.slice(at + 1) };
};

/** The grant tables keep no character beyond the first 65,536, and read a trailing space as none; what cannot be seen is not taken. */
const user = (text: string): boolean =>
  text !== "" && text === text.trim() && [...text].length <= 128 && !/[\p{C}:]/u.test(text) && !/[\u{10000}-\u{10ffff}]/u.test(text);
const host = (text: string): boolean => /^[A-Za-z0-9_.%/-]{1,255}$/.test(text);
export const naming = {
  fits: (name: string): boolean => {
    const w = whoOf({ name });
    return user(w.user) && (w.host === null || host(w.host));
  },
  says:
    "the user, which means it with each of its hosts, or user@host for one of them; " +
    "up to 128 visible characters but a colon, as they are: capitals count",
};
export const NO_NAME = "this cannot be the name of an account here";

/** Why this is not sent at all. */
export const unsuited = (account: Login, to: Secret): string | undefined =>
  !naming.fits(account.name) ? NO_NAME : sendable({ forbidden }, reveal(to)) ? undefined : "the password is empty or holds a control character";

const COMPARE = "openssl x509 -noout -fingerprint -sha256 -in \"$(mysql -Nse 'select @@ssl_cert')\"";
export const pin = (identity: string): Pin | undefined => certificatePin(identity, COMPARE, "mysql -e \"show variables like 'have_ssl'\"");
