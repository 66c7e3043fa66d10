/**
 * Waiting for a request, with a line that counts. Rule: every change is a line that stays, the rest is one line in place; Ctrl-C asks what is to
 * become of the request, and whoever just goes away leaves it standing.
 */
import { Fault } from "../../src/kernel/fault.ts";
import { sayClock, sayMinutes } from "../../src/kernel/minutes.ts";
import type { Progress } from "../channel.ts";
import type { Deps } from "../deps.ts";
import type { Speak } from "./door.ts";
import { INTERRUPTED, Left, REFUSED } from "./left.ts";
import type { Terminal } from "./terminal.ts";

const place = (n: number | null): string => (n === null ? "" : n <= 1 ? "You are next. " : `You are number ${n} in the queue. `);
/** What is waited for now. `left`: of the holder's time, in milliseconds. */
export const waitingLine = (p: Progress, left: number): string => {
  if (p.state === "pending") {
    const who = p.approvers.length === 0 ? "somebody who may approve: nobody is seated" : `${p.need > 1 ? `${p.need} of` : "one of"}: ${p.approvers.join(", ")}`;
    const votes = p.need > 1 || p.have > 0 ? ` - ${p.have} of ${p.need} approved` : "";
    return `Waiting for ${who}${votes}${p.confirming ? " - a change of yours must be confirmed first" : ""}`;
  }
  if (p.holder !== null) return `${place(p.place)}${p.account} is held by ${p.holder.by} for ${sayClock(left)} more`;
  return `${place(p.place)}${p.sentence === "" ? `Waiting for ${p.account}` : p.sentence}`;
};

/** Lines that stay, for what is new since `before`. */
export const newsOf = (p: Progress, before: Progress | undefined): string[] => {
  const known = before?.approvedBy ?? [], fresh = p.approvedBy.filter((name) => !known.includes(name)), out: string[] = [];
  if (fresh.length > 0) out.push(`Approved by ${fresh.join(", ")} (${p.have} of ${p.need}).`);
  if (before?.state === "pending" && p.state !== "pending"
    && p.state !== "over") out.push(`You have ${p.account} for ${sayMinutes(p.minutes)} from the first use.`);
  return out;
};

type Told = { readonly progress: Progress } | { readonly failed: unknown } | { readonly key: "interrupt" | "gone" };

export type Wanted = { readonly term: Terminal; readonly request: string; readonly speak: Speak; readonly deps: Deps };

/** One request, from its asking to its session: what has been told once is not told again. */
export class Waiting {
  readonly #w: Wanted;
  readonly #since: number;
  #last: Progress | undefined;
  #lastAt = 0;
  #answer: Promise<Told> | undefined;
  #refusal = "";
  constructor(wanted: Wanted) {
    this.#w = wanted;
    this.#since = wanted.deps.clock.mono();
  }

  #show(): void {
    const now = this.#w.deps.clock.mono(), p = this.#last, waited = sayClock(now - this.#since);
    const line = p === undefined ? "Waiting" : p.state === "go" ? this.#refusal : waitingLine(p, (p.holder?.leftMs ?? 0) - (now - this.#lastAt));
    this.#w.term.status(`[${waited}] ${line}`);
  }

  #ask(seen: string): Promise<Told> {
    return this.#w.speak("wait", { request: this.#w.request, seen }).then((progress) => ({ progress }), (failed: unknown) => ({ failed }));
  }

  /** A session was tried, and this was the answer: shown while it is waited out. */
  refused(sentence: string): void { this.#refusal = sentence; }

  /** Resolves when a session may be tried (again); throws when it comes to nothing or the person leaves. */
  async go(): Promise<void> {
    for (;;) {
      this.#answer ??= this.#ask(this.#last?.tag ?? "");
      const told = await this.#next(this.#answer);
      if ("key" in told) { await this.#leave(told.key); continue; }
      this.#answer = undefined;
      if ("failed" in told) throw this.#lost(told.failed);
      const { progress } = told;
      for (const line of newsOf(progress, this.#last)) this.#w.term.say(line);
      this.#last = progress;
      this.#lastAt = this.#w.deps.clock.mono();
      if (progress.state === "over") { this.#w.term.say(progress.sentence); throw new Left(REFUSED); }
      if (progress.state === "go") return;
    }
  }

  /** The answer, or a key that means something; the line counts meanwhile. */
  async #next(answer: Promise<Told>): Promise<Told> {
    let stop: () => void = () => undefined;
    const key = new Promise<Told>((resolve) => {
      stop = this.#w.term.keys((k) => { if (k.kind === "interrupt") resolve({ key: "interrupt" }); }, () => resolve({ key: "gone" }));
    });
    this.#show();
    const tick = setInterval(() => this.#show(), this.#w.deps.waits.tick);
    try { return await Promise.race([answer, key]); } finally { clearInterval(tick); stop(); }
  }

  /** Returns when the person waits on; else throws. */
  async #leave(how: "interrupt" | "gone"): Promise<void> {
    if (how === "gone") throw new Left(INTERRUPTED);
    this.#w.term.drop();
    const answer = await this.#w.term.ask("Cancel the request (c), leave it standing (l), or wait on (w)?", 10),
      word = "text" in answer ? answer.text.toLowerCase() : "l";
    if (word.startsWith("w") || word === "") return;
    if (word.startsWith("c")) {
      await this.#w.speak("cancel", { request: this.#w.request });
      this.#w.term.say("Cancelled.");
    } else this.#w.term.say(`Your request stands: ${this.#last?.link ?? this.#w.request}. Connect again when it is approved.`);
    throw new Left(INTERRUPTED);
  }

  /** The broker cannot be asked: the request is not lost with the line. */
  #lost(error: unknown): unknown {
    if (!(error instanceof Fault) || error.code !== "unavailable") return error;
    return new Fault("unavailable", `${error.message} Your request stands.`, { cause: error });
  }
}
