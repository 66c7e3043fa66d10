/**
 * agent.conf: `Name=value` lines, read and written. Rule: all mistakes are told at once, each with its line and what would be right; nothing secret
 * stands in it.
 */
import { z } from "zod";

export const MODES = ["agent", "gateway"] as const;
const fingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, "a key's fingerprint, as the portal prints it: SHA256:…");
const host = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9.:_-]{0,252}[A-Za-z0-9])?$/, "a host name or an address"),
  port = z
    .string()
    .regex(/^[1-9]\d{0,4}$/, "a number from 1 to 65535")
    .transform(Number)
    .refine((n) => n <= 65_535, "a number from 1 to 65535");
const pair = z.string().regex(/^(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]):[1-9]\d{0,4}$/, "host:port, an IPv6 address in brackets");
const list = (of: z.ZodType<string, string>) =>
  z
    .string()
    .transform((v) => v.split(/[\s,]+/).filter((x) => x !== ""))
    .pipe(z.array(of));

const Conf = z.strictObject({
  /** The broker, and its portal's port. */
  ServerName: host,
  ServerPort: port.default(8_282),
  /** Whom this machine belongs to: a login name of the broker's. */
  UserName: z.string().regex(/^[a-z0-9._-]{1,64}$/, "a login name of the broker: a-z, 0-9, dot, dash, underscore"),
  /** Only a broker that proves one of these is answered. */
  BrokerKey: list(fingerprint).refine((l) => l.length > 0, "at least one fingerprint"),
  Mode: z.enum(MODES, "agent or gateway").default("agent"),
  /** Narrows what the broker lets it carry to; absent: nothing is narrowed. */
  Allow: list(pair).optional(),
  /** How people see this machine; absent: its host name. */
  HostName: z
    .string()
    .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/, "letters, digits, dots and dashes, up to 63")
    .optional(),
  /** An HTTP proxy on the way out; and, on a gateway, where it is one for agents behind it. */
  Proxy: z
    .string()
    .regex(/^http:\/\/[^\s/]+:\d+\/?$/, "http://host:port")
    .optional(),
  Relay: pair.optional(),
  /**
   * What TLS has to show: `verify` by the machine's own authorities, `any` nothing (the broker proves itself by BrokerKey inside), a fingerprint of
   * the certificate, or `off` for a broker on this very machine.
   */
  Tls: z
    .union([
      z.enum(["verify", "any", "off"]),
      z.string().regex(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/, "verify, any, off or a certificate's SHA-256 fingerprint AA:BB:…"),
    ])
    .default("any"),
});
export type Conf = z.infer<typeof Conf>;
const NAMES = Object.keys(Conf.shape) as readonly (keyof Conf)[];

export class ConfMistakes extends Error {
  override readonly name = "ConfMistakes";
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(mistakes.join("\n"));
    this.mistakes = mistakes;
  }
}

type Lines = { readonly values: ReadonlyMap<string, { readonly value: string; readonly at: number }>; readonly wrong: readonly string[] };
const linesOf = (text: string): Lines => {
  const values = new Map<string, { value: string; at: number }>(),
    wrong: string[] = [];
  text.split(/\r?\n/).forEach((raw, i) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return;
    const m = /^([A-Za-z]+)\s*=\s*(.*)$/.exec(line),
      name = NAMES.find((n) => n.toLowerCase() === m?.[1]?.toLowerCase());
    if (!m) wrong.push(`line ${i + 1}: not Name=value`);
    else if (!name) wrong.push(`line ${i + 1}: there is no ${m[1]!}. Known: ${NAMES.join(", ")}`);
    else if (values.has(name)) wrong.push(`line ${i + 1}: ${name} stands twice`);
    else values.set(name, { value: m[2]!.trim(), at: i + 1 });
  });
  return { values, wrong };
};
/** Throws ConfMistakes. */
export const parseConf = (text: string): Conf => {
  const { values, wrong } = linesOf(text),
    read = Conf.safeParse(Object.fromEntries([...values].map(([name, { value }]) => [name, value])));
  const said = read.success
    ? []
    : read.error.issues.map((i) => {
        const name = String(i.path[0] ?? ""),
          at = values.get(name)?.at;
        return at === undefined ? `${name} is missing` : `line ${at}: ${name} must be ${i.message}`;
      });
  if (wrong.length + said.length > 0) throw new ConfMistakes([...wrong, ...said]);
  return read.data!;
};

/** As parseConf reads it again. */
export const confText = (c: Partial<Record<keyof Conf, string | number | readonly string[] | undefined>>): string =>
  [
    "# Written by lockstep-agent install; lockstep-agent doctor goes through all of it.",
    ...NAMES.flatMap((n) => {
      const v = c[n];
      return v === undefined ? [] : [`${n}=${typeof v === "object" ? v.join(" ") : String(v)}`];
    }),
    "",
  ].join("\n");
