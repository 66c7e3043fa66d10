/** One violation per wall: [wall, planted file, its code]. `@/` is the root of the tree. Rule: each breaks exactly the wall it names. */

/** The rooms' files that plants import. */
export const STUBS = [
  "src/kernel/reveal.ts", "src/kernel/fault.ts", "src/kernel/never.ts", "src/crypto/envelope.ts", "src/domain/request.ts", "src/wires/ssh.ts", "src/config/env.ts",
  "src/vault/keyring.ts", "src/connectors/connector.ts", "src/store/schema.ts", "src/store/due.ts", "src/links/direct.ts", "src/recordings/writer.ts",
  "src/notify/mail.ts", "src/flow/approve.ts", "src/identity/login.ts", "src/control/server.ts", "src/web/router.ts", "src/jobs/clock.ts",
  "src/cli/serve.ts", "views/card.tsx", "proxy/channel.ts", "proxy/session.ts", "agent/run.ts", "test/lab/sshd.ts", "scripts/seed.ts", "bench/ssh.ts",
] as const;

const use = (to: string): string => `import { value } from "@/${to}"; export const x = value;\n`;
const type = (to: string): string => `import type { Type } from "@/${to}"; export type X = Type;\n`;
const npm = (name: string): string => `import * as strange from "${name}"; export const x = strange;\n`;

type Plant = readonly [wall: string, file: string, code: string];
const room = (wall: string, file: string, to: string): Plant => [`${wall}-imports-by-plan`, file, use(to)];
const door = (file: string): Plant => ["plaintext-door", file, use("src/kernel/reveal.ts")];

const ROOMS: readonly Plant[] = [
  room("src-kernel", "src/kernel/p.ts", "src/domain/request.ts"),
  room("src-crypto", "src/crypto/p.ts", "src/vault/keyring.ts"),
  room("src-domain", "src/domain/p.ts", "src/store/schema.ts"),
  room("src-wires", "src/wires/p.ts", "src/crypto/envelope.ts"),
  room("src-config", "src/config/p.ts", "src/vault/keyring.ts"),
  room("src-vault", "src/vault/p.ts", "src/store/schema.ts"),
  room("src-connectors", "src/connectors/p.ts", "src/vault/keyring.ts"),
  room("src-store", "src/store/p.ts", "src/vault/keyring.ts"),
  room("src-links", "src/links/p.ts", "src/store/schema.ts"),
  room("src-recordings", "src/recordings/p.ts", "src/store/schema.ts"),
  room("src-notify", "src/notify/p.ts", "src/store/schema.ts"),
  room("views", "views/p.tsx", "src/flow/approve.ts"),
  room("src-flow", "src/flow/p.ts", "src/identity/login.ts"),
  room("src-identity", "src/identity/p.ts", "src/vault/keyring.ts"),
  room("agent", "agent/p.ts", "src/store/schema.ts"),
  room("proxy", "proxy/p.ts", "src/flow/approve.ts"),
  room("proxy", "proxy/p2.ts", "src/store/schema.ts"),
  room("src-control", "src/control/p.ts", "proxy/session.ts"),
  room("src-web", "src/web/p.ts", "src/store/schema.ts"),
  room("src-jobs", "src/jobs/p.ts", "src/store/schema.ts"),
  room("src-core", "src/core.ts", "src/identity/login.ts"),
  room("src-tls", "src/tls.ts", "src/store/schema.ts"),
  room("src-operate", "src/operate.ts", "src/cli/serve.ts"),
  room("src-selftest", "src/selftest/p.ts", "src/cli/serve.ts"),
  room("src-app", "src/app.ts", "src/cli/serve.ts"),
  room("src-cli", "src/cli/p.ts", "src/store/schema.ts"),
  room("src-main", "src/main.ts", "src/flow/approve.ts"),
  room("src-flow", "src/flow/p2.ts", "test/lab/sshd.ts"),
  room("src-web", "src/web/p2.ts", "scripts/seed.ts"),
  ["views-sees-types-only", "views/p2.tsx", use("src/domain/request.ts")],
  ["proxy-sees-types-only", "proxy/p3.ts", use("src/domain/request.ts") + type("src/domain/request.ts").replace("X", "Y")],
  room("src-vault", "src/vault/p2.ts", "src/domain/request.ts"),
];

