/** What docs/install.md promises: compose.yaml, Dockerfile and units, read as their tools read them; guacd really started by its script. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { chown } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { clearDrive } from "../../proxy/rdp/drive.ts";
import { GUACD_USER } from "../../scripts/guacd/start.ts";
import { GUACD_PACKAGES } from "../../scripts/guacd/packages.ts";
import { getGuacd } from "../../scripts/guacd/get.ts";
import { parseEnv } from "../../src/config/env.ts";
import { rootOf } from "../../src/core.ts";
import { greetGuacd, homeTroubles, KNOWN } from "../../src/wires/guacd.ts";
import { daemon } from "../lab/daemon.ts";
import { freePort, waitForPort } from "../lab/ports.ts";
import { until } from "../lab/processes.ts";
import { run } from "../lab/run.ts";
import { scratch } from "../lab/scratch.ts";

type Service = Record<string, unknown> & { image?: string; user?: string; environment?: Record<string, string>; ports?: string[]; volumes?: string[]; secrets?: string[] };
type Compose = { services: Record<string, Service>; secrets: Record<string, { file: string }>; volumes: Record<string, unknown>; networks: Record<string, unknown> };
const text = (file: string): string => readFileSync(path.join(rootOf(), file), "utf8");
const compose = parse(text("compose.yaml"), { merge: true }) as Compose, mail = parse(text("compose.mail.yaml"), { merge: true }) as Compose;
const environment = { ...compose.services["broker"]!.environment, ...mail.services["broker"]!.environment };
/** As compose puts in what `.env` holds. */
const filled = (v: string, given: Readonly<Record<string, string>>): string =>
  v.replace(/\$\{(\w+)(?::([-?+])([^}]*))?\}/g, (_, name: string, how: string, or: string) => (how === "+" ? (given[name] ? or : "") : given[name] || (how === "?" ? `missing: ${or}` : or)));
const home = mkdtempSync(path.join(tmpdir(), "lockstep-install-"));
afterAll(() => { rmSync(home, { recursive: true, force: true }); });

