/** A private InfluxDB 1.x for tests, with every query written to its log. Rule: its own directory, ports and password. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { daemon } from "./daemon.ts";
import { basic, call, room, secret, type Product, type Said } from "./http-product.ts";
import { INFLUXDB_PACKAGES } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";

export const influxdbServer = async (): Promise<Product> => {
  const { dir, user, shown, own } = await room("InfluxDB", INFLUXDB_PACKAGES, "influxdb"),
    port = await freePort(),
    rpc = await freePort(),
    root = { name: "boss", password: secret() };
  const conf = [
    "reporting-disabled = true",
    `bind-address = "127.0.0.1:${rpc}"`,
    "[meta]",
    `dir = "${dir}/meta"`,
    "[data]",
    `dir = "${dir}/data"`,
    `wal-dir = "${dir}/wal"`,
    "query-log-enabled = true",
    "[http]",
    `bind-address = "127.0.0.1:${port}"`,
    "auth-enabled = true",
    "https-enabled = true",
    "log-enabled = true",
    `https-certificate = "${dir}/server.crt"`,
    `https-private-key = "${dir}/server.key"`,
    "[logging]",
    'level = "debug"',
    "",
  ].join("\n");
  await writeFile(join(dir, "conf"), conf);
  await own(join(dir, "conf"));
  const d = daemon({
    called: "A lab InfluxDB",
    dir,
    user,
    command: () => ["influxd", "-config", join(dir, "conf")],
    ready: (log) => /Listening on HTTP/.test(log),
    env: { HOME: dir },
  });
  const text = (s: string): string => `'${s.replace(/[\\']/g, "\\$&")}'`,
    ident = (s: string): string => `"${s.replace(/[\\"]/g, "\\$&")}"`;
  const query = (q: string, as: { name: string; password: string } | null): Promise<Said> =>
    call(port, shown, "POST", "/query", new URLSearchParams({ q }).toString(), {
      "Content-Type": "application/x-www-form-urlencoded",
      ...(as ? basic(as.name, as.password) : {}),
    });
  const start = async (): Promise<void> => {
    await d.start();
    await waitForPort(port, undefined, 5_000);
  };
  const must200 = async (q: string, as: { name: string; password: string } | null): Promise<string> => {
    const r = await query(q, as);
    if (r.status !== 200 || r.body.includes('"error"')) throw new Error(`lab influx: ${r.body}`);
    return r.body;
  };
  await start();
  await must200(`CREATE USER ${ident(root.name)} WITH PASSWORD ${text(root.password)} WITH ALL PRIVILEGES`, null);
  const everybody = async (): Promise<string[]> => {
    const { results } = JSON.parse(await must200("SHOW USERS", root)) as { results: { series: { values: [string, boolean][] }[] }[] };
    // It keeps hashes in a file of its own; a changed one makes another sum.
    return (results[0]?.series[0]?.values ?? []).map(([name, admin]) => `${name}: ${String(admin)}`).toSorted();
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
      await must200(`CREATE USER ${ident(name)} WITH PASSWORD ${text(password)}`, root);
    },
    opens: async (name, password) => (await query("SHOW DATABASES", { name, password })).status === 200,
  };
};
