/**
 * Logged-in connections to Linux hosts, kept a moment for the next call. Rules: a connection is taken only for the very login it was made with, by
 * one caller at a time; it lives a minute at most, and after a failure never again. What is to prove a password logs in anew and never comes here.
 * law A4: of many who want the same login one asks for it, and whoever was waiting, or comes right after, is refused with it.
 */
import { createHash } from "node:crypto";
import type { Random } from "../kernel/clock.ts";
import type { Link } from "../kernel/link.ts";
import { revealBytes } from "../kernel/reveal.ts";
import { SshFailure, type Client } from "../wires/ssh.ts";
import type { Credential } from "./connector.ts";
import { bySu, LIMIT, login, type LinuxSshConfig } from "./linux-reach.ts";

/** `hold`: whether its socket keeps this process alive. `over`: it is closed, or was used long enough. */
type Door = { readonly client: Client; hold(on: boolean): void; rest?: NodeJS.Timeout; over: boolean };
/** What a socket has, and a stream through something else may lack. */
type Held = { ref?(): void; unref?(): void };
type Way = readonly [c: LinuxSshConfig, link: Link, who: Credential];

/** Kept of one way: as many as changes go on at once on one target. */
const MOST = 4;
/** Whoever could not say how it ended may have a connection that hangs. */
const ended = (result: unknown): boolean => typeof result !== "object" || result === null || !("unknown" in result || "not_sent" in result);
const leave = (door: Door): void => { clearTimeout(door.rest); door.client.end(); };
/** Until another's login is through. Rejects as it did, unless it was merely called off; and when the caller's own time is over. */
const within = (other: Promise<unknown>, signal: AbortSignal): Promise<void> => new Promise((resolve, reject) => {
  const off = (): void => reject(new SshFailure("closed", "the login was called off"));
  if (signal.aborted) return off();
  signal.addEventListener("abort", off, { once: true });
  const settle = (then: () => void): void => { signal.removeEventListener("abort", off); then(); };
  other.then(() => settle(resolve), (e: unknown) => settle(() => { if (e instanceof SshFailure && e.kind !== "closed") reject(e); else resolve(); }));
});

export class Doors {
  readonly #salt: Buffer;
  readonly #waits: { readonly rest: number; readonly life: number };
  readonly #free = new Map<string, Door[]>();
  readonly #asking = new Map<string, Promise<Door>>();
  readonly #refused = new Map<string, SshFailure>();

  /** `rest`: how long one is kept for the next call, `life`: how long it is used in all; milliseconds. */
  constructor(random: Random, waits = { rest: LIMIT.doorRest, life: LIMIT.doorLife }) { this.#salt = random.bytes(32); this.#waits = waits; }

  /** Rejects as `login` does, or as `work` does. */
  async through<T>(way: Way, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> {
    const name = this.#named(way), door = this.#take(name) ?? await this.#alone(way, name, signal);
    let whole = false;
    try {
      const result = await work(door.client);
      whole = ended(result);
      return result;
    } finally { if (whole) this.#keep(name, door); else leave(door); }
  }
  /** This login was accepted a moment ago: that it was refused before is forgotten. */
  proven(way: Way): void { this.#refused.delete(this.#named(way)); }

  /** A digest under a salt of ours: no secret is kept, and another password is another way. */
  #named([c, { address, through = "" }, who]: Way): string {
    const digest = (bytes: string | Buffer): Buffer => createHash("sha256").update(this.#salt).update(bytes).digest();
    const by = bySu(c, who) ? c.carrier ?? who : who, words = JSON.stringify([through, address.host, address.port, c.hostKeys, c.su, who.name, by.name]);
    return digest(Buffer.concat([digest(words), digest(revealBytes(who.secret)), digest(revealBytes(by.secret))])).toString("base64");
  }
  #take(name: string): Door | undefined {
    const door = this.#free.get(name)?.pop();
    clearTimeout(door?.rest);
    door?.hold(true);
    return door;
  }
  #keep(name: string, door: Door): void {
    const there = this.#free.get(name) ?? [];
    if (door.over || there.length >= MOST) return leave(door);
    door.hold(false);
    door.rest = setTimeout(() => { this.#forget(name, door); }, this.#waits.rest).unref();
    this.#free.set(name, [...there, door]);
  }
  #forget(name: string, door: Door): void {
    const others = (this.#free.get(name) ?? []).filter((d) => d !== door);
    if (others.length > 0) this.#free.set(name, others); else this.#free.delete(name);
    leave(door);
  }
  async #alone(way: Way, name: string, signal: AbortSignal): Promise<Door> {
    for (let other = this.#asking.get(name); other !== undefined; other = this.#asking.get(name)) await within(other, signal);
    const before = this.#refused.get(name);
    if (before !== undefined) throw before;
    const mine = this.#made(way, name, signal);
    this.#asking.set(name, mine);
    try { return await mine; } catch (error) {
      if (error instanceof SshFailure && error.kind === "auth") this.#remember(name, error);
      throw error;
    } finally { this.#asking.delete(name); }
  }
  #remember(name: string, error: SshFailure): void {
    this.#refused.set(name, error);
    setTimeout(() => { if (this.#refused.get(name) === error) this.#refused.delete(name); }, this.#waits.rest).unref();
  }
  async #made(way: Way, name: string, signal: AbortSignal): Promise<Door> {
    let socket: Held = {};
    const [c, link, who] = way, client = await login(c, { ...link, connect: async (s) => { const stream = await link.connect(s); socket = stream as Held; return stream; } }, who, signal);
    const door: Door = { client, hold: (on) => { if (on) socket.ref?.(); else socket.unref?.(); }, over: false };
    const age = setTimeout(() => { door.over = true; if (this.#free.get(name)?.includes(door)) this.#forget(name, door); }, this.#waits.life).unref();
    client.once("close", () => { clearTimeout(age); door.over = true; this.#forget(name, door); });
    return door;
  }
}
