/**
 * What a machine's own tools can be given as a password. Rule: what would be read as two lines, or be cut off, is refused before anything is run. It
 * opens no secret: whoever may has opened it already (passwords.ts of each machine).
 */
import { sendable } from "../src/connectors/connector.ts";

// eslint-disable-next-line no-control-regex
const forbidden = /[\x00-\x1f\x7f]/;
/** `length`: as that machine counts, of which it takes `most`; `tooLong` says so. */
export type Fits = { length(plain: string): number; readonly most: number; readonly tooLong: string };
/** Why not; undefined: it can. */
export const unsuited = (plain: string, { length, most, tooLong }: Fits): string | undefined =>
  !sendable({ forbidden }, plain) ? "the password is empty or holds a control character" : length(plain) > most ? tooLong : undefined;
