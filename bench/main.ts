/** `npm run bench -- ssh`: numbers, measured beside their reference in the same run. Rule: a bench prints its table and, with --json, one JSON line last. */
const BENCHES: Readonly<Record<string, () => Promise<unknown>>> = {
  ssh: async () => (await import("./ssh.ts")).run(), sftp: async () => (await import("./ssh.ts")).run(["sftp"]),
  rotate: () => import("./rotate.ts"), tunnel: async () => (await import("./tunnel.ts")).run(), rdp: async () => (await import("./rdp.ts")).run(),
};

const name = process.argv[2] ?? "";
const bench = BENCHES[name];
if (!bench) {
  console.error(`There is no bench "${name}". Known: ${Object.keys(BENCHES).join(", ")}. Example: npm run bench -- ssh --json`);
  process.exit(2);
}
await bench();
process.exitCode = 0;
export {};