describe("compose.yaml", () => {
  test.each(Object.keys(compose.services))("%s is not root, cannot become it, writes to no root file system", (name) => {
    const s = compose.services[name]!;
    expect(s).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"], restart: "unless-stopped", ulimits: { core: 0 } });
    expect(s.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(s["privileged"]).toBeUndefined();
    expect(s["cap_add"]).toBeUndefined();
  });
  test("only the portal and SSH are published; guacd and the database have no port, and the database no way out", () => {
    expect(Object.entries(compose.services).filter(([, s]) => s.ports).map(([name]) => name)).toEqual(["net"]);
    expect(compose.services["net"]!.ports).toEqual(["${LOCKSTEP_HTTPS_PORT:-443}:8443", "${LOCKSTEP_SSH_PORT:-2222}:${LOCKSTEP_SSH_PORT:-2222}"]);
    expect([compose.services["broker"]!["network_mode"], compose.services["guacd"]!["network_mode"]]).toEqual(["service:net", "service:net"]);
    expect([compose.services["database"]!["networks"], compose.networks["inside"]]).toEqual([["inside"], { internal: true }]);
  });
  test("every secret is a file, named and given to who needs it; none stands in the environment", () => {
    for (const [name, file] of Object.entries({ ...compose.secrets, ...mail.secrets })) expect(file.file, name).toMatch(/^\.\/secrets\//);
    const broker = Object.fromEntries(Object.entries(environment).map(([k, v]) => [k, filled(v, { LOCKSTEP_SMTP_USER: "lockstep" })])), given = mail.services["broker"]!.secrets!;
    expect(Object.values(broker).filter((v) => v.startsWith("/run/secrets/")).map((v) => path.basename(v)).sort()).toEqual([...given].sort());
    expect(new Set(given)).toEqual(new Set([...compose.services["broker"]!.secrets!, "smtp_password"]));
    expect(Object.keys(broker).filter((k) => /PASSWORD|KEK|DATABASE_URL|TOKEN/.test(k) && !k.endsWith("_FILE"))).toEqual([]);
    expect(Object.keys(compose.services["database"]!.environment!).filter((k) => k === "POSTGRES_PASSWORD")).toEqual([]);
    for (const name of ["secrets", "tls", "trust", ".env"]) {
      expect(text(".dockerignore").split("\n")).toContain(name);
      expect(text(".gitignore").split("\n")).toContainEqual(expect.stringMatching(new RegExp(`^/${name.replace(".", "\\.")}/?$`)));
    }
  });
  test("the broker can be started with its settings: those of the file, with the files they name", () => {
    const given = { LOCKSTEP_ORIGIN: "https://broker.example.org", LOCKSTEP_SMTP_SERVER: "mail.example.org:587", LOCKSTEP_SMTP_FROM: "lockstep@example.org", LOCKSTEP_SMTP_USER: "lockstep" };
    mkdirSync(path.join(home, "secrets"));
    for (const [name, value] of Object.entries({ database_url: "postgres://lockstep:x@database/lockstep\n", root_key: "k\n", smtp_password: "p\n" })) writeFileSync(path.join(home, "secrets", name), value);
    const start = (env: Readonly<Record<string, string>>) => parseEnv(Object.fromEntries(Object.entries(environment).map(([k, v]) => [k, filled(v, env).replace("/run/secrets", path.join(home, "secrets"))]))), { config, secrets } = start(given);
    expect(config).toMatchObject({ engine: "postgresql", tls: { cert: "/tls/fullchain.pem", key: "/tls/privkey.pem" }, listen: { host: "0.0.0.0", port: 8_443 }, ssh: { port: 2_222 }, origin: "https://broker.example.org",
      guacd: { host: "127.0.0.1", port: 4_822, home: "/var/lib/guacd" }, mail: { host: "mail.example.org", tls: "starttls" } });
    expect(secrets.smtpPassword).not.toBeNull();
    const { LOCKSTEP_SMTP_USER: _, ...rest } = given, noLogin = start(rest);
    expect([noLogin.config.mail, noLogin.secrets.smtpPassword]).toEqual([expect.objectContaining({ user: null }), null]);
    expect(start({ ...given, LOCKSTEP_SSH_CA: "/trust/ssh_ca.pub", LOCKSTEP_SSH_REVOKED: "/trust/ssh_revoked", LOCKSTEP_SMTP_CA: "/trust/mail.pem", LOCKSTEP_TRUSTED_PROXIES: "192.0.2.1", LOCKSTEP_WORKERS: "3", LOCKSTEP_LOG: "debug", LOCKSTEP_NODE: "broker-7" }).config)
      .toMatchObject({ sshCa: "/trust/ssh_ca.pub", sshRevoked: "/trust/ssh_revoked", mail: { caFile: "/trust/mail.pem" }, trustedProxies: ["192.0.2.1"], workers: 3, log: "debug", node: "broker-7" });
    expect(compose.services["broker"]!.volumes).toContain("./trust:/trust:ro");
  });
  test("health is what the doctor says; what is mounted is declared; the broker is in guacd's group and shares its home", () => {
    expect(compose.services["broker"]!["healthcheck"]).toMatchObject({ test: ["CMD", "lockstep", "doctor"] });
    for (const name of ["guacd", "database"]) expect(compose.services[name]!["healthcheck"], name).toHaveProperty("test");
    const named = Object.values(compose.services).flatMap((s) => s.volumes ?? []).map((v) => v.split(":")[0]!).filter((v) => !v.startsWith("."));
    expect(new Set(named)).toEqual(new Set(Object.keys(compose.volumes)));
    expect([compose.services["broker"]!["group_add"], compose.services["guacd"]!.user]).toEqual([["64822"], `${GUACD_USER.uid}:${GUACD_USER.gid}`]);
    for (const name of ["broker", "guacd"]) expect(compose.services[name]!.volumes).toContain("guacd:/var/lib/guacd");
  });
});

describe("Dockerfile", () => {
  const file = text("Dockerfile").replace(/\\\n/g, " "), stages = [...file.matchAll(/^FROM (\S+) AS (\S+)$/gm)].map(([, from, name]) => ({ from, name }));
  test("has the stages that compose builds, and copies only what is there", () => {
    const built = Object.values(compose.services).map((s) => (s["build"] as { target?: string } | undefined)?.target).filter((t) => t !== undefined);
    expect(stages.map((s) => s.name)).toEqual(expect.arrayContaining(built));
    const here = [...file.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from]) => from!.split(" ")), made = [...file.matchAll(/^COPY --from=build \/src\/(\S+) /gm)].map(([, from]) => from!);
    for (const from of [...here, ...made]) if (from !== "dist") expect(existsSync(path.join(rootOf(), from)), from).toBe(true);
    // The folders that src/ reads at run time beside its own code.
    expect(made).toEqual(expect.arrayContaining(["package.json", "node_modules", "dist", "bin", "views/public", "drizzle", "command-sets"]));
  });
  test("keeps what npm calls optional: argon2's binary is, and without it nobody could log in", () => {
    expect(file).not.toMatch(/omit[= ]optional/);
    expect(JSON.parse(text("node_modules/@node-rs/argon2/package.json"))).toHaveProperty("optionalDependencies");
  });
  test("what people run is not root, and guacd has exactly the packages that were tried", () => {
    const last = (stage: string): string => file.split(`AS ${stage}\n`)[1]!.split(/^FROM /m)[0]!;
    expect([/^USER (\S+)$/m.exec(last("broker"))![1], /^USER (\S+)$/m.exec(last("guacd"))![1]]).toEqual([compose.services["broker"]!.user, compose.services["guacd"]!.user]);
    const packages = /--no-install-recommends\s+([^&]+?)\s+&&/.exec(last("guacd"))![1]!.split(/\s+/);
    expect(packages.sort()).toEqual([...GUACD_PACKAGES].sort());
  });
});

