/**
 * The walls of the house, generated from the plan below. Rule: change the plan, never a generated wall; test/walls plants one
 * violation per wall and fails when a wall has no plant. Read PLAN first: a room sees itself, the rooms under `may`, and of
 * those under `types` nothing that exists at run time. A file in no room may import nothing and be imported by nobody.
 */
const BASICS = ["src/kernel", "src/domain"];
const LOWER = ["src/kernel", "src/crypto", "src/domain", "src/wires", "src/config", "src/vault", "src/connectors", "src/store", "src/links",
  "src/recordings", "src/notify"];

export const PLAN = {
  "src/kernel":     { floor: 0, may: [] },
  "src/crypto":     { floor: 1, may: ["src/kernel"] },
  "src/domain":     { floor: 1, may: ["src/kernel"] },
  "src/wires":      { floor: 1, may: ["src/kernel"] },
  "src/config":     { floor: 2, may: ["src/kernel"] },
  "src/vault":      { floor: 2, may: ["src/kernel", "src/crypto", "src/domain/password-policy.ts"] }, // the generator obeys the policy
  "src/connectors": { floor: 2, may: ["src/kernel", "src/wires", "src/domain/command-set"] }, // devices are data: read, judged and walked by the domain
  "src/store":      { floor: 2, may: BASICS },
  "src/links":      { floor: 2, may: ["src/kernel", "src/wires"] },
  "src/recordings": { floor: 2, may: ["src/kernel", "src/crypto"] },
  "src/notify":     { floor: 2, may: ["src/kernel"] },
  "views":          { floor: 2, may: ["src/kernel/never.ts"], types: BASICS },
  "src/flow":       { floor: 3, may: LOWER },
  "src/identity":   { floor: 3, may: [...BASICS, "src/store", "src/crypto"] },
  "agent":          { floor: 3, may: ["src/kernel", "src/wires", "src/crypto", "src/connectors", "src/links", "src/domain/carry.ts", "src/domain/networks.ts"] },
  // The worker decides channels, files and commands by itself, with the broker's own functions.
  "proxy":          { floor: 4, types: ["src/domain"], may: ["src/kernel", "src/wires", "src/crypto", "src/recordings", "src/links",
    "src/domain/channels.ts", "src/domain/commands.ts", "src/domain/files.ts", "src/domain/ledger.ts", "src/domain/like.ts"] },
  // The broker's end of the channel to the session processes: it parses their messages, so it sees the one contract file.
  "src/control":    { floor: 4, may: [...BASICS, "src/crypto", "src/flow", "src/identity"], beside: ["proxy/channel.ts", "proxy/tunnel/words.ts"] },
  "src/web":        { floor: 4, may: [...BASICS, "src/flow", "src/identity", "views"] },
  "src/jobs":       { floor: 4, may: [...BASICS, "src/flow", "src/store/due.ts"] },
  "src/core.ts":    { floor: 4, may: [...LOWER, "src/flow"] }, // vault, database and journal opened and settled: what serve, restore and backup share
  "src/tls.ts":     { floor: 4, may: ["src/kernel", "src/config"] },
  "src/app.ts":     { floor: 5, may: [...LOWER, "src/core.ts", "src/tls.ts", "src/flow", "src/identity", "src/control", "src/web", "src/jobs", "proxy", "views"] },
  "src/operate.ts": { floor: 6, may: [...LOWER, "src/core.ts", "src/app.ts", "src/flow", "src/identity"] }, // what an operator does on the server itself
  "src/selftest":   { floor: 6, may: ["src/kernel", "src/config", "src/core.ts", "src/flow", "src/jobs"] }, // brokers of a trial, killed on purpose
  "src/cli":        { floor: 7, may: [...BASICS, "src/crypto", "src/config", "src/flow", "src/identity", "src/operate.ts", "src/selftest"] }, // a command starts the app
  "src/main.ts":    { floor: 8, may: [...BASICS, "src/config", "src/app.ts", "src/cli"] },
};

