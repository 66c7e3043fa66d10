/**
 * People who have logged in by SSH and have no session yet. Rule: a login belongs to the session process that made it and to one session;
 * until then it may look, ask and wait, and each step asks again who this is today.
 */
import type { Clock, Random } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { newId } from "../kernel/ids.ts";
import type { Times } from "../kernel/times.ts";
import type { Person } from "../domain/person.ts";
import type { Caller } from "../flow/record.ts";
import type { Shown } from "../flow/ticket.ts";
import type { IdentityDeps } from "../identity/deps.ts";
import { personOf } from "../identity/login.ts";

/** `told`: the refusal that was written down last. */
type Login = {
  readonly person: Person; readonly address: string; readonly means: Caller["means"]; readonly last: number;
  /** null: made by the portal for whichever session process is to carry it. */
  readonly worker: string | null;
  /** A browser's: what it is admitted with, once. */
  readonly shown?: Shown;
  until: number; deciding: boolean; told: string; spent: boolean;
};
/** A browser the portal let in and a session process will ask about. */
export type Arrival = Pick<Login, "person" | "address" | "means"> & { readonly shown: Shown };
type Needs = { readonly clock: Clock; readonly random: Random; readonly times: Times };
export type Bearer = { readonly login: string; readonly worker: string };

const OLD = "This login is too old. Connect again.";

export class SshLogins {
  readonly #open = new Map<string, Login>();
  readonly #needs: Needs;
  readonly #identity: Pick<IdentityDeps, "db">;
  constructor(needs: Needs, identity: Pick<IdentityDeps, "db">) { this.#needs = needs; this.#identity = identity; }

  /** A login is kept, idle or not, for as long as its connection may be there: what that is refused has an author. */
  add(person: Person, address: string, worker: string): string { return this.#keep({ person, address, worker, means: "ssh" }); }
  /** Its one-time word. */
  arrive(arrival: Arrival): string { return this.#keep({ ...arrival, worker: null }); }

  #keep(who: Pick<Login, "person" | "address" | "worker" | "means" | "shown">): string {
    const { clock, random, times } = this.#needs, now = clock.mono(), id = newId("token", random);
    for (const [old, l] of this.#open) if (l.last < now) this.#open.delete(old);
    this.#open.set(id, { ...who, last: now + times.loginAbsolute, until: now + times.loginIdle, deciding: false, told: "", spent: false });
    return id;
  }

  #find({ login, worker }: Bearer): Login {
    const l = this.#open.get(login), now = this.#needs.clock.mono();
    if (!l || l.spent || (l.worker ?? worker) !== worker || l.until < now) throw new Fault("unauthenticated", OLD);
    l.until = Math.min(l.last, now + this.#needs.times.loginIdle);
    return l;
  }

  /** Who it is today: roles, groups and disabling count from this moment. */
  async caller(by: Bearer): Promise<Caller> {
    const { person, address, means } = this.#find(by);
    return { person: await this.#today(person.id), address, means };
  }
  async #today(person: Person["id"]): Promise<Person> {
    try { return await personOf(this.#identity, person); } catch (cause) {
      if (!(cause instanceof Fault)) throw cause;
      throw new Fault("unauthenticated", "Your login has ended: this person is disabled.", { cause });
    }
  }

  /** Who was refused this; null when the very same was written down just before, as when a terminal tries again. */
  refused({ login, worker }: Bearer, what: string): Caller | null {
    const l = this.#open.get(login);
    if (!l || (l.worker ?? worker) !== worker) throw new Fault("not_found", "no such login");
    if (l.told === what) return null;
    l.told = what;
    return { person: l.person, address: l.address, means: l.means };
  }

  /** One session per login: nobody else spends it while `work` decides, and it stays when that refuses. */
  async spend<T extends { readonly ok: boolean }>(by: Bearer, work: (caller: Caller, shown: Shown | undefined) => Promise<T>): Promise<T> {
    const login = this.#find(by);
    if (login.deciding) throw new Fault("conflict", "This login is opening a session already.");
    login.deciding = true;
    // A browser's word is good for one try.
    login.spent = login.shown !== undefined;
    try {
      const done = await work({ person: await this.#today(login.person.id), address: login.address, means: login.means }, login.shown);
      if (done.ok) this.#open.delete(by.login);
      return done;
    } finally { login.deciding = false; }
  }

  /** A browser's word, spent at once. */
  async take(login: string): Promise<{ readonly caller: Caller; readonly shown: Shown }> {
    const { person, address, means, shown } = this.#find({ login, worker: "" });
    if (shown === undefined) throw new Fault("unauthenticated", OLD);
    this.#open.delete(login);
    return { caller: { person: await this.#today(person.id), address, means }, shown };
  }
}
