/** A real Redis as the contract wants its targets. Rule: whether a password is in force is asked of redis-cli, never of the client under test. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import tls from "node:tls";
import type { AddressInfo } from "node:net";
import { redis, type Connect, type RedisConfig } from "../../src/connectors/redis.ts";
import { connectRedis } from "../../src/connectors/redis/reach.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { certificate } from "../lab/certificate.ts";
import type { RedisServer } from "../lab/redis.ts";
import { scratch } from "../lab/scratch.ts";
import { atServer, type Named, type World } from "./contract.ts";

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
let serial = 0;
export const user = async (r: RedisServer, name = `app${++serial}`, ...rules: string[]): Promise<Named> => {
  const password = `Old-${++serial}-${systemRandom.bytes(6).toString("base64url")}`;
  await r.cli("ACL", "SETUSER", name, "on", "resetpass", `#${sha256(password)}`, ...(rules.length > 0 ? rules : ["~cache:*", "+@read"]));
  return { name, password };
};
/** What docs/platforms/redis.md says the administrative account may do. */
export const RIGHTS = [
  "resetkeys",
  "resetchannels",
  "-@all",
  "+acl|getuser",
  "+acl|setuser",
  "+acl|save",
  "+acl|users",
  "+config|get",
  "+client|kill",
];
export const everybody = async (r: RedisServer): Promise<string[]> => (await r.cli("ACL", "LIST")).map((line) => line.replace(/^user (\S+)/, "$1:"));
export const pinned = (r: RedisServer): RedisConfig => ({
  tls: "pinned",
  certificates: [r.certificate.fingerprint],
  authority: "",
  memoryAlone: false,
});

const struck = (onSend: () => void) => {
  const connect: Connect = async (...how) => {
    const s = await connectRedis(...how);
    return {
      ...s,
      all: (...commands) => {
        if (commands[0]?.[3] === "resetpass") onSend();
        return s.all(...commands);
      },
    };
  };
  return redis(systemRandom, connect);
};
export const impostor: World<RedisConfig>["impostor"] = async () => {
  const shown: string[] = [],
    { crt, key } = await certificate(await scratch("impostor", false));
  const server = tls
    .createServer({ cert: crt, key }, (s) => {
      s.on("error", () => undefined).on("data", (part: Buffer) => shown.push(part.toString("latin1")));
    })
    .on("tlsClientError", () => undefined);
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  return { address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port }, shown: () => shown, close: () => server.close() };
};
const look = (r: RedisServer): string => {
  try {
    const pid = r.pid();
    return `${readFileSync(`/proc/${String(pid)}/cmdline`, "utf8")}\n${readFileSync(`/proc/${String(pid)}/environ`, "utf8")}`.replaceAll("\0", "\n");
  } catch {
    return "";
  }
};
export const world = (r: () => RedisServer, as: () => Named): World<RedisConfig> => ({
  make: (random) => redis(random),
  as,
  impostor,
  struck,
  seenRunning: /redis-server/,
  config: () => pinned(r()),
  address: () => ({ host: "127.0.0.1", port: r().port }),
  account: async () => {
    const u = await user(r());
    await r().cli("ACL", "SAVE");
    return u;
  },
  fits: (name, password) => r().opens(name, password),
  everybody: () => everybody(r()),
  stop: () => r().stop(),
  start: () => r().start(),
  log: () => r().logs(),
  watch: () => {
    const seen = new Set<string>(),
      timer = setInterval(() => seen.add(look(r())), 3);
    return Promise.resolve(() => {
      clearInterval(timer);
      return Promise.resolve([...seen].join("\n"));
    });
  },
});
/** The connector at this server, as `rotator`. */
export const at = (server: () => RedisServer, rotator: () => Named) => ({
  ...atServer(redis(systemRandom), { address: () => ({ host: "127.0.0.1", port: server().port }), config: () => pinned(server()), as: rotator }),
  hashesOf: async (name: string): Promise<string[]> =>
    (await everybody(server())).find((l) => l.startsWith(`${name}:`))!.match(/#[0-9a-f]{64}/g) ?? [],
});
