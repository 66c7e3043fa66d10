/** The people and things every story is about. Rule: no clock, no randomness: the same bytes every time. */
import type { Child } from "hono/jsx";
import type { Account } from "../../src/domain/account.ts";
import type { Person } from "../../src/domain/person.ts";
import type { PasswordPolicy } from "../../src/domain/password-policy.ts";
import type { Policy } from "../../src/domain/policy.ts";
import type { Target } from "../../src/domain/target.ts";
import type { HereNow } from "../here.ts";

/** `alone`: a page before login, without the frame's menus. */
export type Story = { readonly name: string; readonly alone?: true; readonly render: () => Child };
export const story = (name: string, render: () => Child): Story => ({ name, render });

export const now = new Date("2026-05-04T09:00:00Z");
export const at = (minutes: number): Date => new Date(now.getTime() + minutes * 60_000);
export const HERE: HereNow = { nonce: "fixed-nonce", csrf: "fixed-token", now, path: "/", origin: "https://broker.example", mails: true, ssh: { host: "broker.example", port: 2222 } };
export const LONG = "app_deploy_pipeline_for_the_customer_portal_backend";
export const FAR = "a-target-with-a-rather-long-name.eu-central-1.internal.example";
export const NASTY = `<script>alert("x")</script> & 'quotes' ${"long".repeat(40)}`;
export const as = <T,>(value: unknown): T => value as T;

export const person = (name: string, roles: Person["roles"], over: Partial<Person> = {}): Person => ({
  ...as<Person>({ id: `per_${name}` }),
  name,
  fullName: `${name[0]!.toUpperCase()}${name.slice(1)} Example`,
  mail: null,
  subject: null,
  employeeNo: null,
  roles,
  groups: [],
  disabled: false,
  totp: roles.includes("approver"),
  ...over,
});
export const requester = person("requester", ["user"]);
export const approver = person("approver", ["approver"]);
export const operator = person("operator", ["admin", "user"]);
export const target = (over: Partial<Target> = {}): Target => ({
  ...as<Target>({ id: "tgt_1", owner: null, administrative: "acc_1", reconcile: null }),
  name: "web-1",
  platform: "linux-ssh",
  host: "192.0.2.10",
  port: 22,
  link: "direct",
  settings: {},
  tags: ["production"],
  identityNo: 1,
  identityHash: "",
  locked: false,
  passwordPolicy: null,
  ...over,
});
export const medium: PasswordPolicy = {
  name: "medium",
  length: 20,
  maxLength: 128,
  lower: 1,
  upper: 1,
  digit: 1,
  symbol: 1,
  symbols: "!#%+,-./:=?@_~",
  allowed: "",
  forbidden: "",
  maxRepeat: 2,
  noLogin: true,
  noWords: true,
  noSequences: true,
  history: 10,
  minAgeHours: 0,
  maxAgeDays: 0,
};
export const account = (over: Partial<Account> = {}): Account => ({
  ...as<Account>({ id: "acc_1", target: "tgt_1", current: "ver_1", previous: null }),
  name: "root",
  credential: "in_sync",
  block: "none",
  usedNo: 3,
  rotatedNo: 3,
  typedRun: 0,
  identityNo: 1,
  passwordPolicy: null,
  tags: [],
  adopted: 2,
  rotatedAt: at(-90),
  verifiedAt: at(-30),
  ...over,
});
export const policy: Policy = as<Policy>({
  id: "pol_1",
  name: "Production, with a second person",
  active: true,
  terms: {
    preset: "session",
    approvals: 2,
    maxMinutes: 240,
    requestTtlMinutes: 1440,
    startWindowMinutes: 480,
    reconnectGraceSeconds: 60,
    entries: 0,
    review: false,
    networks: [],
    hours: null,
    commands: { mode: "open", rules: [{ effect: "deny", like: "rm -rf *", says: "Use the clean-up job." }] },
    reasonMin: 10,
    ticketPattern: "CHG-\\d+",
    channels: ["shell", "exec", "sftp", "direct-tcpip"],
    files: { readOnly: true, noDelete: false, allow: ["/srv/**"], deny: ["**/.ssh/**"] },
    forwardTo: ["localhost:*", "db-1.internal:5432"],
    record: "head",
    recordInput: false,
    clipboardIn: true,
    clipboardOut: false,
    filesIn: false,
    filesOut: true,
  },
  binding: {
    requesterGroups: ["grp_1"],
    requesters: [],
    approverGroups: [],
    approvers: ["per_approver"],
    targets: ["web-*"],
    tags: [],
    platforms: [],
    accountNames: ["root"],
  },
});
