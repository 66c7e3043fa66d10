/**
 * The products whose HTTP API is known as a template. Rule: a template is here only when the contract runs against the real product; its page in
 * docs/platforms says which.
 */
import type { Step, Template } from "./template.ts";

const NAMES = { fits: /^[^\p{C}:]{1,128}$/u, says: "1 to 128 visible characters but a colon, as they are: capitals count" };

/** Everything is POST /query; what went wrong stands in the body, with status 200 too. */
const influxQuery = (q: string): Step => ({
  method: "POST",
  path: "/query",
  form: { q },
  rules: [
    { status: 200, at: "results.0.error", like: "user not found", then: "missing" },
    { status: 200, at: "results.0.error", then: "refused" },
    { status: 200, at: "results.0.statement_id", then: "ok" },
    { status: 401, then: "no" },
    { status: 403, then: "powerless" },
    { status: 400, then: "refused" },
  ],
});
export const influxdb: Template = {
  platform: "influxdb",
  naming: NAMES,
  login: "basic",
  mayBeOpen: true,
  words: ["results.0.error", "error"],
  quotes: { ident: { "\\": "\\\\", '"': '\\"' }, string: { "\\": "\\\\", "'": "\\'" } },
  proof: influxQuery("SHOW DATABASES"),
  look: { ...influxQuery("SHOW USERS"), find: { items: "results.0.series.0.values", name: "0" } },
  change: influxQuery(`SET PASSWORD FOR "{account|ident}" = '{password|string}'`),
  right: influxQuery("SHOW USERS"),
  list: {
    step: influxQuery("SHOW USERS"),
    items: "results.0.series.0.values",
    name: "0",
    mighty: { at: "1", like: "^true$", says: "all privileges" },
  },
};

/** The JSON gateway of etcd's gRPC: codes are gRPC's. */
const etcdCall = (path: string, json: Step["json"]): Step => ({
  method: "POST",
  path: `/v3/auth/${path}`,
  json: json ?? {},
  rules: [
    { status: 200, at: "header", then: "ok" },
    { status: [400, 499], at: "message", like: "invalid user ID or password", then: "no" },
    { status: [400, 499], at: "message", like: "user name not found", then: "missing" },
    { status: 403, at: "code", like: "^7$", then: "powerless" },
    { status: [400, 499], at: "code", like: "^(3|9)$", then: "refused" },
  ],
});
export const etcd: Template = {
  platform: "etcd",
  naming: NAMES,
  words: ["message", "error"],
  login: { step: etcdCall("authenticate", { name: "{account}", password: "{password}" }), token: "token" },
  look: etcdCall("user/get", { name: "{account}" }),
  change: etcdCall("user/changepw", { name: "{account}", password: "{password}" }),
  right: etcdCall("user/list", {}),
  list: {
    step: etcdCall("user/list", {}),
    items: "users",
    name: "",
    each: etcdCall("user/get", { name: "{account}" }),
    mighty: { at: "roles", like: '"root"', says: "role root" },
  },
};

/** "Not management user" is said to a right password. */
const rabbitCall = (method: Step["method"], path: string, json?: Step["json"]): Step => ({
  method,
  path: `/api/${path}`,
  ...(json === undefined ? {} : { json }),
  rules: [
    { status: [200, 204], then: "ok" },
    { status: 401, at: "reason", like: "[Mm]anagement user|[Nn]ot administrator|[Nn]ot monitor", then: "powerless" },
    { status: 401, at: "reason", like: "[Ll]ogin failed", then: "no" },
    { status: 404, then: "missing" },
    { status: 400, then: "refused" },
  ],
});
export const rabbitmq: Template = {
  platform: "rabbitmq",
  login: "basic",
  mayBeOpen: true,
  words: ["reason", "error"],
  naming: { fits: /^(?!\.{1,2}$)[^\p{C}:]{1,128}$/u, says: NAMES.says },
  proof: rabbitCall("GET", "whoami"),
  look: { ...rabbitCall("GET", "users/{account}"), keep: { tags: "tags" } },
  verifier: { kind: "rabbit-sha256", at: "password_hash", algorithm: { at: "hashing_algorithm", like: "^rabbit_password_hashing_sha256$" } },
  change: rabbitCall("PUT", "users/{account}", { password_hash: "{hash}", hashing_algorithm: "rabbit_password_hashing_sha256", tags: "{tags}" }),
  right: rabbitCall("GET", "users"),
  list: {
    step: rabbitCall("GET", "users"),
    items: "",
    name: "name",
    mighty: { at: "tags", like: "administrator", says: "tag administrator" },
    off: { at: "password_hash", like: "^$", says: "has no password" },
  },
};

export const PRODUCTS = [influxdb, etcd, rabbitmq] as const;