/** The ways an import could slip through unseen. */
const ROADS: readonly Plant[] = [
  ["src-store-imports-by-plan", "src/store/p2.ts", type("src/vault/keyring.ts")],
  ["src-store-imports-by-plan", "src/store/p3.ts", `export type X = import("@/src/vault/keyring.ts").Type;\n`],
  ["src-store-imports-by-plan", "src/store/p4.ts", `export const x = await import("@/src/vault/keyring.ts");\n`],
  ["src-store-imports-by-plan", "src/store/p5.ts", `export * from "@/src/vault/keyring.ts";\n`],
  ["src-store-imports-by-plan", "src/store/p6.ts", `import "@/src/vault/keyring.ts";\n`],
  ["src-store-imports-by-plan", "src/store/p7.ts", `import { value } from "#src/vault/keyring.ts"; export const x = value;\n`],
  ["src-store-imports-by-plan", "src/store/p8.ts", use("src/vault/keyring.js")],
  ["plaintext-door", "src/flow/road.ts", `export { value } from "@/src/kernel/reveal.ts";\n`],
];

const DOORS: readonly Plant[] = [
  "src/kernel/q.ts", "src/crypto/q.ts", "src/domain/q.ts", "src/config/q.ts", "src/store/q.ts", "src/links/q.ts", "src/recordings/q.ts", "src/notify/q.ts",
  "src/flow/q.ts", "src/identity/q.ts", "src/control/q.ts", "src/web/q.tsx", "src/jobs/q.ts", "src/cli/q.ts", "proxy/q.ts", "proxy/ssh/q.ts", "proxy/rdp/q.ts",
  "agent/q.ts", "bench/q.ts", "scripts/q.ts",
].map(door);

const LIBRARIES: readonly Plant[] = [
  ["sql-lives-in-store-drizzle-orm", "src/flow/l.ts", npm("drizzle-orm")],
  ["sql-lives-in-store-electric-sql", "src/cli/l.ts", npm("@electric-sql/pglite")],
  ["sql-lives-in-store-pg", "src/identity/l.ts", npm("pg")],
  ["one-wrapper-ssh2", "src/wires/l.ts", npm("ssh2")],
  ["one-wrapper-ssh2", "proxy/l.ts", `import type { Client } from "ssh2"; export type X = Client;\n`],
  ["one-wrapper-lucia", "src/web/l.ts", npm("lucia")],
  ["one-wrapper-lucia-auth", "src/identity/l2.ts", npm("@lucia-auth/adapter-drizzle")],
  ["one-wrapper-guacamole-lite", "proxy/rdp/l.ts", npm("guacamole-lite/lib/GuacdClient.js")],
  ["one-wrapper-re2js", "src/domain/l3.ts", npm("re2js")],
  ["one-wrapper-yaml", "src/flow/l5.ts", npm("yaml")],
  ["one-wrapper-nodemailer", "src/notify/l.ts", npm("nodemailer")],
  ["one-wrapper-ldapts", "src/connectors/openldap/l.ts", npm("ldapts")],
  ["one-wrapper-mysql2", "src/connectors/l5.ts", npm("mysql2")],
  ["one-wrapper-tedious", "src/connectors/l6.ts", npm("tedious")],
  ["one-wrapper-oracledb", "src/connectors/l7.ts", npm("oracledb/lib/thin/sqlnet/ntTcp.js")],
  ["one-wrapper-ws", "src/web/l4.ts", npm("ws")],
  ["kernel-is-node-only", "src/kernel/l.ts", npm("zod")],
  ["domain-is-pure", "src/domain/l.ts", npm("node:fs")],
  ["domain-is-pure", "src/domain/l2.ts", npm("hono")],
  ["views-are-pure", "views/l.tsx", npm("node:fs")],
  ["views-are-pure", "views/l2.tsx", npm("zod")],
  ["sockets-in-few-places", "src/flow/l2.ts", npm("node:net")],
  ["sockets-in-few-places", "src/web/l2.ts", npm("tls")],
  ["sockets-in-few-places", "proxy/ssh/l.ts", npm("node:dgram")],
  ["sockets-in-few-places", "src/connectors/l.ts", npm("node:net")],
  ["sockets-in-few-places", "agent/l.ts", npm("node:net")],
  ["sockets-in-few-places", "proxy/tunnel/l.ts", npm("node:net")],
  ["kernel-sees-sockets-as-types", "src/kernel/l2.ts", npm("node:net")],
];

