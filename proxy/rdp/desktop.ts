/**
 * One desktop in a browser: a session like any other, whose target's side is guacd. Rules: guacd hears `disconnect` first, so that the target's login is
 * over within a second; a page that leaves, by its button or without a word, ends the session.
 */
import { rm } from "node:fs";
import { toFault } from "../../src/kernel/fault.ts";
import type { Deps } from "../deps.ts";
import { words } from "../log.ts";
import type { Leg } from "../session.ts";
import { operationOf } from "./carriage.ts";
import type { Guacd } from "./guac.ts";
import { dialDesktop, driveOf } from "./inject.ts";
import type { DesktopLine } from "./line.ts";
import type { Screen, ToPage } from "./messages.ts";
import { DesktopStream } from "./stream.ts";
import type { Admitted, Way } from "./upstream.ts";
import { admitDesktop, whyNoDesktop } from "./upstream.ts";

const GUACD_GONE = { absent: "The broker's guacd does not answer. Tell whoever runs the broker.", closed: "The remote desktop service ended the connection.", broken: "The remote desktop service broke its own protocol." } as const;
const REFUSED: Readonly<Record<string, string>> = {
  paste: "Pasting into this session is not part of your access.", copy: "Copying out of this session is not part of your access.",
  upload: "Carrying files into this session is not part of your access.", download: "Carrying files out of this session is not part of your access.",
};

export class Desktop implements Leg {
  readonly #deps: Deps;
  readonly #line: DesktopLine;
  readonly #screen: Screen;
  #admitted: Admitted | undefined;
  #guacd: Guacd | undefined;
  #stream: DesktopStream | undefined;
  #beat: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #sentence = "This session has ended.";
  #drawn = false;
  #over = false;

  constructor(deps: Deps, way: Way, line: DesktopLine, screen: Screen) {
    this.#deps = deps;
    this.#line = line;
    this.#screen = screen;
    void this.#open(way);
    line.hear({ said: (all) => this.#stream?.fromPage(all), drained: () => this.#stream?.drained(), lost: () => this.#lost() });
  }

  async #open(way: Way): Promise<void> {
    try {
      const admitted = this.#admitted = await admitDesktop(way, this, this.#deps);
      if (admitted.session.ended) return;
      if (this.#line.closed) return void admitted.session.end({ why: "client_closed" });
      this.#begin(admitted);
    } catch (error) {
      const fault = toFault(error);
      if (fault.code === "internal") this.#deps.log("error", "a desktop failed", { error: words(fault.cause ?? fault) });
      this.say(fault.message);
      this.close();
      await this.#admitted?.session.end({ why: "error", cause: "internal", detail: words(error), sentence: fault.message });
    }
  }

  #begin(admitted: Admitted): void {
    const { session, desktop } = admitted, { terms } = session.grant, tape = session.tape("desktop", false), { width, height, layout } = this.#screen;
    const stream = this.#stream = new DesktopStream({
      rules: terms, tape, refused: (what) => this.#refused(what), drawn: () => { this.#drawn = true; clearTimeout(this.#silence); },
      carried: (told) => { tape.event(operationOf(told)); session.event({ kind: "carried", channel: 1, ...told }); },
      failed: (code, said) => void this.#failed(code, said), left: () => void session.end({ why: "target_closed", sentence: "The desktop was logged off." }), goodbye: () => void session.end({ why: "client_closed" }),
    });
    tape.opened({ kind: "desktop", width, height, layout });
    session.event({ kind: "channel_opened", channel: 1, type: "desktop" });
    const guacd = this.#guacd = dialDesktop(session.grant, desktop, { ...admitted, screen: this.#screen }, this.#deps, {
      instruction: (text) => { if (!this.#over) stream.fromGuacd(text); }, drained: () => stream.taken(), gone: (how) => void this.#gone(how),
    });
    session.own({ say: () => undefined, close: () => guacd.leave(this.#deps.waits.farewell) });
    stream.join(this.#line, guacd);
    this.#hello();
    stream.size(width, height);
    this.#beat = setInterval(() => this.#pulse(), this.#deps.waits.heartbeat);
    this.#silence = setTimeout(() => void this.#failed(514, "guacd drew nothing in time"), this.#deps.waits.dial * 3);
    this.#deps.uplink.ask("opened", { session: session.id }).catch((error: unknown) =>
      session.end({ why: "error", cause: "internal", detail: words(error), sentence: "The session could not be written down, so it was closed." }));
  }

  #hello(): void {
    const { session } = this.#admitted!, { clipboardIn, clipboardOut, filesIn, filesOut, recordInput } = session.grant.terms;
    this.#tell({ type: "hello", session: session.id, remainingMs: Math.round(session.remainingMs), beatMs: this.#deps.waits.heartbeat, clipboardIn, clipboardOut, filesIn, filesOut, recordInput });
  }
  #tell(message: ToPage): void { this.#line.tell(message); }
  #pulse(): void {
    this.#stream?.patient();
    if (this.#line.beat()) this.#tell({ type: "left", remainingMs: Math.round(this.#admitted!.session.remainingMs) });
  }
  #refused(what: string): void {
    this.#admitted?.session.refuse(what);
    this.#tell({ type: "say", text: REFUSED[what] ?? `${what} is not part of your access.` });
  }

  async #failed(code: number, said: string): Promise<void> {
    const { session } = this.#admitted!, detail = `guacd: ${said} (${code})`;
    if (this.#drawn) return await session.end({ why: "target_closed", detail, sentence: `${session.grant.target} ended the desktop${said === "" ? "" : `: ${said}`}.` });
    const ending = await whyNoDesktop(this.#admitted!, code, said, this.#deps);
    if (!session.ended) this.#deps.log("warn", "a desktop could not be opened", { session: session.id, error: ending.detail ?? "" });
    await session.end(ending);
  }
  async #gone(how: keyof typeof GUACD_GONE): Promise<void> {
    const { session } = this.#admitted!;
    if (!session.ended && how === "closed" && !this.#drawn) return await this.#failed(512, "");
    await session.end({ why: "error", cause: "internal", detail: `guacd ${how}`, sentence: GUACD_GONE[how] });
  }
  #lost(): void {
    if (!this.#over) void this.#admitted?.session.end({ why: "client_closed" });
  }

  /** What was carried is nobody's any more. */
  #clear(): void {
    const admitted = this.#admitted;
    if (admitted === undefined || (!admitted.session.grant.terms.filesIn && !admitted.session.grant.terms.filesOut)) return;
    const drive = driveOf(admitted.guacd.home, admitted.session.id);
    setTimeout(() => rm(drive, { recursive: true, force: true }, (error) => {
      if (error !== null) this.#deps.log("warn", "a desktop's drive could not be removed", { session: admitted.session.id, error: words(error) });
    }), this.#deps.waits.force * 2);
  }

  left(remainingMs: number): void { this.#tell({ type: "left", remainingMs }); }
  say(sentence: string): void { this.#sentence = sentence; }
  close(): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#beat);
    clearTimeout(this.#silence);
    this.#clear();
    this.#tell({ type: "ended", sentence: this.#sentence });
    this.#line.close();
    setTimeout(() => this.#line.drop(), this.#deps.waits.handshake).unref();
  }
}
