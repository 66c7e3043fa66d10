/** The account as its target sees it. Rule: only the judge may read `password`; everybody else logs in, changes or compares. */
import type { ChangeOutcome } from "../../src/domain/rotation-absorb.ts";
import { T, type World } from "./world.ts";

type Candidate = { readonly password: string; readonly bad: boolean };
export type LoginAnswer = "yes" | "no" | { unknown: string; reached: boolean };

export class Target {
  password: string;
  lockedUntil = 0;
  /** Changes that hang somewhere between us and the target. */
  pending: { at: number; password: string }[] = [];
  #refusals: number[] = [];
  #w: World;
  constructor(w: World, password: string) { this.#w = w; this.password = password; }

  /** Lets everything due by now land. */
  land(): void {
    if (this.pending.length === 0) return;
    const due = this.pending.filter((p) => p.at <= this.#w.now).sort((a, b) => a.at - b.at);
    if (due.length === 0) return;
    this.pending = this.pending.filter((p) => p.at > this.#w.now);
    for (const p of due) { this.password = p.password; this.#w.judge.landed(); this.#w.judge.look(); }
  }

  /** By whatever stands on the machine itself. */
  set(password: string): void { this.password = password; this.#w.judge.look(); }

  #refused(): void {
    const w = this.#w;
    if (w.now < this.lockedUntil) return;
    this.#refusals = [...this.#refusals.filter((t) => w.now - t < T.probeWindow), w.now];
    if (this.#refusals.length > 2) w.count.overBudget++;
    if (this.#refusals.length >= 3) { w.count.lockouts++; this.lockedUntil = w.now + 600_000; this.#refusals = []; }
  }
  #accepted(): void { if (this.#w.platform.resets) this.#refusals = []; }

  login(password: string): LoginAnswer {
    const w = this.#w;
    w.count.logins++;
    if (w.agent !== null) return w.agent.login(password);
    if (w.chance(0.1, "no_route")) { w.count.unknownProbes++; return { unknown: "no route", reached: false }; }
    const locked = w.now < this.lockedUntil;
    const ok = !locked && password === this.password;
    if (ok) this.#accepted(); else this.#refused();
    if (w.chance(0.05, "answer_lost")) { w.count.unknownProbes++; return { unknown: "reply lost", reached: true }; }
    if (locked) return { unknown: "account is locked", reached: true };
    if (ok) w.judge.proven(password);
    return ok ? "yes" : "no";
  }

  /** Index of the given password that matches the target's own hash. */
  compare(passwords: readonly string[]): number | "none" | { unknown: string } {
    if (this.#w.chance(0.1, "unreadable")) { this.#w.count.unknownProbes++; return { unknown: "the hash is unreadable" }; }
    const match = passwords.indexOf(this.password);
    if (match >= 0) this.#w.judge.proven(this.password);
    return match >= 0 ? match : "none";
  }

  change(as: "self" | "helper", from: string | null, to: Candidate): ChangeOutcome {
    const w = this.#w;
    if (w.chance(0.06, "unreachable")) return { not_sent: "unreachable", why: "no route", reached: false };
    if (as === "helper" && w.chance(0.02, "admin_refused")) return { not_sent: "auth_of_as", why: "the administrator's password was changed" };
    if (as === "self") {
      const ok = w.now >= this.lockedUntil && from === this.password;
      if (ok) this.#accepted(); else this.#refused();
      if (w.chance(0.03, "login_unanswered")) return { not_sent: "unreachable", why: "login reply lost" };
      if (!ok) return { not_sent: "auth_of_as", why: "login refused" };
    }
    if (w.chance(0.08, "request_lost")) { w.count.lostRequests++; return { unknown: "request lost" }; }
    if (to.bad) { w.count.policy++; return { refused: "BAD PASSWORD" }; }
    if (w.chance(0.06, "late")) return this.#hang(to.password);
    this.password = to.password;
    w.judge.look();
    if (w.chance(0.1, "ack_lost")) { w.count.lostAcks++; return { unknown: "ack lost" }; }
    return "done";
  }

  /** Lands later, sometimes much later; a directory may even say "done" first. */
  #hang(password: string): ChangeOutcome {
    const w = this.#w;
    w.count.late++;
    const delay = w.roll() < 0.2 ? w.between(600_000, 40_000_000) : w.between(1_000, 400_000);
    this.pending.push({ at: w.now + delay, password });
    return w.roll() < 0.2 ? "done" : { unknown: "hangs" };
  }
}
