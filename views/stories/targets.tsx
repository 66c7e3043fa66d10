/** Stories of targets. */
import { Collections } from "../collections.tsx";
import { ImportForm, ImportPreview, ImportResult } from "../import.tsx";
import { TargetConfirm, TargetNew } from "../target-new.tsx";
import { TargetPage } from "../target.tsx";
import { TargetEdit, type EditView } from "../target-edit.tsx";
import { TargetReset, type ResetView, type Stage } from "../target-reset.tsx";
import { Targets } from "../targets.tsx";
import { account, as, at, FAR, LONG, NASTY, story, target, type Story } from "./fixed.tsx";

const draft = { name: "web-1", platform: "linux-ssh", host: "192.0.2.10", port: 22, tags: "production", through: [] };
const AGENTS = ["agt_00000000000000000000", "agt_11111111111111111111", "agt_22222222222222222222"];
const ways = [
  { id: AGENTS[0]!, name: "island-gw", mode: "gateway" as const },
  { id: AGENTS[1]!, name: "island-gw", mode: "gateway" as const },
  { id: AGENTS[2]!, name: FAR, mode: "agent" as const },
];
const targetView = {
  target: target(),
  way: [],
  accounts: [account(), account({ credential: "unverified" })],
  fingerprints: ["ssh-ed25519 SHA256:abc"],
  passwordPolicies: ["low", "medium", "strong"],
  owner: "operator",
  proof: null,
  keys: false,
  desktop: `RDP on port 3389, with the certificate ${Array.from({ length: 32 }, () => "AB").join(":")}`,
};
const LACKS =
  "the driver tedious is not installed on the broker: run npm install --no-save --ignore-scripts tedious@20.3.9 in Lockstep's directory, " +
  "and start the broker again";
const platforms = [
  { name: "linux-ssh", called: "Linux over SSH", port: 22 },
  { name: "postgres", called: "PostgreSQL", port: 5432 },
  { name: "mysql", called: "MariaDB or MySQL", port: 3306 },
  { name: "redis", called: "Redis", port: 6379 },
  { name: "rabbitmq", called: "RabbitMQ", port: 15671 },
  { name: "mssql", called: "SQL Server", port: 1433, grade: "draft" as const, lacks: LACKS },
];
const DATABASE = target({ name: "db-1", platform: "postgres", port: 5432 });
const VOUCHED = "any certificate of its authority for 192.0.2.10";
const HEX = "3F:0A:91:C2:5E:77:00:1B:".repeat(4).slice(0, -1);
const SEEN = { identity: HEX, fingerprint: HEX, compareWith: "openssl x509 -noout -fingerprint -sha256 -in server.crt" };
const PLAIN = {
  identity: "plain",
  fingerprint: "no certificate: a plain connection, on the broker's own machine alone",
  compareWith: "psql -c 'show ssl'",
};

const SETS: EditView["platforms"] = [
  { name: "cli:any-device", called: "Device of an unknown kind", port: 22, grade: "draft" },
  { name: "cli:busybox", called: "BusyBox device", port: 22, grade: "proven" },
];
const edit: EditView = {
  target: target(),
  accounts: 3,
  ways: [],
  platforms: [],
  owners: [
    { id: "per_operator", name: "operator" },
    { id: "per_owner", name: "owner" },
  ],
  settings: [
    {
      name: "hostKeys",
      kind: "lines",
      value: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9aXyQyYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi",
      choices: [],
      required: true,
      says: "",
    },
    { name: "sudo", kind: "tick", value: "", choices: [], required: false, says: "Also for root." },
    { name: "database", kind: "text", value: "postgres", choices: [], required: false, says: "Where to log in." },
    { name: "tls", kind: "choice", value: "require", choices: ["require", "off"], required: false, says: "" },
    { name: "authority", kind: "block", value: "-----BEGIN CERTIFICATE-----\nMIIB", choices: [], required: false, says: "Certificates in PEM." },
    { name: "timeout", kind: "number", value: "10", choices: [], required: false, says: "" },
    { name: "extra", kind: "json", value: "{}", choices: [], required: false, says: "" },
  ],
};
const reset: ResetView = {
  target: target(),
  way: ["island-gw"],
  result: null,
  accounts: [account(), account({ ...as({ id: "acc_2" }), name: LONG, credential: "unverified" })],
  rights: "sudo for chpasswd and getent, without a terminal",
  last: { at: at(-7), ok: true, why: null, account: "acc_1" },
};
const failed = (stage: Stage, why: string) => ({ which: "administrative" as const, tested: { ok: false as const, stage, why } });
const FAILURES: readonly (readonly [Stage, string])[] = [
  ["setup", "No administrative credential is set for this target."],
  ["reach", "connection refused"],
  ["identity", "the host key is not the pinned one"],
  ["login", "the target refused the password"],
  ["right", NASTY],
];
const planned = [
  {
    line: 2,
    name: "rotator@web-2",
    does: ["adds the target web-2 at 192.0.2.20:22", "adds the account rotator@web-2 with its password", "makes it the administrative account"],
    errors: [],
  },
  {
    line: 3,
    name: `${LONG}@${FAR}`,
    does: [],
    errors: ["host: missing, and there is no such target yet", "password_policy: there is no " + NASTY],
  },
  { line: 4, name: "root@web-1", does: [], errors: [] },
];
const results = [
  { line: 2, name: "rotator@web-2", outcome: "done" as const, did: ["target web-2 added", "account rotator@web-2 added"], why: [] },
  { line: 3, name: `${LONG}@${FAR}`, outcome: "left_out" as const, did: [], why: planned[1]!.errors },
  { line: 4, name: "root@web-1", outcome: "same" as const, did: [], why: ["it is there already and was left as it is"] },
  { line: 5, name: "x@web-1", outcome: "failed" as const, did: [], why: [NASTY] },
];
const groups = {
  list: [
    { id: "col_1", name: "Night shift", members: ["tgt_1", "acc_1"] },
    { id: "col_2", name: "empty", members: [] },
  ],
  targets: [target(), target({ ...as({ id: "tgt_2" }), name: FAR })],
  cards: [],
};

