/**
 * A product with an HTTP API, private to a test. Rule: own directory, ports and passwords; what a test asks of it goes by the lab's own small
 * client, never by the client under test.
 */
import { randomBytes } from "node:crypto";
import { chmod, chown } from "node:fs/promises";
import https from "node:https";
import { join } from "node:path";
import { certificate, type Certificate } from "./certificate.ts";
import { userOf, type Daemon } from "./daemon.ts";
import { needs } from "./needs.ts";
import { scratch } from "./scratch.ts";

export type Product = Daemon & {
  readonly port: number;
  readonly certificate: Certificate;
  /** The account that may change others. */
  readonly root: { readonly name: string; readonly password: string };
  /** A new account. Nothing of it stands in the logs that are searched later. */
  add(name: string, password: string): Promise<void>;
  opens(name: string, password: string): Promise<boolean>;
  /** Every account and what it is, one line each, starting with its name. */
  everybody(): Promise<string[]>;
  logs(): string;
};

export type Said = { status: number; body: string };
/** Over the product's own certificate. */
export const call = (port: number, shown: Certificate, method: string, path: string, body: string, headers: Record<string, string>): Promise<Said> =>
  new Promise((resolve, reject) => {
    const r = https.request(
      {
        host: "127.0.0.1",
        port,
        method,
        path,
        ca: shown.authority,
        agent: false,
        headers: { ...headers, "Content-Length": String(Buffer.byteLength(body)) },
      },
      (answer) => {
        let text = "";
        answer
          .setEncoding("utf8")
          .on("data", (part: string) => {
            text += part;
          })
          .on("end", () => resolve({ status: answer.statusCode ?? 0, body: text }));
      },
    );
    r.on("error", reject).end(body);
  });
export const basic = (name: string, password: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`,
});
export const secret = (): string => randomBytes(15).toString("base64url");
export const room = async (kind: string, packages: readonly string[], name: string) => {
  await needs({ linux: true, debian: packages }, `A lab ${kind}`);
  const dir = await scratch(name, false),
    user = await userOf(name),
    shown = await certificate(dir),
    own = async (path: string): Promise<void> => {
      if (user) await chown(path, user.uid, user.gid);
    };
  for (const file of ["server.crt", "ca.crt", "server.key"]) {
    await chmod(join(dir, file), 0o600);
    await own(join(dir, file));
  }
  await own(dir);
  return { dir, user, shown, own };
};