describe("systemd units", () => {
  test.each(["lockstep.service", "lockstep-guacd.service"])("%s: a user of its own, no privileges, and what it starts is there", (name) => {
    const unit = text(`deploy/${name}`), set = new Map([...unit.matchAll(/^(\w+)=(.*)$/gm)].map(([, k, v]) => [k!, v!]));
    expect([set.get("NoNewPrivileges"), set.get("CapabilityBoundingSet"), set.get("ProtectSystem"), set.get("LimitCORE")]).toEqual(["yes", "", "strict", "0"]);
    expect(set.get("User")).toMatch(/^(lockstep|guacd)$/);
    for (const [file] of set.get("ExecStart")!.matchAll(/(?<=\/opt\/lockstep\/)\S+/g)) expect(existsSync(path.join(rootOf(), file)), file).toBe(true);
  });
});

test("every setting of the page reaches the broker's container from .env, or the page says that it does not", () => {
  const page = text("docs/install.md"), told = (word: string): string[] => [...new RegExp(`^- ${word}: (.*)$`, "m").exec(page)![1]!.matchAll(/`((?:LOCKSTEP_|DATABASE_)[A-Z_]+)`/g)].map(([, name]) => name!);
  const table = page.split("| setting |")[1]!.split("\n\n")[0]!, settings = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell]) => [...cell!.matchAll(/`((?:LOCKSTEP_|DATABASE_)[A-Z_]+)/g)].map(([, name]) => name!));
  const passed = Object.keys(environment).filter((k) => new RegExp(`^\\$\\{${k}:[-?]`).test(environment[k]!)), fixed = Object.keys(environment).filter((k) => !passed.includes(k));
  // The image says where its data are.
  expect(new Set(told("Fixed by `compose.yaml`"))).toEqual(new Set([...fixed, ...[...text("Dockerfile").matchAll(/^ENV .*?(LOCKSTEP_\w+)=/gm)].map(([, name]) => name!)]));
  expect(told("Not taken")).toEqual(["DATABASE_URL", "LOCKSTEP_KEK", "LOCKSTEP_SMTP_PASSWORD", "LOCKSTEP_TLS", "LOCKSTEP_WEBHOOKS_TO_LOOPBACK"]);
  expect(new Set(told("With `compose.mail.yaml` alone"))).toEqual(new Set(passed.filter((k) => k in mail.services["broker"]!.environment!)));
  expect(settings.length).toBeGreaterThan(25);
  expect(settings.filter((k) => !passed.includes(k) && !told("Fixed by `compose.yaml`").includes(k) && !told("Not taken").includes(k))).toEqual([]);
  expect([...passed, ...fixed].filter((k) => !settings.includes(k))).toEqual([]);
});
test("docs/install.md tells of every setting there is", () => {
  const names = [...text("src/config/env.ts").matchAll(/\b(LOCKSTEP_[A-Z_]+|DATABASE_URL)\b/g), ...text("src/config/mail.ts").matchAll(/\b(LOCKSTEP_SMTP_[A-Z]+): z\./g)].map(([, name]) => name!).filter((n) => !n.endsWith("_"));
  const page = text("docs/install.md");
  expect(names).toEqual(expect.arrayContaining(["LOCKSTEP_DATA", "LOCKSTEP_SMTP_CA", "LOCKSTEP_SMTP_USER", "DATABASE_URL"]));
  expect([...new Set(names)].filter((n) => !page.includes(`\`${n}\``) && !page.includes(`\`${n}=`))).toEqual([]);
});