export const TARGETS: readonly Story[] = [
  story("targets", () => (
    <Targets
      list={[
        { target: target(), accounts: 2, blocked: false },
        { target: target({ name: FAR, administrative: null }), accounts: 0, blocked: true },
      ]}
    />
  )),
  story("targets, none", () => <Targets list={[]} />),
  story("target, add", () => <TargetNew platforms={platforms} draft={draft} ways={[]} />),
  story("target, add, through a gateway", () => <TargetNew platforms={platforms} draft={{ ...draft, through: AGENTS.slice(1) }} ways={ways} />),
  story("target, add, empty", () => <TargetNew platforms={platforms} draft={{ ...draft, name: "", port: null }} ways={ways.slice(0, 1)} />),
  story("target, confirm its key", () => (
    <TargetConfirm way={[]} draft={draft} seen={{ identity: "ssh-ed25519 AAAA", fingerprint: "SHA256:abc", compareWith: "ssh-keygen -lf x" }} />
  )),
  story("target, confirm its certificate", () => (
    <TargetConfirm way={["island-gw", FAR]} draft={{ ...draft, platform: "postgres", port: null }} seen={SEEN} />
  )),
  story("target, confirm a plain connection", () => <TargetConfirm way={[]} draft={{ ...draft, host: "127.0.0.1" }} seen={PLAIN} />),
  story("target, a database", () => (
    <TargetPage {...targetView} desktop={null} target={DATABASE} fingerprints={[SEEN.fingerprint]} blocked={false} />
  )),
  story("target, by an authority", () => <TargetPage {...targetView} fingerprints={[]} proof={VOUCHED} blocked={false} />),
  story("target", () => <TargetPage {...targetView} blocked={false} />),
  story("target, through gateways", () => <TargetPage {...targetView} way={["island-gw", FAR]} blocked={false} />),
  story("target, identity changed", () => <TargetPage {...targetView} blocked />),
  story("target, of keys", () => <TargetPage {...targetView} keys accounts={[]} blocked={false} />),
  story("target, new", () => <TargetPage {...targetView} accounts={[]} blocked={false} />),
  story("target, edit", () => <TargetEdit {...edit} />),
  story("target, edit, through a gateway of somebody else's", () => (
    <TargetEdit {...edit} ways={ways.slice(0, 1)} target={target({ link: `${AGENTS[0]!} ${AGENTS[2]!}` })} />
  )),
  story("target, edit, one account", () => <TargetEdit {...edit} accounts={1} settings={[]} />),
  story("target, edit, a device", () => <TargetEdit {...edit} target={target({ platform: "cli:any-device" })} platforms={SETS} />),
  story("remote reset", () => <TargetReset {...reset} />),
  story("remote reset, nothing chosen", () => <TargetReset {...reset} target={target({ administrative: null })} last={null} />),
  story("remote reset, no accounts", () => <TargetReset {...reset} accounts={[]} />),
  story("remote reset, test works", () => (
    <TargetReset {...reset} result={{ which: "administrative", tested: { ok: true, identity: "ssh-ed25519 SHA256:abc" } }} />
  )),
  ...FAILURES.map(([stage, why]) =>
    story(`remote reset, test fails at ${stage}`, () => (
      <TargetReset {...reset} last={{ at: at(0), ok: false, why, account: "acc_1" }} result={failed(stage, why)} />
    )),
  ),
  story("import", () => <ImportForm columns={["target", "host", "account"]} most={1000} />),
  story("import, preview", () => <ImportPreview whole={null} rows={planned} sealed="c2VhbGVk" />),
  story("import, unreadable", () => (
    <ImportPreview whole="Line 3: a quote is opened in this row and never closed." rows={[]} sealed="c2VhbGVk" />
  )),
  story("import, result", () => <ImportResult rows={results} />),
  story("groups of targets", () => <Collections {...groups} />),
  story("groups of targets, none", () => <Collections {...groups} list={[]} />),
];
