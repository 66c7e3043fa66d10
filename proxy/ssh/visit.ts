/**
 * One person's connection after the login. Rule: one session is admitted per connection; its channels share it, and all end with it.
 */
import { Fault } from "../../src/kernel/fault.ts";
import type { Connection } from "../../src/wires/ssh.ts";
import type { ChannelKind } from "../channel.ts";
import type { Deps } from "../deps.ts";
import { MAX_CHANNELS } from "../limits.ts";
import { words } from "../log.ts";
import type { Leg } from "../session.ts";
import type { Visit } from "./channels.ts";
import { serveChannel } from "./channels.ts";
import type { Destination } from "./grammar.ts";
import { NO_MENU } from "./grammar.ts";
import { Refusals } from "./refusals.ts";
import type { Live } from "./upstream.ts";
import { openUpstream } from "./upstream.ts";
import type { UserChannel } from "./user-channel.ts";

export type Who = { readonly login: string; readonly destination: Destination };

export class PersonVisit implements Leg, Visit {
  readonly #connection: Connection;
  readonly #who: Who;
  readonly #deps: Deps;
  readonly #channels = new Set<UserChannel>();
  #live: Promise<Live> | undefined;
  #settled: Live | undefined;
  #gone = false;
  readonly #refusals: Refusals;

  constructor(connection: Connection, who: Who, deps: Deps) {
    this.#connection = connection;
    this.#who = who;
    this.#deps = deps;
    this.to = who.destination.to;
    this.#refusals = new Refusals({ login: who.login, to: () => this.to }, deps);
    connection.on("session", (accept, reject) => {
      if (this.#gone || this.#channels.size >= MAX_CHANNELS) return void reject();
      serveChannel(this, accept());
    });
    connection.on("tcpip", (_accept, reject) => { this.refuse("direct-tcpip"); reject(); });
    connection.on("openssh.streamlocal", (_accept, reject) => { this.refuse("streamlocal"); reject(); });
    connection.on("request", (_accept, reject, name: string) => { this.refuse(name); reject?.(); });
    connection.on("close", () => { this.#gone = true; void this.#end(); });
  }

  get deps(): Deps { return this.#deps; }
  get login(): string { return this.#who.login; }
  /** Where this connection leads: named in the login, or chosen in the menu. */
  to: Destination["to"];

  add(channel: UserChannel): void {
    this.#channels.add(channel);
    channel.channel.on("close", () => this.#channels.delete(channel));
  }

  /** Something that is not given: an event of the session, or kept until there is one. */
  refuse(what: string): void {
    if (this.#settled !== undefined) this.#settled.session.refuse(what);
    else this.#refusals.add(what);
    this.#deps.log("info", "refused to a person", { what });
  }

  /** The session of this connection, admitted by the first channel that asks. Rejects with a Fault for the person. */
  async live(channel: ChannelKind): Promise<Live> {
    const { to } = this;
    if (to === undefined) { this.refuse(`${channel} without an account`); throw new Fault("invalid", NO_MENU); }
    const first = this.#live === undefined;
    this.#live ??= openUpstream({ login: this.#who.login, ...to, channel }, this, this.#deps);
    try { this.#settled = await this.#live; } catch (error) { this.#live = undefined; throw error; }
    const { session } = this.#settled;
    for (const what of this.#refusals.take()) session.refuse(what);
    if (this.#gone) { await this.#end(); throw new Fault("unavailable", "the client left"); }
    if (session.ended) throw new Fault("unavailable", "This session has ended.");
    if (!first && !session.grant.terms.channels.includes(channel)) { session.refuse(channel); throw new Fault("forbidden", `Your access does not include ${channel}.`); }
    return this.#settled;
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
