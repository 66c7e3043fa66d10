/** What a target behind a command set is set to. Rule: SSH goes with a pinned key; Telnet, which proves nothing and hides nothing, only where somebody said so. */
import { z } from "zod";
import type { CommandSet } from "../../domain/command-set/index.ts";
import { nameFits } from "../../domain/command-set/index.ts";
import { reveal } from "../../kernel/reveal.ts";
import type { Secret } from "../../kernel/secret.ts";
import { keyPin } from "../../wires/ssh.ts";
import type { Login, Naming, Pin } from "../connector.ts";
import { sendable } from "../connector.ts";

/** The text of the set comes with Lockstep itself, and changes with it. */
export const SHIPPED = "shipped";
/** `newest`: what a new target is bound to. */
export const configFor = (set: CommandSet, newest: string) => z.object({
  over: z.enum(set.over).default(set.over[0]!).describe(`How the device is reached: ${set.over.join(", ")}.`),
  hostKeys: z.array(z.string().min(1)).default([]).describe("Pinned OpenSSH public-key lines; Telnet has none."),
  plaintext: z.boolean().default(false)
    .describe("Telnet only: I know that everybody on the way can read the passwords, and that nothing proves which device this is."),
  version: z.string().regex(/^(shipped|[0-9a-f]{64})$/, "shipped, or the SHA-256 of an accepted text").default(newest)
    .describe("Which text of the command set: its SHA-256. Another one blocks the accounts until somebody accepts it."),
}).refine((c) => c.over === "telnet" || c.hostKeys.length > 0, { path: ["hostKeys"], message: "at least one pinned key" })
  .refine((c) => c.over !== "telnet" || c.plaintext, { path: ["plaintext"], message: "Telnet carries passwords that everybody on the way can read: say that you know" });
export type Settings = z.infer<ReturnType<typeof configFor>>;

// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;
export const forbiddenBy = (set: CommandSet): RegExp => new RegExp(`${CONTROL.source}|${set.passwords.forbid}`);
export const namingBy = (set: CommandSet): Naming => ({
  fits: (name) => nameFits(set, name),
  says: `letters, digits and . _ -, at most 64, as ${set.called} takes them (${set.names})`,
});

/** Why this is not sent at all. */
export const unsuited = (set: CommandSet, account: Login, to: Secret): string | undefined => {
  const text = reveal(to);
  if (!namingBy(set).fits(account.name)) return `this cannot be the name of an account of ${set.one}`;
  if (!sendable({ forbidden: forbiddenBy(set) }, text)) return `the password is empty or holds a character that ${set.one} does not take`;
  if (text !== text.trim()) return "the password begins or ends with a blank, which command lines drop";
  return Buffer.byteLength(text) > set.passwords.longest ? `${set.one} takes at most ${set.passwords.longest} bytes of a password` : undefined;
};

/** What a device is pinned by that speaks no SSH. */
export const TELNET = "telnet";
export const pinBy = (set: CommandSet) => (identity: string): Pin | undefined => {
  if (identity.trim() === TELNET && set.over.includes("telnet")) {
    return { settings: { over: "telnet", plaintext: true }, fingerprint: "none: Telnet. Everybody on the way can read the passwords, and nothing proves which device this is",
      compareWith: "nothing: reach it over SSH where it can" };
  }
  const pin = keyPin(identity);
  return pin && set.over.some((w) => w !== "telnet") ? { ...pin, settings: { ...pin.settings, over: set.over.find((w) => w !== "telnet") } } : undefined;
};
