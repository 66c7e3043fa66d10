/** LOCKSTEP_* read once, all mistakes reported together. Rule: `config` may be printed, `secrets` holds Secret only. */
import path from "node:path";
import { z } from "zod";
import { Fault } from "../kernel/fault.ts";
import { Secret } from "../kernel/secret.ts";
import { FILED, withFiles } from "./files.ts";
import { MAIL_SHAPE, mailConfig, type MailConfig } from "./mail.ts";

const flag = z.enum(["yes", "no"]).transform((v) => v === "yes");
const listen = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[0-9A-Za-z.-]+):\d{1,5}$/, "write it as address:port, for example 127.0.0.1:8282")
  .transform((v) => ({ host: v.slice(0, v.lastIndexOf(":")).replace(/^\[|\]$/g, ""), port: Number(v.slice(v.lastIndexOf(":") + 1)) }))
  .refine((v) => v.port <= 65_535, "a port is 0 to 65535");

const SHAPE = {
  LOCKSTEP_DATA: z.string().min(1).default("./data"),
  LOCKSTEP_LISTEN: listen.default({ host: "127.0.0.1", port: 8282 }),
  LOCKSTEP_SSH_LISTEN: listen.default({ host: "127.0.0.1", port: 2222 }),
  LOCKSTEP_ORIGIN: z.url().optional(),
  LOCKSTEP_SSH_CA: z.string().optional(), LOCKSTEP_SSH_REVOKED: z.string().optional(),
  LOCKSTEP_SSH_HOST: z.string().regex(/^[A-Za-z0-9.:-]+$/).optional(),
  LOCKSTEP_TLS_CERT: z.string().optional(), LOCKSTEP_TLS_KEY: z.string().optional(),
  LOCKSTEP_TLS: flag.optional(),
  LOCKSTEP_TRUSTED_PROXIES: z.string().default("").transform((v) => v.split(",").map((x) => x.trim()).filter(Boolean)),
  LOCKSTEP_KEK_FILE: z.string().optional(),
  LOCKSTEP_GUACD: listen.optional(), LOCKSTEP_GUACD_HOME: z.string().min(1).optional(),
  LOCKSTEP_WORKERS: z.coerce.number().int().min(1).max(64).optional(),
  LOCKSTEP_LOG: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  LOCKSTEP_TIMESCALE: z.coerce.number().min(0.01).max(1).default(1),
  LOCKSTEP_NODE: z.string().regex(/^[a-z0-9-]{1,40}$/).optional(),
  ...MAIL_SHAPE, LOCKSTEP_WEBHOOKS_TO_LOOPBACK: flag.default(false),
  // Read by the command line only.
  LOCKSTEP_URL: z.url().optional(), LOCKSTEP_TOKEN_FILE: z.string().optional(),
} as const;
const SECRETS = ["LOCKSTEP_KEK", "DATABASE_URL", "LOCKSTEP_TOKEN", "LOCKSTEP_SMTP_PASSWORD"] as const;

export type Config = {
  readonly data: string; readonly listen: { host: string; port: number }; readonly ssh: { host: string; port: number };
  readonly origin: string | undefined; readonly sshHost: string | undefined;
  /** Files: public keys of certificate authorities for people, and what they revoked. */
  readonly sshCa: string | undefined; readonly sshRevoked: string | undefined;
  readonly tls: { readonly cert: string; readonly key: string } | "own" | "off"; readonly trustedProxies: readonly string[];
  readonly kekFile: string; readonly workers: number | undefined; readonly log: "debug" | "info" | "warn" | "error" | "silent"; readonly timescale: number; readonly node: string;
  readonly engine: "postgresql" | "pglite";
  readonly mail: MailConfig | null;
  /** The Guacamole daemon on this machine's loopback address, and its home directory; null: no desktops. */
  readonly guacd: { readonly host: string; readonly port: number; readonly home: string } | null;
  /** Webhooks may lead to this machine. */
  readonly hooksToLoopback: boolean;
};
export type Secrets = { readonly kek: Secret | null; readonly databaseUrl: Secret | null; readonly smtpPassword: Secret | null };

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** The process's environment: read here, handed on. */
export const environment = (): Readonly<Record<string, string | undefined>> => process.env;

