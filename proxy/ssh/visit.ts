/**
 * One person's connection after the login. Rule: one session is admitted per connection; its channels share it, and all end with it.
 */
import { refusal } from "../../src/domain/channels.ts";
import type { ChannelKind, Wish } from "../../src/domain/channels.ts";
import { Fault } from "../../src/kernel/fault.ts";
import type { Connection } from "../../src/wires/ssh.ts";
import { farewell, refuseOpen, sessionClosed } from "../../src/wires/ssh.ts";
import type { Deps } from "../deps.ts";
import { MAX_CHANNELS } from "../limits.ts";
import { words } from "../log.ts";
import type { Leg } from "../session.ts";
import type { Visit } from "./channels.ts";
import { serveChannel } from "./channels.ts";
import { Forwards } from "./forwards.ts";
import type { Destination } from "./grammar.ts";
import { NO_MENU } from "./grammar.ts";
import { Refusals } from "./refusals.ts";
import type { Live } from "./upstream.ts";
import { openUpstream } from "./upstream.ts";
import type { UserChannel } from "./user-channel.ts";

export type Who = { readonly login: string; readonly destination: Destination };

/** Sentences kept for a person who has no channel yet. */
const NOTES = 5;
const FULL = `lockstep: More than ${MAX_CHANNELS} channels at a time.`;
const UNUSED = "lockstep: Nothing was asked for in this connection (-N opens no session by itself), so it was closed.";

export class PersonVisit implements Leg, Visit {
  readonly #connection: Connection;
  readonly #who: Who;
  readonly #deps: Deps;
  readonly #channels = new Set<UserChannel>();
  /** Session channels from accept to close, whether or not a program was begun in them. */
  #sessions = 0;
  #live: Promise<Live> | undefined;
  #settled: Live | undefined;
  #gone = false;
  readonly #refusals: Refusals;
  readonly #notes: string[] = [];
  readonly #forbidden = new Map<ChannelKind, Fault>();
  readonly #unused: NodeJS.Timeout;
  readonly forwards: Forwards;

  constructor(connection: Connection, who: Who, deps: Deps) {
    this.#connection = connection;
    this.#who = who;
    this.#deps = deps;
    this.to = who.destination.to;
    this.#refusals = new Refusals({ login: who.login, to: () => this.to }, deps);
    connection.on("session", (accept, reject) => {
      if (this.#gone) return void reject();
      if (this.#sessions >= MAX_CHANNELS) return refuseOpen(connection, reject, FULL);
      this.#sessions += 1;
      const session = accept();
      sessionClosed(connection, session, () => { this.#sessions -= 1; });
      serveChannel(this, session);
    });
    this.forwards = new Forwards(connection, this);
    this.#unused = setInterval(() => { if (this.#channels.size === 0 && this.#live === undefined) farewell(connection, UNUSED); }, deps.waits.unused);
    connection.on("close", () => { this.#gone = true; clearInterval(this.#unused); void this.#end(); });
  }

  get deps(): Deps { return this.#deps; }
  get login(): string { return this.#who.login; }
  /** Where this connection leads: named in the login, or chosen in the menu. */
  to: Destination["to"];

  add(channel: UserChannel): void {
    this.#channels.add(channel);
    for (const note of this.#notes.splice(0)) channel.say(note);
    channel.channel.on("close", () => this.#channels.delete(channel));
  }

  /** Something that is not given: an event of the session, or kept until there is one. */
  refuse(what: string): void {
    if (this.#settled !== undefined) this.#settled.session.refuse(what);
    else this.#refusals.add(what);
    this.#deps.log("info", "refused to a person", { what });
  }

  /** Refused by policy: an event of the session; where there is none the broker has refused, and has written it down itself. */
  denied(kind: ChannelKind): void { this.#settled?.session.refuse(kind); }

  /** For the person, on whatever channel there is or will be. */
  note(sentence: string): void {
    if (this.#channels.size > 0) this.say(sentence);
    else if (this.#notes.length < NOTES) this.#notes.push(sentence);
  }

  /** The session of this connection, admitted by the first channel that asks. Rejects with a Fault for the person. */
  async live(wish: Wish): Promise<Live> {
    const { to } = this;
    if (to === undefined) { this.refuse(`${wish.kind} without an account`); throw new Fault("invalid", NO_MENU); }
    this.#settled = await this.#admitted(wish.kind, to);
    const { session } = this.#settled;
    for (const what of this.#refusals.take()) session.refuse(what);
    if (this.#gone) { await this.#end(); throw new Fault("unavailable", "the client left"); }
    if (session.ended) throw new Fault("unavailable", "This session has ended.");
    const no = refusal(session.grant.terms, wish);
    if (no !== null) throw new Fault("forbidden", no);
    return this.#settled;
  }

  /** One admission at a time. What another channel was refused by policy says nothing about this one, so it asks again for itself; each kind once. */
  async #admitted(channel: ChannelKind, to: { readonly account: string; readonly target: string }): Promise<Live> {
    for (;;) {
      const no = this.#forbidden.get(channel);
      if (no !== undefined && this.#live === undefined) throw no;
      const mine = this.#live === undefined, live = this.#live ??= openUpstream({ login: this.#who.login, ...to, channel }, this, this.#deps);
      try { return await live; } catch (error) {
        if (this.#live === live) this.#live = undefined;
        if (!(error instanceof Fault) || error.code !== "forbidden") throw error;
        if (mine) { this.#forbidden.set(channel, error); throw error; }
      }
    }
  }

  async #end(): Promise<void> {
    if (this.#live === undefined) this.#refusals.tell();
    try { await (await this.#live)?.session.end({ why: "client_closed" }); } catch (error) { this.#deps.log("debug", "the client left early", { error: words(error) }); }
  }

  say(sentence: string): void { for (const channel of this.#channels) channel.say(sentence); }

  /** The client is given a moment to leave by itself, which spares it an error message. */
  close(): void {
    for (const channel of this.#channels) channel.close();
    setTimeout(() => {
      for (const channel of this.#channels) channel.drop();
      this.#connection.end();
    }, this.#deps.waits.farewell);
    setTimeout(() => (this.#connection as unknown as { _sock?: { destroy(): void } })._sock?.destroy(), this.#deps.waits.force);
  }
}
