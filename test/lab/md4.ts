/** MD4 for programs that ask OpenSSL 3 for it. Rule: a configuration of their own; the machine's is left as it is. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BARE_ENV } from "./run.ts";
import { scratch } from "./scratch.ts";

export const withMd4 = async (): Promise<Record<string, string>> => {
  const file = join(await scratch("md4", false), "openssl.cnf");
  writeFileSync(file, "openssl_conf = init\n[init]\nproviders = all\n[all]\ndefault = on\nlegacy = on\n[on]\nactivate = 1\n");
  return { ...BARE_ENV, OPENSSL_CONF: file };
};
