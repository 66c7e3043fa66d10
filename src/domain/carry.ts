/**
 * Where an agent may carry connections to. Rule: a host and a port stand on the list as they are asked for, or they do not; and no list, name or
 * spelling leads to an address that nobody means as a target: this machine's own, link-local, metadata, multicast, broadcast.
 */
import { z } from "zod";
import { isFrom, plainAddress } from "./networks.ts";

/** Of clouds, link-local, multicast, reserved; and those that carry another address inside, under which one of these could hide. */
const NEVER = [
  "0.0.0.0/8", "169.254.0.0/16", "100.100.100.200", "168.63.129.16", "192.0.0.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
  "::", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::254", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "100::/64",
];
const LOOPBACK = ["127.0.0.0/8", "::1"];

/** `own`: it carries to its own machine (an agent), and to nowhere else; else (a gateway) to everywhere but itself by loopback. */
export type Reach = { readonly own: boolean; /** Addresses and broadcast addresses of its own interfaces. */ readonly mine: readonly string[]; readonly broadcasts: readonly string[] };

/** Null: it may be dialled. Asked for every address a name leads to, right before it is dialled. */
export const refusedAddress = (address: string, reach: Reach): string | null => {
  const plain = plainAddress(address);
  if (plain === null) return `${address.slice(0, 64)} is no address`;
  if (isFrom(plain, NEVER) || reach.broadcasts.includes(plain)) return `${plain} is a link-local, metadata, broadcast or otherwise special address: nothing is carried there`;
  const here = isFrom(plain, LOOPBACK);
  if (reach.own) return here || reach.mine.includes(plain) ? null : `${plain} is another machine: an agent carries to its own alone`;
  return here ? `${plain} is the gateway itself: nothing is carried there` : null;
};

/** As URLs and lists have it: an IPv6 address in brackets. */
export const pairText = (host: string, port: number): string => host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
/** Names do not tell capitals from small letters, nor a last dot from none. */
const told = (pair: string): string => pair.toLowerCase().replace(/\.(?=:\d+$)/, "");
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})$|^[0-9A-Fa-f:.]{2,45}$/;
/** 0x7f.1, 2130706433, 017700000001 and their like: what a resolver reads as an address although it is not written as one. */
const DISGUISED = /^(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+))*\.?$/i, DOTTED = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;

/** Null: the pair stands on both lists, the broker's signed one and, where it has one, the machine's own. */
export const refusedPair = (host: string, port: number, allow: readonly string[], narrowed: readonly string[] | null): string | null => {
  const pair = told(pairText(host, port)), shown = pairText(host.slice(0, 255), port);
  if (!HOST.test(host) || !Number.isInteger(port) || port < 1 || port > 65_535) return "that is no host and port";
  if (DISGUISED.test(host) && !(DOTTED.test(host) && plainAddress(host) !== null)) return `${shown} is an address in disguise`;
  if (!allow.some((a) => told(a) === pair)) return `${shown} is not on the list of what it may carry to`;
  return narrowed === null || narrowed.some((a) => told(a) === pair) ? null : `${shown} is not allowed by the Allow of its own agent.conf`;
};

/** `192.0.2.5:22`, `db-1.island:5432`, `[2001:db8::5]:22`. */
export const Pair = z.string().trim().max(270).superRefine((text, ctx) => {
  const found = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text), host = found?.[1] ?? found?.[2] ?? "", port = Number(found?.[3]);
  const wrong = found === null ? "host:port, an IPv6 address in brackets" : refusedPair(host, port, [pairText(host, port)], null);
  const literal = plainAddress(host), own = literal !== null && isFrom(literal, LOOPBACK);
  const special = wrong ?? (literal === null ? null : refusedAddress(literal, { own, mine: [], broadcasts: [] }));
  if (special !== null) ctx.addIssue({ code: "custom", message: `${text.slice(0, 80)}: ${special}` });
}).transform(told);
