/**
 * The operator of the machine, over the broker's own socket. Rule: the token is new at every start, lies in a file that only its owner reads, is
 * known here by its hash and dies with this process; it is nobody's login, so it does nothing a person does (domain/may.ts).
 */
import { timingSafeEqual } from "node:crypto";
import { rmSync } from "node:fs";
import type { Random } from "../kernel/clock.ts";
import type { Secret } from "../kernel/secret.ts";
import { keepToken, newToken, tokenHash } from "./secrets.ts";

export type Operator = { is(token: Secret): boolean; close(): void };

export const openOperator = (file: string, random: Random): Operator => {
  const made = newToken(random), hash = Buffer.from(made.hash);
  using token = made.token;
  keepToken(file, token);
  return {
    is: (given) => timingSafeEqual(Buffer.from(tokenHash(given)), hash),
    close: () => { rmSync(file, { force: true }); },
  };
};
