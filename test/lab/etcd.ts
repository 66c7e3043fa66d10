/** A private etcd 3.4 for tests, reached by its JSON gateway. Rule: its own directory, ports and password. */
import { join } from "node:path";
import { daemon } from "./daemon.ts";
import { call, room, secret, type Product, type Said } from "./http-product.ts";
import { ETCD_PACKAGES } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";

export const etcdServer = async (): Promise<Product> => {
  const { dir, user, shown } = await room("etcd", ETCD_PACKAGES, "etcd"),
    port = await freePort(),
    peer = await freePort(),
    root = { name: "root", password: secret() };
  const at = `https://127.0.0.1:${port}`,
    peers = `http://127.0.0.1:${peer}`;
  const args = [
    "--name",
    "lab",
    "--data-dir",
    join(dir, "data"),
    "--listen-client-urls",
    at,
    "--advertise-client-urls",
    at,
    "--listen-peer-urls",
    peers,
    "--initial-advertise-peer-urls",
    peers,
    "--initial-cluster",
    `lab=${peers}`,
    "--cert-file",
    join(dir, "server.crt"),
    "--key-file",
    join(dir, "server.key"),
    "--logger",
    "zap",
    "--log-level",
    "debug",
    "--bcrypt-cost",
    "4",
  ];
  const d = daemon({
    called: "A lab etcd",
    dir,
    user,
    command: () => ["etcd", ...args],
    ready: (log) => /serving client traffic securely|ready to serve client requests/.test(log),
  });
  const say = (path: string, body: object, token?: string): Promise<Said> =>
    call(port, shown, "POST", `/v3/auth/${path}`, JSON.stringify(body), {
      "Content-Type": "application/json",
      ...(token ? { Authorization: token } : {}),
    });
  const tokenOf = async (name: string, password: string): Promise<string | undefined> => {
    const r = await say("authenticate", { name, password });
    return r.status === 200 ? (JSON.parse(r.body) as { token: string }).token : undefined;
  };
  const ok = async (path: string, body: object, token?: string): Promise<string> => {
    const r = await say(path, body, token);
    if (r.status !== 200) throw new Error(`lab etcd: ${r.body}`);
    return r.body;
  };
  const start = async (): Promise<void> => {
    await d.start();
    await waitForPort(port, undefined, 5_000);
  };
  await start();
  await ok("user/add", root);
  await ok("role/add", { name: "root" });
  await ok("user/grant", { user: "root", role: "root" });
  await ok("enable", {});
  const asRoot = async (): Promise<string> => (await tokenOf(root.name, root.password))!;
  const everybody = async (): Promise<string[]> => {
    const token = await asRoot(),
      { users = [] } = JSON.parse(await ok("user/list", {}, token)) as { users?: string[] };
    return Promise.all(
      users.map(async (name) => `${name}: ${((JSON.parse(await ok("user/get", { name }, token)) as { roles?: string[] }).roles ?? []).join()}`),
    );
  };
  return {
    ...d,
    start,
    port,
    certificate: shown,
    root,
    everybody,
    logs: d.log,
    add: async (name, password) => {
      await ok("user/add", { name, password }, await asRoot());
    },
    opens: async (name, password) => (await tokenOf(name, password)) !== undefined,
  };
};