/** Who may import kernel/reveal.ts: everywhere else a Secret stays closed. */
export const PLAINTEXT_DOOR = ["src/kernel/secret.ts", "src/vault", "src/connectors", "src/wires", "src/identity/secrets.ts", "src/notify/send.ts", "src/notify/hook.ts",
  "src/web/release.ts", "src/web/release.tsx", "proxy/ssh/inject.ts", "proxy/rdp/inject.ts", "agent/linux/passwords.ts", "agent/macos/passwords.ts", "agent/windows/passwords.ts", "test",
  "scripts/demo"];

/** A strange library and its only importer (tests, benches and scripts aside). */
export const WRAPPERS = { "ssh2": ["src/wires/ssh-tuned.ts"], "lucia": ["src/identity/sessions.ts"], "@lucia-auth": ["src/identity/sessions.ts"],
  "guacamole-lite": ["proxy/rdp/guac.ts"], "re2js": ["src/domain/re2.ts"], "yaml": ["src/domain/command-set/parse.ts"], "nodemailer": ["src/notify/send.ts"],
  "mysql2": ["src/wires/mysql.ts"], "ldapts": ["src/wires/ldap.ts"],
  "tedious": ["src/wires/tds.ts"], "oracledb": ["src/wires/oracle.ts"],
  "ws": ["src/wires/ws-stream.ts", "proxy/web-terminal", "proxy/rdp/line.ts", "proxy/rdp/onlookers.ts", "src/web/watch.ts"] }; // a socket's two ends of ours: the session process, and the portal for those who only watch

/** Who speaks SQL to our own database. `pg` is also the client of a PostgreSQL *target*. */
export const SQL = { "drizzle-orm": ["src/store"], "@electric-sql": ["src/store"], "pg": ["src/store", "src/connectors/postgres.ts"] };

/** Who may open a socket; everybody else is handed a Link or a stream. The kernel names the types only; uplink.ts dials the broker's Unix socket. */
export const SOCKETS = ["src/links", "src/wires", "proxy/pool.ts", "proxy/worker.ts", "proxy/uplink.ts", "proxy/tunnel/keeper.ts", "proxy/tunnel/exchange.ts", "agent/relay.ts", "src/control", "src/app.ts", "src/cli/client.ts"];

/** What connectors share: the contract, formats of verifiers that more than one kind of target keeps, what is done on a Linux host whatever its accounts log in with, on a Windows machine whichever way it is reached, and the line of a file that holds a password. */
export const CONNECTORS_SHARE = ["src/connectors/connector.ts", "src/connectors/sha512-crypt.ts", "src/connectors/linux-rules.ts",
  "src/connectors/linux-reach.ts", "src/connectors/linux-doors.ts", "src/connectors/linux-logins.ts", "src/connectors/linux-discover.ts", "src/connectors/linux-follow.ts", "src/connectors/linux-shadow.ts", "src/connectors/config-file.ts", "src/connectors/numbered.ts",
  "src/connectors/windows-names.ts", "src/connectors/windows-script.ts", "src/connectors/windows-accounts.ts",
  "src/connectors/windows-follow.ts", "src/connectors/windows-follow-script.ts"];

const OURS = "^(src|views|proxy|agent|test|bench|scripts|drizzle)/";
const AS_TYPES = ["type-only", "type-import"];
const FREE = ["test", "bench", "scripts"];
const at = (place) => /\.\w+$/.test(place) ? `^${place.replaceAll(".", "\\.")}$` : `^${place}/`;
const pkg = (name) => `(^|node_modules/)(@types/)?${name.replaceAll("-", "\\-")}(/|$)`;
const ban = (name, comment, from, to) => ({ name, severity: "error", comment, from, to });
const slug = (place) => place.replace(/\.tsx?$/, "").replaceAll("/", "-");

