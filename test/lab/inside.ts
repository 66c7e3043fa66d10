/** Runs a file of tests on one of the lab's machines: its loopback, its routes, its firewall. Rule: what fails there fails here, with its own words. */
import { join, resolve } from "node:path";
import type { Netns, Role } from "./netns.ts";
import { netnsOf } from "./netns.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Where such a file finds the networks it stands in. */
export const around = (): Netns => {
  const [tag, port] = (process.env["LAB_NET"] ?? "").split(" ");
  if (!tag || !port) throw new Error("This file runs inside a lab network: start the test of test/slow that raises it.");
  return netnsOf(tag, Number(port));
};
/** The broker's certificate is its own: the test's clients take it, the broker's own connections pin theirs. */
export const runInside = (net: Netns, role: Role, file: string): Promise<{ code: number | null; said: string }> => new Promise((done) => {
  const child = net.start(role, [process.execPath, join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--reporter", "verbose", "--config", join(ROOT, "test/slow/inside.config.ts"), file],
    { LAB_NET: `${net.tag} ${net.port}`, NODE_TLS_REJECT_UNAUTHORIZED: "0", HOME: process.env["HOME"] ?? "/root", NO_COLOR: "1" });
  let said = "";
  child.stdin!.end();
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding("utf8").on("data", (d: string) => { said += d; });
  child.once("close", (code) => done({ code, said }));
});
