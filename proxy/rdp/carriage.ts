/** What was carried by clipboard or file, told when it is over: its size and its hash, never its content. Rule: bounded by the streams that may be open. */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { shown } from "../text.ts";
import type { Carried, Crossing } from "./customs.ts";

/** As a recording's readers show it: one operation, one line. */
export const operationOf = ({ way, what, name, bytes, sha256, whole }: Told): object => {
  const op = what === "clipboard" ? (way === "in" ? "paste" : "copy") : way === "in" ? "upload" : "download";
  return { op, path: name, result: whole ? "ok" : "cut off", [way === "in" ? "written" : "read"]: { bytes, sha256 } };
};
export type Told = { readonly way: "in" | "out"; readonly what: Carried["what"]; readonly name: string; readonly bytes: number; readonly sha256: string; readonly whole: boolean };
type Open = { readonly carried: Carried; readonly hash: Hash; bytes: number };

export class Carriage {
  readonly #open = new Map<string, Open>();
  readonly #tell: (told: Told) => void;
  constructor(tell: (told: Told) => void) { this.#tell = tell; }

  pass(way: "in" | "out", c: Crossing): void {
    if (c.pass !== true) return;
    if (c.begins) { this.#close(way, c.begins.stream, false); this.#open.set(`${way} ${c.begins.stream}`, { carried: c.begins, hash: createHash("sha256"), bytes: 0 }); }
    const open = c.piece && this.#open.get(`${way} ${c.piece.stream}`);
    if (open) { const data = Buffer.from(c.piece!.data, "base64"); open.bytes += data.length; open.hash.update(data); }
    if (c.ends !== undefined) this.#close(way, c.ends, true);
  }
  #close(way: "in" | "out", stream: string, whole: boolean): void {
    const open = this.#open.get(`${way} ${stream}`);
    if (open === undefined) return;
    this.#open.delete(`${way} ${stream}`);
    this.#tell({ way, what: open.carried.what, name: shown(open.carried.name), bytes: open.bytes, sha256: open.hash.digest("hex"), whole });
  }
  /** The session or its page is over: what was not finished is told as far as it came. */
  end(): void { for (const key of [...this.#open.keys()]) { const [way = "in", stream = ""] = key.split(" "); this.#close(way as "in" | "out", stream, false); } }
}