/** `env`: process.env or a test's own. Throws one Fault that names every mistake. */
export const parseEnv = (given: Readonly<Record<string, string | undefined>>): { config: Config; secrets: Secrets } => {
  const { env, mistakes: ofFiles } = withFiles(given), mistakes = [...ofFiles], known = new Set<string>([...Object.keys(SHAPE), ...SECRETS, ...FILED.map((name) => `${name}_FILE`)]);
  for (const name of Object.keys(env)) if (name.startsWith("LOCKSTEP_") && !known.has(name)) mistakes.push(`${name} is not a setting of Lockstep${near(name, [...known])}`);
  const set = Object.entries(env).filter(([k, v]) => k in SHAPE && v !== ""), parsed = z.object(SHAPE).safeParse(Object.fromEntries(set)), wrong = new Set<string>();
  if (!parsed.success) for (const issue of parsed.error.issues) { wrong.add(String(issue.path[0])); mistakes.push(`${String(issue.path[0])}: ${issue.message}`); }
  // What was right is still held against each other, so that one start shows every mistake.
  const v = parsed.success ? parsed.data : z.object(SHAPE).parse(Object.fromEntries(set.filter(([k]) => !wrong.has(k))));
  if (Boolean(v.LOCKSTEP_TLS_CERT) !== Boolean(v.LOCKSTEP_TLS_KEY)) mistakes.push("LOCKSTEP_TLS_CERT and LOCKSTEP_TLS_KEY belong together: set both or neither");
  const own = v.LOCKSTEP_TLS ?? wrong.has("LOCKSTEP_TLS");
  if (!v.LOCKSTEP_TLS_CERT && !own && !LOOPBACK.test(v.LOCKSTEP_LISTEN.host) && v.LOCKSTEP_TRUSTED_PROXIES.length === 0) {
    mistakes.push(`LOCKSTEP_LISTEN: ${v.LOCKSTEP_LISTEN.host} is not a loopback address, and plain HTTP leaves the machine. Set LOCKSTEP_TLS_CERT and LOCKSTEP_TLS_KEY, or LOCKSTEP_TLS=yes for a certificate of our own, or LOCKSTEP_TRUSTED_PROXIES for a proxy in front`);
  }
  if (v.LOCKSTEP_SSH_REVOKED && !v.LOCKSTEP_SSH_CA) mistakes.push("LOCKSTEP_SSH_REVOKED takes back certificates, and LOCKSTEP_SSH_CA names no authority whose they would be");
  if (Boolean(v.LOCKSTEP_GUACD) !== Boolean(v.LOCKSTEP_GUACD_HOME)) mistakes.push("LOCKSTEP_GUACD and LOCKSTEP_GUACD_HOME belong together: set both or neither");
  if (v.LOCKSTEP_GUACD && !LOOPBACK.test(v.LOCKSTEP_GUACD.host)) mistakes.push(`LOCKSTEP_GUACD: ${v.LOCKSTEP_GUACD.host} is not a loopback address, and guacd asks nobody for a password: it must be reachable from this machine alone`);
  const { mail, mistakes: ofMail } = mailConfig(v, Boolean(env["LOCKSTEP_SMTP_PASSWORD"]), wrong);
  mistakes.push(...ofMail);
  if (mistakes.length > 0) throw new Fault("invalid", `Settings cannot be used:\n${mistakes.map((m) => `  - ${m}`).join("\n")}`);
  const data = path.resolve(v.LOCKSTEP_DATA);
  return {
    config: {
      data, listen: v.LOCKSTEP_LISTEN, ssh: v.LOCKSTEP_SSH_LISTEN, origin: v.LOCKSTEP_ORIGIN?.replace(/\/$/, ""), sshHost: v.LOCKSTEP_SSH_HOST,
      sshCa: v.LOCKSTEP_SSH_CA && path.resolve(v.LOCKSTEP_SSH_CA), sshRevoked: v.LOCKSTEP_SSH_REVOKED && path.resolve(v.LOCKSTEP_SSH_REVOKED),
      tls: v.LOCKSTEP_TLS_CERT && v.LOCKSTEP_TLS_KEY ? { cert: v.LOCKSTEP_TLS_CERT, key: v.LOCKSTEP_TLS_KEY } : own ? "own" : "off", trustedProxies: v.LOCKSTEP_TRUSTED_PROXIES,
      kekFile: path.resolve(v.LOCKSTEP_KEK_FILE ?? path.join(data, "keys", "root.key")), workers: v.LOCKSTEP_WORKERS, log: v.LOCKSTEP_LOG, timescale: v.LOCKSTEP_TIMESCALE, node: v.LOCKSTEP_NODE ?? "broker-1",
      engine: env["DATABASE_URL"] ? "postgresql" : "pglite", mail, hooksToLoopback: v.LOCKSTEP_WEBHOOKS_TO_LOOPBACK,
      guacd: v.LOCKSTEP_GUACD && v.LOCKSTEP_GUACD_HOME ? { ...v.LOCKSTEP_GUACD, home: path.resolve(v.LOCKSTEP_GUACD_HOME) } : null,
    },
    secrets: { kek: env["LOCKSTEP_KEK"] ? Secret.of(env["LOCKSTEP_KEK"]) : null, databaseUrl: env["DATABASE_URL"] ? Secret.of(env["DATABASE_URL"]) : null,
      smtpPassword: env["LOCKSTEP_SMTP_PASSWORD"] ? Secret.of(env["LOCKSTEP_SMTP_PASSWORD"]) : null },
  };
};

/** " (did you mean X?)" for a slip of one or two letters. */
const near = (name: string, known: readonly string[]): string => {
  const best = known.map((k) => ({ k, d: distance(name, k) })).sort((a, b) => a.d - b.d)[0];
  return best && best.d <= 3 ? ` (did you mean ${best.k}?)` : "";
};
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
};
