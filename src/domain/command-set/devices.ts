/** The command sets that come with Lockstep, as people know them. Rule: as their files in `command-sets/` say (a test compares), without reading them. */
import type { Grade } from "./schema.ts";

export type Device = readonly [set: string, called: string, one: string, grade: Grade, needs: string, sessions?: false];
export const DEVICES: readonly Device[] = [
  ["aix", "IBM AIX", "an AIX host", "draft", "it is root"],
  ["any-device", "Device of an unknown kind", "a device of an unknown kind", "draft", "what its own command line asks"],
  ["busybox", "BusyBox device", "a BusyBox device", "proven", "it is root"],
  ["cisco-ios", "Cisco IOS", "a Cisco IOS device", "draft", "privilege 15, or a password that is the enable secret too"],
  ["esxi", "VMware ESXi", "an ESXi host", "draft", "it is root"],
  ["fortios", "Fortinet FortiOS", "a FortiGate", "draft", "the profile super_admin"],
  ["frr-vty", "FRRouting vty", "an FRRouting daemon's command line", "proven", "it changes itself", false],
  ["frr-vtysh", "FRRouting through vtysh", "a router with vtysh", "draft", "its shell is vtysh, and it is in the groups frr and frrvty"],
  ["hp-ilo", "HPE iLO", "an iLO", "draft", "the privilege Administer User Accounts"],
  ["hp-procurve", "HP ProCurve", "a ProCurve switch", "draft", "it is the manager"],
  ["junos", "Juniper Junos", "a Junos device", "draft", "the class super-user, or one with the permissions configure and admin-control"],
  ["mikrotik-routeros", "MikroTik RouterOS", "a MikroTik router", "draft", "the policies write and policy (the group full has them)"],
  ["solaris", "Oracle Solaris", "a Solaris host", "draft", "it is root, or has the profile User Security"],
];
