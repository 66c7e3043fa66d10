/** Linux: what stands in its own files, and the programs of shadow-utils. */
import { factsOf } from "../facts.ts";
import { serverKeys } from "../keys.ts";
import type { Platform } from "../platform.ts";
import { listAccounts, osName } from "./accounts.ts";
import { rights, writable } from "./checks.ts";
import { endLogins, rules } from "./logins.ts";
import { compare, has, set } from "./passwords.ts";
import { service } from "./service.ts";

export const linux: Platform = {
  name: "linux",
  places: { conf: "/etc/lockstep-agent/agent.conf", state: "/var/lib/lockstep-agent" },
  list: listAccounts,
  facts: () => factsOf("linux", osName()),
  sshKeys: () => serverKeys("/etc/ssh"),
  has,
  compare,
  set,
  endLogins,
  rules,
  rights,
  writable,
  hints: {
    root: "run this as root",
    start: "systemctl start lockstep-agent",
    log: "journalctl -u lockstep-agent",
    clock: "timedatectl set-ntp true",
  },
  service,
};