const roomWalls = Object.entries(PLAN).flatMap(([room, { may, types = [], beside = [] }]) => [
  ban(`${slug(room)}-imports-by-plan`, `${room} may import: ${[...may, ...beside, ...types.map((t) => `${t} (types)`)].join(", ") || "nothing of ours"}`,
    { path: at(room) }, { path: OURS, pathNot: [room, ...may, ...types, ...beside].map(at) }),
  ...(types.length === 0 ? [] : [ban(`${slug(room)}-sees-types-only`, `${room} sees ${types.join(", ")} as types only`,
    { path: at(room) }, { path: types.map(at), pathNot: may.map(at), dependencyTypesNot: AS_TYPES })]),
]);

const onlyImporter = (prefix, table) => Object.entries(table).map(([name, places]) =>
  ban(`${prefix}-${name.replace("@", "")}`, `${name} is imported by ${places.join(", ")} alone`,
    { path: OURS, pathNot: [...places, ...FREE].map(at) }, { path: pkg(name) }));

/** The plan itself must be a house: nothing imports upward or sideways, and only flow (and the wiring) sees the three rooms together. */
const checkPlan = () => {
  const floorOf = (place) => Object.entries(PLAN).find(([room]) => place === room || place.startsWith(`${room}/`))?.[1].floor;
  for (const [room, { floor, may, types = [] }] of Object.entries(PLAN)) {
    const wrong = [...may, ...types].filter((place) => !(floorOf(place) < floor));
    if (wrong.length > 0) throw new Error(`plan: ${room} (floor ${floor}) names ${wrong.join(", ")}, which is not on a lower floor`);
    const all = ["src/vault", "src/connectors", "src/store"].every((r) => may.some((m) => m.startsWith(r)));
    if (all && !["src/flow", "src/core.ts", "src/app.ts", "src/operate.ts"].includes(room)) throw new Error(`plan: ${room} sees vault, connectors and store; only flow may`);
  }
};
checkPlan();

export default {
  forbidden: [
    ...roomWalls,
    ban("no-file-outside-a-room", "every file of src/ stands in a room of the plan",
      { path: "^src/", pathNot: Object.keys(PLAN).map(at) }, {}),
    ban("no-cycles", "a cycle, of types too, means two files are one", { pathNot: FREE.map(at) }, { circular: true }),
    ban("resolves", "an import of ours that does not resolve would walk through every wall unseen", {}, { path: "^[.#]", couldNotResolve: true }),
    ban("plaintext-door", "only these places may hold plaintext", { path: OURS, pathNot: PLAINTEXT_DOOR.map(at) }, { path: at("src/kernel/reveal.ts") }),
    ...onlyImporter("sql-lives-in-store", SQL),
    ...onlyImporter("one-wrapper", WRAPPERS),
    ban("kernel-is-node-only", "the kernel needs no package", { path: at("src/kernel") }, { pathNot: OURS, dependencyTypesNot: ["core"] }),
    ban("domain-is-pure", "no I/O: zod, re2js, yaml, and hashes of node:crypto", { path: at("src/domain") }, { pathNot: [OURS, pkg("zod"), pkg("re2js"), pkg("yaml"), "^(node:)?crypto$"] }),
    ban("views-are-pure", "hono alone: no I/O, no other package", { path: at("views") }, { pathNot: [OURS, pkg("hono")] }),
    ban("connectors-are-strangers", "a connector knows the contract and itself; index.ts lists them",
      { path: "^src/connectors/([^/.]+)(\\.ts$|/)", pathNot: at("src/connectors/index.ts") },
      { path: at("src/connectors"), pathNot: [...CONNECTORS_SHARE.map(at), "^src/connectors/$1(\\.ts$|/)"] }),
    ban("sockets-in-few-places", `${SOCKETS.join(", ")} open sockets`,
      { path: OURS, pathNot: [...SOCKETS, ...FREE, "src/kernel"].map(at) }, { path: "^(node:)?(net|tls|dgram)$" }),
    ban("kernel-sees-sockets-as-types", "the kernel opens nothing", { path: at("src/kernel") },
      { path: "^(node:)?(net|tls|dgram)$", dependencyTypesNot: AS_TYPES }),
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" }, tsPreCompilationDeps: true, doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|test/walls/\\.tmp)/" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
