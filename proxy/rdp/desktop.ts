/**
 * One desktop in a browser: a session like any other, whose target's side is guacd. Rules: guacd hears `disconnect` first, so that the target's login is
 * over within a second; a lost connection takes the page alone: one page at a time, the newest; nobody back within the grace time ends the session.
 */
import { toFault } from "../../src/kernel/fault.ts";
import type { Deps } from "../deps.ts";
import { words } from "../log.ts";
import type { Tape } from "../recorder.ts";
import type { Leg } from "../session.ts";
import { BROKE_RULES, LEFT, TAKEN_OVER } from "../web-terminal/messages.ts";
import { NOT_BACK } from "../web-terminal/terminal.ts";
import { operationOf } from "./carriage.ts";
import type { Rules } from "./customs.ts";
import { clearDrive, driveOf } from "./drive.ts";
import type { Guacd } from "./guac.ts";
import { dialDesktop, joinDesktop } from "./inject.ts";
import { instruction } from "./instructions.ts";
import type { DesktopLine } from "./line.ts";
import type { Screen, ToPage } from "./messages.ts";
import type { Looking } from "./onlookers.ts";
import { DesktopStream } from "./stream.ts";
import type { Admitted, Way } from "./upstream.ts";
import { admitDesktop, anew, whyNoDesktop } from "./upstream.ts";

const GUACD_GONE = { absent: "The broker's guacd does not answer. Tell whoever runs the broker.", closed: "The remote desktop service ended the connection.", broken: "The remote desktop service broke its own protocol." } as const;
const REFUSED: Readonly<Record<string, string>> = {
  paste: "Pasting into this session is not part of your access.", copy: "Copying out of this session is not part of your access.",
  upload: "Carrying files into this session is not part of your access.", download: "Carrying files out of this session is not part of your access.",
};

/** How often guacd is asked, and how many times `drawing` its offer is waited for. */
const TRIES = 3, TURNS = 20;
const NO_DRIVE = "The folder for files did not come up. Close this session and open it again to carry files.";

/** Closing code for a page or a watcher that may try again in a moment. */
const BUSY = 4008;

/** As far as what is spoken carries it: VNC has no files. */
const rulesOf = ({ session: { grant: { terms } }, desktop }: Admitted): Rules =>
  desktop.kind === "vnc" ? { ...terms, filesIn: false, filesOut: false } : terms;

export class Desktop implements Leg {
  readonly #deps: Deps;
  readonly #known: Map<string, Desktop>;
  readonly #screen: Screen;
  #line: DesktopLine | undefined;
  #admitted: Admitted | undefined;
  #guacd: Guacd | undefined;
  #stream: DesktopStream | undefined;
  #tape: Tape | undefined;
  #beat: NodeJS.Timeout | undefined;
  #alive: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #sentence = "This session has ended.";
  #drawn = false;
  #over = false;

  /** `known`: the desktops of this process by session, for those who come back or look on. */
  constructor(deps: Deps, way: Way, known: Map<string, Desktop>, line: DesktopLine, screen: Screen) {
    this.#deps = deps;
    this.#known = known;
    this.#screen = screen;
    void this.#open(way, line);
    this.#take(line);
  }
  #take(line: DesktopLine): void {
    this.#line = line;
    const mine = (): boolean => this.#line === line;
    line.hear({
      said: (all) => (mine() ? this.#stream?.fromPage(all) : undefined), drained: () => { if (mine()) this.#stream?.drained(); },
      lost: (code) => { if (mine()) this.#lost(code); },
    });
  }

  async #open(way: Way, line: DesktopLine): Promise<void> {
    try {
      const admitted = this.#admitted = await admitDesktop(way, this, this.#deps);
      if (admitted.session.ended) return;
      if (line.closed) return void admitted.session.end({ why: "client_closed" });
      this.#begin(admitted, line);
    } catch (error) { await this.#broke(error); }
  }
  async #broke(error: unknown): Promise<void> {
    const fault = toFault(error);
    if (fault.code === "internal") this.#deps.log("error", "a desktop failed", { error: words(fault.cause ?? fault) });
    this.say(fault.message);
    this.close();
    await this.#admitted?.session.end({ why: "error", cause: "internal", detail: words(error), sentence: fault.message });
  }

