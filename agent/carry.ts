/**
 * What this agent carries to. Rules: the list is the one its broker signed, for this very agent and with a number that only rises; its own
 * agent.conf can only narrow it; a name is resolved here, every address it has is judged, and the one that was judged is the one dialled.
 */
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { refusedAddress, refusedPair, pairText, type Reach } from "../src/domain/carry.ts";
import { plainAddress } from "../src/domain/networks.ts";
import { Fault } from "../src/kernel/fault.ts";
import type { Address } from "../src/kernel/link.ts";
import { AllowList, signedText, type SignedList } from "../src/wires/agent-words.ts";
import { provesLine } from "../src/wires/ssh.ts";

export type CarryOptions = {
  readonly agent: () => string | undefined; readonly own: boolean;
  /** The broker's keys that count now. */
  readonly brokerKeys: () => readonly string[];
  /** `Allow` of agent.conf; null where it says nothing. */
  readonly narrowed: readonly string[] | null;
  /** What was kept, and how it is kept: written and fsynced before it counts. */
  readonly kept: SignedList | undefined; readonly keep: (signed: SignedList) => void;
  readonly resolve?: (host: string) => Promise<readonly string[]>;
};
export type Carrier = {
  /** Body of the verb `allow`. */
  take(signed: SignedList): { readonly no: number };
  no(): number;
  /** Where to dial, in this order; rejects with Fault: forbidden, or upstream where a name leads nowhere. */
  mayCarry(host: string, port: number): Promise<readonly Address[]>;
};

const NOTHING: AllowList = { v: 1, agent: "", no: 0, allow: [] };

/** Null: not signed by one of `keys`, or not for this agent. */
const read = ({ list, signature }: SignedList, keys: readonly string[], agent: string | undefined): AllowList | null => {
  if (!keys.some((key) => provesLine(key, signedText(list), signature))) return null;
  try {
    const parsed = AllowList.safeParse(JSON.parse(list));
    return parsed.success && parsed.data.agent === agent ? parsed.data : null;
  } catch { return null; }
};

const bits = (address: string): number => address.split(".").reduce((n, part) => n * 256 + Number(part), 0);
/** The last address of each network this machine is in. */
const broadcastOf = (address: string, mask: string): string => {
  const all = (bits(address) | ~bits(mask)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (all >>> shift) & 255).join(".");
};
export const reachOf = (own: boolean): Reach => {
  const all = Object.values(networkInterfaces()).flatMap((of) => of ?? []), wide = all.filter((i) => i.family === "IPv4" && !/^255\.255\.255\.25[45]$/.test(i.netmask));
  return { own, mine: all.map((i) => plainAddress(i.address) ?? ""), broadcasts: wide.map((i) => broadcastOf(i.address, i.netmask)) };
};

const resolved = async (host: string): Promise<readonly string[]> => (await lookup(host, { all: true })).map((found) => found.address);

export const carrier = (o: CarryOptions): Carrier => {
  let now = (o.kept && read(o.kept, o.brokerKeys(), o.agent())) ?? NOTHING;
  const resolve = o.resolve ?? resolved;
  const addressesOf = async (host: string, port: number): Promise<readonly string[]> => {
    try { return await resolve(host); } catch (cause) { throw new Fault("upstream", `${pairText(host, port)} cannot be reached: its name is not known here`, { cause }); }
  };
  return {
    no: () => now.no,
    take: (signed) => {
      const list = read(signed, o.brokerKeys(), o.agent());
      if (list === null) throw new Fault("forbidden", "This list is not signed by this agent's broker, or is another agent's.");
      if (list.no < now.no) throw new Fault("conflict", `This list has the number ${list.no}, and number ${now.no} was seen already.`);
      o.keep(signed);
      now = list;
      return { no: now.no };
    },
    mayCarry: async (host, port) => {
      const no = refusedPair(host, port, now.allow, o.narrowed);
      if (no !== null) throw new Fault("forbidden", no);
      const reach = reachOf(o.own), found = await addressesOf(host, port);
      // One address of a name that nobody may go to makes the name a trap.
      for (const address of found) { const wrong = refusedAddress(address, reach); if (wrong !== null) throw new Fault("forbidden", `${pairText(host, port)}: ${wrong}`); }
      return found.map((address) => ({ host: plainAddress(address)!, port }));
    },
  };
};
