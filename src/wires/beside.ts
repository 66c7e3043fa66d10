/** The other servers of one target, as its settings name them (`host:port`). Rule: they are asked only after the first has said yes; who cannot be reached lets nobody in either. */
import type { Address, Link } from "../kernel/link.ts";

/** host:port, with an IPv6 address in brackets. */
export const BESIDE = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):([0-9]{1,5})$/;
const addressOf = (text: string): Address => {
  const at = text.lastIndexOf(":");
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(text.slice(at + 1)) };
};
/** `ask` tells why that one does not take it; undefined: it does, or it cannot be reached. Undefined: nobody objects. */
export const objectionBeside = async (link: Link, others: readonly string[], ask: (there: Link) => Promise<string | undefined>): Promise<string | undefined> => {
  for (const other of others) {
    const there = link.beside?.(addressOf(other));
    if (there === undefined) return `${other} cannot be asked over this way to the target`;
    const why = await ask(there);
    if (why !== undefined) return `${other} does not take it (yet): ${why}`;
  }
  return undefined;
};
