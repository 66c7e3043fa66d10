/** What a Redis target is set to, and what may be sent to one. Rule: a name is one word, as the server's own rules are words. */
import { z } from "zod";
import { complete, trustShape } from "../../wires/trust.ts";
import type { Login } from "../connector.ts";
import { sendable } from "../connector.ts";

export const config = z
  .object({
    ...trustShape,
    memoryAlone: z
      .boolean()
      .default(false)
      .describe(
        [
          "The server keeps its users in memory alone (no aclfile, no configuration file):",
          "after a restart the old password counts again, and is found as drift.",
        ].join(" "),
      ),
  })
  .superRefine(complete);
export type RedisConfig = z.infer<typeof config>;

// eslint-disable-next-line no-control-regex
export const forbidden = /[\x00-\x1f\x7f]/;
export const naming = {
  fits: (name: string): boolean => /^[^\s:\p{C}]{1,128}$/u.test(name),
  says: "1 to 128 visible characters but spaces and colons, as they are: capitals count",
};
export const NO_NAME = "this cannot be the name of a user here";
export const unsuited = (account: Login, to: string): string | undefined =>
  !naming.fits(account.name) ? NO_NAME : sendable({ forbidden }, to) ? undefined : "the password is empty or holds a control character";
