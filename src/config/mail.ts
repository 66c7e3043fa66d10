/** The mail server in LOCKSTEP_SMTP_*. Rule: a password leaves over verified TLS only; plain text is for a server on this very machine. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { Fault } from "../kernel/fault.ts";

export const MAIL_SHAPE = {
  LOCKSTEP_SMTP_SERVER: z.string().regex(/^(\[[0-9a-fA-F:]+\]|[0-9A-Za-z.-]+):\d{1,5}$/, "write it as host:port, for example mail.example.org:587")
    .transform((v) => ({ host: v.slice(0, v.lastIndexOf(":")).replace(/^\[|\]$/g, ""), port: Number(v.slice(v.lastIndexOf(":") + 1)) }))
    .refine((v) => v.port > 0 && v.port <= 65_535, "a port is 1 to 65535").optional(),
  LOCKSTEP_SMTP_FROM: z.email("is no mail address").optional(),
  LOCKSTEP_SMTP_TLS: z.enum(["starttls", "tls", "none"]).optional(),
  LOCKSTEP_SMTP_CA: z.string().optional(), LOCKSTEP_SMTP_USER: z.string().min(1).optional(),
} as const;
type Given = { readonly [K in keyof typeof MAIL_SHAPE]?: z.infer<(typeof MAIL_SHAPE)[K]> | undefined };

export type MailConfig = {
  readonly host: string; readonly port: number; readonly tls: "starttls" | "tls" | "none"; readonly caFile: string | null; readonly from: string;
    readonly user: string | null;
};
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** `wrong`: settings that could not be read; they are told already. */
export const mailConfig = (v: Given, hasPassword: boolean, wrong: ReadonlySet<string>): { readonly mail: MailConfig | null;
  readonly mistakes: readonly string[] } => {
  const server = v.LOCKSTEP_SMTP_SERVER, mistakes: string[] = [],
    others = (["FROM", "TLS", "CA", "USER"] as const).filter((k) => v[`LOCKSTEP_SMTP_${k}`] !== undefined);
  if (!server) {
    const alone = [...others, ...(hasPassword ? ["PASSWORD"] : [])].map((k) => `LOCKSTEP_SMTP_${k}`);
    if (alone.length > 0
      && !wrong.has("LOCKSTEP_SMTP_SERVER")) mistakes.push(`LOCKSTEP_SMTP_SERVER is missing, and ${alone.join(", ")} mean nothing without it`);
    return { mail: null, mistakes };
  }
  const tls = v.LOCKSTEP_SMTP_TLS ?? (server.port === 465 ? "tls" : "starttls");
  if (!v.LOCKSTEP_SMTP_FROM
    && !wrong.has("LOCKSTEP_SMTP_FROM")) mistakes.push("LOCKSTEP_SMTP_FROM is missing: the address our mail comes from, for example lockstep@example.org");
  if ((v.LOCKSTEP_SMTP_USER !== undefined) !== hasPassword) mistakes.push("LOCKSTEP_SMTP_USER and LOCKSTEP_SMTP_PASSWORD (or LOCKSTEP_SMTP_PASSWORD_FILE) belong together: set both or neither");
  if (tls === "none" && !LOOPBACK.test(server.host)) mistakes.push(`LOCKSTEP_SMTP_TLS: ${server.host} is not this machine, and mail without TLS can be read and changed on the way. Use starttls or tls`);
  if (tls === "none" && v.LOCKSTEP_SMTP_CA) mistakes.push("LOCKSTEP_SMTP_CA means nothing without TLS");
  return { mail: { ...server, tls, caFile: v.LOCKSTEP_SMTP_CA ? path.resolve(v.LOCKSTEP_SMTP_CA) : null, from: v.LOCKSTEP_SMTP_FROM ?? "",
    user: v.LOCKSTEP_SMTP_USER ?? null }, mistakes };
};

/** Its certificates, read at the start, so that a wrong file is told then. */
export const mailCa = ({ caFile }: MailConfig): string | null => {
  if (caFile === null) return null;
  let text;
  try { text = readFileSync(caFile, "utf8"); } catch (cause) {
    throw new Fault("unavailable", `LOCKSTEP_SMTP_CA: ${caFile} cannot be read (${(cause as NodeJS.ErrnoException).code ?? "error"}).`, { cause });
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----")) throw new Fault("unavailable", `LOCKSTEP_SMTP_CA: ${caFile} holds no certificate in PEM.`);
  return text;
};
