/**
 * A private RabbitMQ with its management API, for slow tests: eight seconds and more until it answers. Rule: its own directory, ports, port mapper
 * and password.
 */
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { daemon } from "./daemon.ts";
import { basic, call, room, secret, type Product } from "./http-product.ts";
import { RABBITMQ_PACKAGES } from "./needs.ts";
import { freePort } from "./ports.ts";
import { run } from "./run.ts";

export const rabbitmqServer = async (): Promise<Product & { raw(method: string, path: string, body?: object): Promise<string> }> => {
  const { dir, user, shown, own } = await room("RabbitMQ", RABBITMQ_PACKAGES, "rabbitmq"),
    [amqp, port, dist, epmd] = await Promise.all([freePort(), freePort(), freePort(), freePort()]),
    root = { name: "boss", password: secret() };
  for (const sub of ["data", "logs", "home"]) {
    await mkdir(join(dir, sub), { mode: 0o700 });
    await own(join(dir, sub));
  }
  await writeFile(
    join(dir, "rabbitmq.conf"),
    [
      `listeners.tcp.1 = 127.0.0.1:${amqp}`,
      `management.ssl.ip = 127.0.0.1`,
      `management.ssl.port = ${port}`,
      `management.ssl.certfile = ${dir}/server.crt`,
      `management.ssl.keyfile = ${dir}/server.key`,
      `management.ssl.cacertfile = ${dir}/ca.crt`,
      "log.console = true",
      "log.console.level = debug",
      `default_user = ${root.name}`,
      `default_pass = ${root.password}`,
    ].join("\n"),
  );
  await writeFile(join(dir, "enabled_plugins"), "[rabbitmq_management].\n");
  for (const file of ["rabbitmq.conf", "enabled_plugins"]) await own(join(dir, file));
  const env = {
    HOME: join(dir, "home"),
    RABBITMQ_CONFIG_FILE: join(dir, "rabbitmq.conf"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, "enabled_plugins"),
    RABBITMQ_MNESIA_BASE: join(dir, "data"),
    RABBITMQ_LOG_BASE: join(dir, "logs"),
    RABBITMQ_DIST_PORT: String(dist),
    ERL_EPMD_PORT: String(epmd),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_NODENAME: `lab${port}@localhost`,
    RABBITMQ_PID_FILE: join(dir, "pid"),
  };
  const up = async (): Promise<boolean> => {
    try {
      return (await call(port, shown, "GET", "/api/overview", "", basic(root.name, root.password))).status === 200;
    } catch {
      return false;
    }
  };
  const d = daemon({ called: "A lab RabbitMQ", dir, user, env, within: 90_000, command: () => ["/usr/lib/rabbitmq/bin/rabbitmq-server"], ready: up });
  const ok = async (method: string, path: string, body = ""): Promise<string> => {
    const r = await call(port, shown, method, `/api/${path}`, body, { "Content-Type": "application/json", ...basic(root.name, root.password) });
    if (r.status >= 300) throw new Error(`lab RabbitMQ: ${r.status} ${r.body}`);
    return r.body;
  };
  const logs = (): string =>
    d.log() +
    readdirSync(join(dir, "logs"))
      .map((f) => readFileSync(join(dir, "logs", f), "latin1"))
      .join("\n");
  await d.start();
  return {
    ...d,
    port,
    certificate: shown,
    root,
    logs,
    raw: (method, path, body) => ok(method, path, body === undefined ? "" : JSON.stringify(body)),
    // Its start leaves a port mapper behind, which ends by the command that is meant for it, at its own port.
    destroy: async () => {
      await d.stop("SIGTERM");
      await run("epmd", ["-port", String(epmd), "-kill"]);
      await d.destroy();
    },
    add: async (name, password) => {
      const salt = randomBytes(4),
        password_hash = Buffer.concat([salt, createHash("sha256").update(salt).update(password).digest()]).toString("base64");
      await ok(
        "PUT",
        `users/${encodeURIComponent(name)}`,
        JSON.stringify({ password_hash, hashing_algorithm: "rabbit_password_hashing_sha256", tags: "management" }),
      );
    },
    opens: async (name, password) => (await call(port, shown, "GET", "/api/whoami", "", basic(name, password))).status === 200,
    everybody: async () =>
      (JSON.parse(await ok("GET", "users")) as { name: string; password_hash: string; tags: unknown }[])
        .map((u) => `${u.name}: ${u.password_hash} ${JSON.stringify(u.tags)}`)
        .toSorted(),
  };
};
