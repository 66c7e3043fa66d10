/** Small tests on text from outside. Rule: pure. */
import { createHash, timingSafeEqual } from "node:crypto";
import { isNetwork } from "../domain/networks.ts";

export const isIP = (text: string): boolean => !text.includes("/") && isNetwork(text);

/** In constant time, whatever the lengths. */
export const equalText = (a: string, b: string): boolean => {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
};

/** A path of this portal to go on to after login; anything else leads home. */
export const localPath = (text: string | undefined): string => (text !== undefined && /^\/(?![/\\])[\w\-./?=&%@:+,]{0,300}$/.test(text) ? text : "/");
