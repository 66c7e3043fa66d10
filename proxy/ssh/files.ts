/**
 * A file transfer by sftp between its two relayed ends. Rule: every operation goes into the recording; the audit log gets each of them up to a
 * bound per kind, and the sum of all; a refusal is answered to the client and said to the person.
 */
import { fileRefusal, hasPaths } from "../../src/domain/files.ts";
import type { SessionEvent } from "../channel.ts";
import type { Tape } from "../recorder.ts";
import type { Session } from "../session.ts";
import type { FileOp } from "../sftp/watch.ts";
import { SftpWatch } from "../sftp/watch.ts";
import type { Between, PersonEnd } from "./relay.ts";

/** What stock clients show for a connection that failed. */
const FAILED = 255;

/** Told one by one, of each kind; the sum says how many more there were. */
const TOLD = 200;
/** Sentences a person reads on their screen, of one transfer. */
const SAID = 5;
/** In the recording and the sum, but no audit event each: they change nothing and show no content. */
const QUIET: ReadonlySet<string> = new Set(["stat", "fstat", "statvfs", "realpath", "readlink", "limits", "names of ids", "fsync", "read", "write"]);

type FileEvent = Extract<SessionEvent, { kind: "file" }>;
const eventOf = (channel: number, { read, written, errors: _errors, ...op }: FileOp): FileEvent => ({
  kind: "file", channel, ...op, ...(read === undefined ? {} : { readBytes: read.bytes, ...(read.sha256 === null ? {} : { readSha256: read.sha256 }) }),
  ...(written === undefined ? {} : { writtenBytes: written.bytes, ...(written.sha256 === null ? {} : { writtenSha256: written.sha256 }) }),
});

class Teller {
  readonly #session: Session;
  readonly #tape: Tape;
  readonly #counts: Record<string, number> = {};
  #untold = 0;
  constructor(session: Session, tape: Tape) { this.#session = session; this.#tape = tape; }

  tell(op: FileOp): void {
    const name = op.refused === undefined ? op.op : `${op.op} refused`, times = this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    this.#tape.event(op);
    if (op.refused === undefined && QUIET.has(op.op)) return;
    if (times <= TOLD) this.#session.event(eventOf(this.#tape.channel, op)); else this.#untold += 1;
  }
  sum(strange: number): void { this.#session.event({ kind: "files", channel: this.#tape.channel, counts: this.#counts, untold: this.#untold, strange }); }
}

/** `stop` closes the target's end; the person has been told why. */
export const watchingFiles = (session: Session, user: PersonEnd, tape: Tape, stop: () => void): Between => ({ toUser, toTarget, answer }) => {
  const teller = new Teller(session, tape), said = new Set<string>(), { files } = session.grant.terms;
  const say = (sentence: string): void => { if (said.size < SAID && !said.has(sentence)) { said.add(sentence); user.say(sentence); } };
  const watch: SftpWatch = new SftpWatch({
    refusal: (ask, home) => fileRefusal(files, ask, home), paths: hasPaths(files), toServer: toTarget, toClient: toUser, answer,
    tell: (op) => { teller.tell(op); if (op.refused !== undefined) say(op.refused); },
    broken: (why) => { session.refuse(`sftp: ${why}`); user.say(`This file transfer was ended: ${why}.`); user.exit(FAILED); stop(); },
  });
  tape.watchedBy({ digest: (stream) => watch.digest(stream), get strange() { return watch.strange; }, over: () => { watch.over(); teller.sum(watch.strange); } });
  return { fromUser: (data) => watch.fromClient(data), fromTarget: (data) => watch.fromServer(data) };
};