  #begin(admitted: Admitted, line: DesktopLine): void {
    const { session } = admitted, { waits } = this.#deps, { width, height, layout } = this.#screen;
    const tape = session.tape("desktop", false);
    this.#tape = tape;
    const stream = this.#stream = new DesktopStream({
      rules: rulesOf(admitted), tape, refused: (what) => this.#refused(what), drawn: () => { this.#drawn = true; clearTimeout(this.#silence); },
      carried: (told) => { tape.event(operationOf(told)); session.event({ kind: "carried", channel: 1, ...told }); },
      failed: (code, said) => void this.#failed(code, said), left: () => void session.end({ why: "target_closed", sentence: "The desktop was logged off." }), goodbye: () => void session.end({ why: "client_closed" }),
      join: (id, heard) => joinDesktop(admitted.guacd, id, heard, this.#deps),
      farewell: waits.farewell, patience: waits.dial, pause: waits.farewell * 4, drawing: waits.drawing,
    });
    this.#known.set(session.id, this);
    tape.opened({ kind: "desktop", width, height, layout });
    session.event({ kind: "channel_opened", channel: 1, type: "desktop" });
    this.#dial(admitted, stream, TRIES);
    stream.join(line);
    this.#hello(line, false);
    stream.size(width, height);
    this.#beat = setInterval(() => this.#pulse(), waits.heartbeat);
    this.#alive = setInterval(() => { stream.alive(); stream.patient(); }, waits.alive);
    this.#silence = setTimeout(() => void this.#failed(514, "guacd drew nothing in time"), waits.dial * 3);
    this.#deps.uplink.ask("opened", { session: session.id }).catch((error: unknown) =>
      session.end({ why: "error", cause: "internal", detail: words(error), sentence: "The session could not be written down, so it was closed." }));
  }

  #dial(admitted: Admitted, stream: DesktopStream, tries: number): void {
    const mine = (): boolean => this.#guacd === guacd, { waits } = this.#deps, { session, gate } = admitted;
    const guacd: Guacd = this.#guacd = dialDesktop(session.grant, admitted.desktop, { ...admitted, screen: this.#screen }, this.#deps, {
      instruction: (text) => { if (!this.#over && mine()) stream.fromGuacd(text); }, drained: () => { if (mine()) stream.taken(); }, gone: (how) => { if (mine()) void this.#gone(how); },
    });
    session.own({ say: () => undefined, close: () => guacd.leave(waits.farewell) });
    stream.reach(guacd);
    gate.ask(() => this.#fit(admitted, stream, tries));
  }
  /**
   * guacd offers its drive to the owner of a connection, races with itself for who that is, and may have offered it to nobody: then nobody ever has
   * it. It offers before it dials, so that it is asked afresh before the target hears a byte.
   */
  async #fit(admitted: Admitted, stream: DesktopStream, tries: number): Promise<boolean> {
    const { filesIn, filesOut } = rulesOf(admitted), { waits } = this.#deps;
    for (let turn = 0; (filesIn || filesOut) && stream.drives === 0 && turn < TURNS; turn++) await new Promise((done) => { setTimeout(done, waits.drawing); });
    if (this.#over) return false;
    if ((!filesIn && !filesOut) || stream.drives > 0) return true;
    if (tries <= 1) { this.#tell({ type: "say", text: NO_DRIVE }); return true; }
    try {
      const fresh = this.#admitted = await anew(admitted, this.#deps);
      if (admitted.session.ended) return false;
      this.#guacd?.leave(waits.farewell);
      this.#dial(fresh, stream, tries - 1);
    } catch (error) { await this.#broke(error); }
    return false;
  }

  #hello(line: DesktopLine, again: boolean): void {
    const { session } = this.#admitted!, { graceMs, recordInput } = session.grant.terms, { clipboardIn, clipboardOut, filesIn, filesOut } = rulesOf(this.#admitted!);
    const now = { session: session.id, again, remainingMs: Math.round(session.remainingMs), graceMs, beatMs: this.#deps.waits.heartbeat };
    line.tell({ type: "hello", ...now, clipboardIn, clipboardOut, filesIn, filesOut, recordInput });
  }
  #tell(message: ToPage): void { this.#line?.tell(message); }
  #pulse(): void {
    if (this.#line?.beat() === true) this.#tell({ type: "left", remainingMs: Math.round(this.#admitted!.session.remainingMs) });
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

  /** By its own word, before there was anything to come back to, or for speaking another protocol: then it is over at once. */
  #lost(code: number): void {
    this.#line = undefined;
    if (this.#over || this.#admitted === undefined) return;
    if (code === LEFT || code === BROKE_RULES || !this.#drawn) return void this.#admitted.session.end({ why: "client_closed" });
    this.#away();
  }
  #away(): void {
    const { session } = this.#admitted!;
    clearTimeout(this.#grace);
    this.#stream?.away();
    session.event({ kind: "away", channel: 1 });
    this.#tape?.mark("the browser lost its connection");
    const over = (): void => void session.end({ why: "client_closed", detail: "the browser did not come back in time", sentence: NOT_BACK });
    this.#grace = setTimeout(over, session.grant.terms.graceMs);
  }
  /** A new socket of the same person, already admitted. An old one that still seems there is told. */
  comeBack(line: DesktopLine, { width, height }: Screen): void {
    if (!this.#drawn && !this.#over) return line.close(BUSY, "nothing is drawn yet");
    const old = this.#line, stream = this.#stream;
    clearTimeout(this.#grace);
    this.#line = undefined;
    if (this.#over || stream === undefined) { line.tell({ type: "ended", sentence: this.#sentence }); return line.close(); }
    if (old !== undefined) { stream.away(); old.close(TAKEN_OVER, "continued in another window"); }
    this.#take(line);
    this.#hello(line, true);
    this.#tape?.mark("the browser came back");
    stream.back(line, () => line.close(BUSY, "the picture cannot be had right now"));
    this.#guacd?.send(instruction("size", width, height));
  }
  /** Somebody the broker let look on. */
  lookOn(socket: Looking): void {
    if (this.#stream === undefined || this.#over || !this.#drawn) return socket.close(BUSY, "nothing is drawn yet");
    this.#stream.onlookers.join(socket);
  }

  /** What was carried is nobody's any more. */
  #clear(): void {
    const admitted = this.#admitted;
    if (admitted === undefined || (!admitted.session.grant.terms.filesIn && !admitted.session.grant.terms.filesOut)) return;
    const drive = driveOf(admitted.guacd.home, admitted.session.id);
    setTimeout(() => clearDrive(drive, (error) => {
      if (error !== null) this.#deps.log("warn", "a desktop's drive could not be removed", { session: admitted.session.id, error: words(error) });
    }), this.#deps.waits.force * 2);
  }

  left(remainingMs: number): void { this.#tell({ type: "left", remainingMs }); }
  say(sentence: string): void { this.#sentence = sentence; }
  close(): void {
    if (this.#over) return;
    this.#over = true;
    for (const timer of [this.#beat, this.#alive]) clearInterval(timer);
    for (const timer of [this.#silence, this.#grace]) clearTimeout(timer);
    this.#stream?.end();
    if (this.#admitted !== undefined) this.#known.delete(this.#admitted.session.id);
    this.#clear();
    const line = this.#line;
    line?.tell({ type: "ended", sentence: this.#sentence });
    line?.close();
    if (line !== undefined) setTimeout(() => line.drop(), this.#deps.waits.handshake).unref();
  }
}
