/** Passwords, TOTP keys and tokens where they are plain. Rule: the only file of identity that opens a Secret; nothing here logs, and one token is kept: the operator's, in its file. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { hash, verify } from "@node-rs/argon2";
import { Secret as OtpKey, TOTP } from "otpauth";
import type { Random } from "../kernel/clock.ts";
import { reveal, revealBytes } from "../kernel/reveal.ts";
import { Secret } from "../kernel/secret.ts";
import { brokenRules, PasswordPolicy } from "../domain/password-policy.ts";
import { sha256Hex } from "../crypto/envelope.ts";

export type Cost = { readonly memoryCost: number; readonly timeCost: number; readonly parallelism: number };
/** OWASP's second recommendation, a little above: 46 MiB, one pass. About 40 ms on one core. */
export const COST: Cost = { memoryCost: 47_104, timeCost: 1, parallelism: 1 };
const LOGIN_PASSWORD = PasswordPolicy.parse({ name: "login", length: 12, lower: 0, upper: 0, digit: 0, symbol: 0, maxRepeat: 3, history: 0 });

/** argon2id is this library's default. */
export const hashPassword = async (password: Secret, cost: Cost = COST): Promise<string> => hash(revealBytes(password), { ...cost });

const dummies = new Map<string, Promise<string>>();
/** Same work for nobody's name: a stranger's login takes as long as a person's. */
const dummyHash = (cost: Cost): Promise<string> => {
  const key = JSON.stringify(cost), found = dummies.get(key);
  if (found) return found;
  const made = hash("nobody has this password", { ...cost });
  dummies.set(key, made);
  return made;
};
export const checkPassword = async (stored: string | null, password: Secret, cost: Cost = COST): Promise<boolean> => {
  const right = await verify(stored ?? await dummyHash(cost), revealBytes(password)).catch(() => false);
  return right && stored !== null;
};
/** Every rule a new login password breaks. */
export const brokenLoginRules = (password: Secret, login: string): string[] => brokenRules(reveal(password), LOGIN_PASSWORD, login, /(?!)/);
export const samePassword = (a: Secret, b: Secret): boolean => revealBytes(a).equals(revealBytes(b));

const totp = (key: Secret, label: string, issuer: string): TOTP =>
  new TOTP({ issuer, label, algorithm: "SHA1", digits: 6, period: 30, secret: OtpKey.fromBase32(reveal(key)) });
/** 160 random bits in base 32, as authenticator apps want it. */
export const newTotpKey = (random: Random): Secret => {
  const bytes = random.bytes(20);
  try { return Secret.of(new OtpKey({ buffer: Uint8Array.from(bytes).buffer }).base32); } finally { bytes.fill(0); }
};
export const totpUri = (key: Secret, label: string, issuer: string): Secret => Secret.of(totp(key, label, issuer).toString());
/** The counter this code belongs to, one step of 30 s either way; null when it is wrong. The caller spends it, once. */
export const totpCounter = (key: Secret, code: string, now: Date): number | null => {
  if (!/^\d{6}$/.test(code)) return null;
  const delta = totp(key, "", "").validate({ token: code, timestamp: now.getTime(), window: 1 });
  return delta === null ? null : Math.floor(now.getTime() / 30_000) + delta;
};

/** `lst_` and 256 random bits. */
export const newToken = (random: Random): { token: Secret; hash: string } => {
  const text = `lst_${random.bytes(32).toString("base64url")}`;
  return { token: Secret.of(text), hash: sha256Hex(text) };
};
export const tokenHash = (token: Secret): string => sha256Hex(revealBytes(token));
/** Appears whole, for its owner alone; what lay there before is gone. */
export const keepToken = (file: string, token: Secret): void => {
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${reveal(token)}\n`, { mode: 0o600, flag: "wx" });
  renameSync(draft, file);
};
