/**
 * Builds ssh2's crypto addon for the Node that `npm run` uses (the bundled Node 24 where there is one).
 * Rule: never fail an install. Without a compiler the broker runs on ssh2's JavaScript ciphers and says so (`lockstep doctor`).
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const addon = path.join(root, "node_modules/ssh2/lib/protocol/crypto");
const gyp = process.env.npm_config_node_gyp;
const node = process.execPath;
const prefix = path.resolve(path.dirname(path.dirname(node)));
const bundled = path.join(root, `node_modules/node-linux-${process.arch}`);
const home = existsSync(path.join(bundled, "include/node/node.h")) ? bundled : prefix;

const env = { ...process.env };
// The environment variable beats --nodedir, so the variable is what we set.
if (existsSync(path.join(home, "include/node/node.h"))) env.npm_config_nodedir = home;
// Without real_openssl_major the addon builds, passes an AES self-test and then fails chacha20 at login.
const args = ["rebuild", "--directory", addon, `--real_openssl_major=${process.versions.openssl.split(".")[0]}`];
// See the header: without it a process that closed an SSH connection aborts at some later garbage collection.
env.CXXFLAGS = `${env.CXXFLAGS ?? ""} -include "${path.join(root, "scripts/native/object_wrap.h")}"`.trim();
const run = gyp && existsSync(addon) ? spawnSync(node, [gyp, ...args], { env, stdio: "ignore", timeout: 180_000 }) : null;
console.log(run?.status === 0
  ? `lockstep: native SSH ciphers built for Node ${process.version}`
  : "lockstep: native SSH ciphers not built (needs python3, make and g++); sessions will be slower");