const SHAPES: readonly Plant[] = [
  ["no-file-outside-a-room", "src/helpers/s.ts", use("src/kernel/fault.ts")],
  ["no-file-outside-a-room", "src/loose.ts", use("src/kernel/fault.ts")],
  ["src-flow-imports-by-plan", "src/flow/s.ts", use("src/helpers/s.ts").replace("value", "x as value")],
  ["no-cycles", "src/flow/s1.ts", `import type { B } from "./s2.ts"; export type A = B;\n`],
  ["resolves", "src/flow/s3.ts", `import { gone } from "./gone.ts"; export const x = gone;\n`],
  ["connectors-are-strangers", "src/connectors/s1.ts", use("src/connectors/s2.ts")],
  ["connectors-are-strangers", "src/connectors/s3/s.ts", use("src/connectors/s2.ts")],
];

export const PLANTS: readonly Plant[] = [...ROOMS, ...ROADS, ...DOORS, ...LIBRARIES, ...SHAPES];

const OPEN_DOORS = ["src/kernel/secret.ts", "src/vault/d.ts", "src/vault/kek/d.ts", "src/connectors/d.ts", "src/wires/d.ts", "src/identity/secrets.ts", "src/notify/send.ts", "src/notify/hook.ts",
  "src/web/release.ts", "src/web/release.tsx", "proxy/ssh/inject.ts", "proxy/rdp/inject.ts", "agent/linux/passwords.ts", "agent/macos/passwords.ts", "agent/windows/passwords.ts", "test/kernel/d.ts"];
const OPEN_SOCKETS = ["src/links/n.ts", "src/wires/n.ts", "proxy/pool.ts", "proxy/worker.ts", "proxy/tunnel/keeper.ts", "proxy/tunnel/exchange.ts", "agent/relay.ts", "proxy/uplink.ts", "src/control/n.ts", "src/cli/client.ts", "test/lab/n.ts"];

/** The same things where they belong: no wall may stand in the way. */
export const ALLOWED: readonly (readonly [file: string, code: string])[] = [
  ["src/flow/s2.ts", `import type { A } from "./s1.ts"; export type B = A;\n`], // the other half of the planted cycle, reported once
  ...OPEN_DOORS.map((file) => [file, use("src/kernel/reveal.ts")] as const),
  ...OPEN_SOCKETS.map((file) => [file, npm("node:net")] as const),
  ["src/kernel/link.ts", `import type { Socket } from "node:net"; export type X = Socket;\n`],
  ["src/wires/ssh-tuned.ts", npm("ssh2")],
  ["src/identity/sessions.ts", npm("lucia")],
  ["src/store/db.ts", npm("drizzle-orm") + `import pg from "pg"; export { pg };\n`],
  ["src/connectors/postgres.ts", npm("pg") + `import { value } from "@/src/connectors/connector.ts"; export const y = value;\n`],
  ["src/connectors/s2.ts", use("src/wires/ssh.ts")],
  ["src/connectors/index.ts", use("src/connectors/s2.ts").replace("value", "x as value")],
  ["src/jobs/ok.ts", use("src/store/due.ts")],
  ["src/jobs/ok2.ts", use("src/flow/approve.ts")],
  ["src/control/ok.ts", use("proxy/channel.ts")],
  ["proxy/ok.ts", type("src/domain/request.ts")],
  ["proxy/ok2.ts", use("src/links/direct.ts")],
  ["agent/ok.ts", use("src/links/direct.ts")],
  ["src/wires/ws-stream.ts", npm("ws")],
  ["views/ok.tsx", type("src/domain/request.ts") + `import { html } from "hono/html"; export const x = html;\n`],
  ["src/domain/ok.ts", `import { createHash } from "node:crypto"; import { z } from "zod"; export const x = [createHash, z];\n`],
  ["test/walls/ok.ts", use("src/vault/keyring.ts")],
];
