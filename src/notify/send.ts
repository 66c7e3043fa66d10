/**
 * Mail out of the door: the one importer of nodemailer. Rule: one message to one address; the other side's words come back as they were, without our
 * password in them.
 */
import { createTransport } from "nodemailer";
import { reveal } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";

export type MailWay = {
  readonly host: string; readonly port: number; readonly tls: "starttls" | "tls" | "none";
  /** PEM of who may vouch for the server, or the server's own certificate; null: whom this machine trusts. */
  readonly ca: string | null;
  readonly from: string; readonly user: string | null; readonly password: Secret | null;
};
/** `id` names the message for good: sent twice after a crash, mail stores see one. */
export type Mail = { readonly id: string; readonly to: string; readonly subject: string; readonly text: string; readonly at: Date };
/** `wide`: it says nothing about this address. */
export type Posted = { readonly sent: string } | { readonly refused: string } | { readonly later: string; readonly wide: boolean };
export type Mailer = { readonly from: string; readonly server: string; send(mail: Mail): Promise<Posted>; close(): void };

type SmtpError = { readonly code?: string; readonly command?: string; readonly response?: string; readonly responseCode?: number;
  readonly message: string };

/**
 * What an error of nodemailer says of the address. Only a permanent word about the recipient or the message refuses; about us or the way it is not.
 */
export const classify = (e: SmtpError): Posted => {
  const said = (e.response ?? e.message).replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim().slice(0, 500),
    about = e.command === "RCPT TO" || e.command === "DATA";
  if (about && e.responseCode !== undefined && e.responseCode >= 500) return { refused: said };
  // Not even offered: the address itself is none.
  if (e.command === "API" && e.code === "EENVELOPE") return { refused: said };
  return { later: said, wide: !(about && e.responseCode !== undefined) };
};

/** The password, and the base64 of it that a server may repeat, become dots in what is kept. */
const scrub = (said: string, { password, user }: MailWay): string => {
  if (!password) return said;
  const plain = reveal(password), forms = [plain, Buffer.from(plain).toString("base64"), Buffer.from(`\0${user ?? ""}\0${plain}`).toString("base64")];
  return forms.reduce((text, f) => text.replaceAll(f, "…"), said);
};
const scrubbed = (p: Posted, w: MailWay): Posted =>
  "sent" in p ? { sent: scrub(p.sent, w) } : "refused" in p ? { refused: scrub(p.refused, w) } : { later: scrub(p.later, w), wide: p.wide };

/** `limit`: milliseconds for each wait of a conversation. Never without TLS but where the way says so (config allows that on this machine alone). */
export const mailer = (w: MailWay, limit: number): Mailer => {
  const transport = createTransport({
    pool: true, maxConnections: 2, maxMessages: 100, host: w.host, port: w.port, secure: w.tls === "tls", requireTLS: w.tls === "starttls",
      ignoreTLS: w.tls === "none",
    tls: { minVersion: "TLSv1.2", ...(w.ca === null ? {} : { ca: w.ca }) }, disableFileAccess: true, disableUrlAccess: true,
    connectionTimeout: limit, greetingTimeout: limit, socketTimeout: limit, dnsTimeout: limit,
    ...(w.user !== null && w.password !== null ? { auth: { user: w.user, pass: reveal(w.password) } } : {}),
  });
  const send = async (m: Mail): Promise<Posted> => {
    try {
      const info = await transport.sendMail({
        from: { name: "Lockstep", address: w.from }, to: { name: "", address: m.to }, subject: m.subject, text: m.text, date: m.at,
          messageId: `<${m.id}@${w.from.slice(w.from.indexOf("@") + 1)}>`,
        textEncoding: "quoted-printable", headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
      });
      return { sent: info.response };
    } catch (e) { return classify(e as SmtpError); }
  };
  return { from: w.from, server: `${w.host}:${String(w.port)}`, send: async (m) => scrubbed(await send(m), w), close: () => { transport.close(); } };
};
