/**
 * Mail out of the door: the one importer of nodemailer. Rule: one message to one address; the other side's words come back as they were, without our
 * password in them; what was sent whole and not answered may have arrived, and says so.
 */
import { PassThrough } from "node:stream";
import { createTransport } from "nodemailer";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Times } from "../kernel/times.ts";

export type MailWay = {
  readonly host: string; readonly port: number; readonly tls: "starttls" | "tls" | "none";
  /** PEM of who may vouch for the server, or the server's own certificate; null: whom this machine trusts. */
  readonly ca: string | null;
  readonly from: string; readonly user: string | null; readonly password: Secret | null;
};
/** `id` names the message for good: sent twice after a crash, mail stores see one. */
export type Mail = { readonly id: string; readonly to: string; readonly subject: string; readonly text: string; readonly at: Date };
/** `wide`: it says nothing about this address. `unsure`: it may have arrived. */
export type Posted = { readonly sent: string } | { readonly refused: string } | { readonly later: string; readonly wide: boolean; readonly unsure?: boolean };
/** `stop` ends the wait, whatever it waits for. */
export type Mailer = { readonly from: string; readonly server: string; send(mail: Mail, stop?: AbortSignal): Promise<Posted>; close(): void };
export type MailLimits = Pick<Times, "mailDial" | "mailGreeting" | "mailAnswer">;

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

/** Sent to its final dot. Without an answer that one message is in doubt, and nothing is said of the way for the others. */
const whole = (e: SmtpError): Posted => (e.responseCode !== undefined ? classify(e)
  : { later: `It was sent whole, but the server did not say that it took it (${e.message}): it may have arrived.`, wide: false, unsure: true });
const STOPPED: Posted = { later: "The broker stopped before it was sent.", wide: false };

/** The password, and the base64 of it that a server may repeat, become dots in what is kept. */
const scrub = (said: string, { password, user }: MailWay): string => {
  if (!password) return said;
  const plain = reveal(password), forms = [plain, Buffer.from(plain).toString("base64"), Buffer.from(`\0${user ?? ""}\0${plain}`).toString("base64")];
  return forms.reduce((text, f) => text.replaceAll(f, "…"), said);
};
const scrubbed = (p: Posted, w: MailWay): Posted =>
  "sent" in p ? { sent: scrub(p.sent, w) } : "refused" in p ? { refused: scrub(p.refused, w) } : { ...p, later: scrub(p.later, w) };

/**
 * Never without TLS but where the way says so (config allows that on this machine alone). We dial ourselves: nodemailer counts the greeting against the
 * time to connect, and a server that is not there must be known sooner than one that is slow.
 */
const transportOf = (w: MailWay, t: MailLimits, link: Link) => createTransport({
  pool: true, maxConnections: 2, maxMessages: 100, host: w.host, port: w.port, secure: w.tls === "tls", requireTLS: w.tls === "starttls",
  ignoreTLS: w.tls === "none",
  tls: { minVersion: "TLSv1.2", ...(w.ca === null ? {} : { ca: w.ca }) }, disableFileAccess: true, disableUrlAccess: true,
  connectionTimeout: t.mailDial + t.mailGreeting, greetingTimeout: t.mailGreeting, socketTimeout: t.mailAnswer,
  getSocket: (_options: unknown, done: (e: Error | null, way?: { connection: never }) => void) => {
    link.connect(AbortSignal.timeout(t.mailDial)).then((stream) => { done(null, { connection: stream as never }); }, (e: Error) => { done(e); });
  },
  ...(w.user !== null && w.password !== null ? { auth: { user: w.user, pass: reveal(w.password) } } : {}),
});

export const mailer = (w: MailWay, limits: MailLimits, link: Link): Mailer => {
  const transport = transportOf(w, limits, link), dotted = new Set<string>();
  transport.use("stream", (mail, done) => {
    mail.message.transform(() => new PassThrough({ flush: (end) => { dotted.add(mail.message.messageId()); end(); } }));
    done();
  });
  const send = async (m: Mail, stop?: AbortSignal): Promise<Posted> => {
    const messageId = `<${m.id}@${w.from.slice(w.from.indexOf("@") + 1)}>`;
    try {
      const info = await transport.sendMail({
        from: { name: "Lockstep", address: w.from }, to: { name: "", address: m.to }, subject: m.subject, text: m.text, date: m.at, messageId,
        textEncoding: "quoted-printable", headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
        ...(stop ? { signal: stop } : {}),
      });
      return { sent: info.response };
    } catch (e) { return dotted.has(messageId) ? whole(e as SmtpError) : stop?.aborted ? STOPPED : classify(e as SmtpError); } finally { dotted.delete(messageId); }
  };
  return { from: w.from, server: `${w.host}:${String(w.port)}`, send: async (m, stop) => scrubbed(await send(m, stop), w), close: () => { transport.close(); } };
};