describe("guacd by deploy/guacd.sh", () => {
  test("runs as its own user on loopback, says whether its add-ins are there, and sweeps what is called over; the broker's user alone could not", async () => {
    const { program, libraries } = await getGuacd(), dir = await scratch("guacd-unit", false), own = path.join(dir, "home"), port = await freePort();
    mkdirSync(own);
    await chown(own, GUACD_USER.uid, GUACD_USER.gid);
    const command = () => ["--no-new-privs", "/bin/sh", path.join(dir, "guacd.sh"), program, String(port)];
    writeFileSync(path.join(dir, "guacd.sh"), text("deploy/guacd.sh"), { mode: 0o644 });
    const server = daemon({ called: "guacd", dir, user: GUACD_USER, env: { HOME: own, LD_LIBRARY_PATH: libraries, SWEEP_SECONDS: "0.2" }, command, ready: (log) => /Listening on host/.test(log) });
    await server.start();
    try {
      await waitForPort(port);
      expect(await greetGuacd({ host: "127.0.0.1", port }, AbortSignal.timeout(5_000))).toMatch(/^1\./);
      expect(homeTroubles(own)).toEqual([]);
      expect((await run("ss", ["-Hltn", `sport = :${port}`])).stdout).toMatch(/127\.0\.0\.1:\d+/);
      expect([statSync(path.join(own, KNOWN)).mode & 0o777, statSync(path.join(own, "drives")).mode & 0o777]).toEqual([0o660, 0o770]);
      const drive = path.join(own, "drives", "ses_1");
      mkdirSync(path.join(drive, "deep"), { recursive: true, mode: 0o700 });
      for (const d of [drive, path.join(drive, "deep")]) await chown(d, GUACD_USER.uid, GUACD_USER.gid);
      // As the broker's user: in guacd's group, and not root.
      process.setegid!(GUACD_USER.gid); process.seteuid!(10_001);
      const done = await new Promise<Error | null>((resolve) => { clearDrive(drive, resolve); }).finally(() => { process.seteuid!(0); process.setegid!(0); });
      expect(done).toBeNull();
      expect(existsSync(drive)).toBe(false);
      expect(await until(() => !existsSync(`${drive}.over`), 5_000)).toBe(true);
      writeFileSync(path.join(own, "add-ins"), "missing\n");
      expect(homeTroubles(own)).toEqual([expect.stringMatching(/add-ins/)]);
    } finally { await server.destroy(); }
  });
  test("refuses to be root", async () => {
    const out = await run("sh", [path.join(rootOf(), "deploy/guacd.sh"), "/bin/true"]);
    expect([out.code, out.stderr]).toEqual([1, "guacd is not run as root: give it a user of its own.\n"]);
  });
});
