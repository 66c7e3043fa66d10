/**
 * Files of the keys by which this broker proves itself to agents. Rules: a private key is in its file, in the tunnel process, and in memory while it
 * signs, and nowhere else; a file is whole and on the disk before anybody is told of its key. Which of them counts is said by rows (broker-keys.ts).
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Fault } from "../kernel/fault.ts";
import { Secret } from "../kernel/secret.ts";
import { newSshKey, publicLine, signText } from "../wires/ssh.ts";

const flush = (path: string): void => {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};

export class KeyFiles {
  readonly #main: string;
  readonly #next: string;
  #lines: readonly string[] = [];
  /** `main`: of the key in force; beside it, with `.next`, the one that follows. */
  constructor(main: string) {
    this.#main = main;
    this.#next = `${main}.next`;
  }

  #read(): readonly { readonly file: string; readonly text: string; readonly line: string }[] {
    return [this.#main, this.#next]
      .filter((file) => existsSync(file))
      .map((file) => {
        const text = readFileSync(file, "utf8");
        return { file, text, line: publicLine(text) };
      });
  }
  #make(file: string): string {
    const half = `${file}.half`,
      fd = openSync(half, "w", 0o600);
    try {
      writeFileSync(fd, newSshKey());
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    this.#move(half, file);
    return publicLine(readFileSync(file, "utf8"));
  }
  #move(from: string, to: string): void {
    renameSync(from, to);
    flush(dirname(to));
  }

  /** Lines of what there is a file of, the one in force first; made where there is none at all. */
  there(): readonly string[] {
    if (!existsSync(this.#main)) {
      if (existsSync(this.#next)) this.#move(this.#next, this.#main);
      else this.#make(this.#main);
    }
    return this.#read().map((k) => k.line);
  }
  /** The line of one that may follow: one that was made and never told of is as good as a new one. */
  follower(): string {
    return existsSync(this.#next) ? publicLine(readFileSync(this.#next, "utf8")) : this.#make(this.#next);
  }
  /** These count from here on, in this order; the file of the first becomes the one in force, and the one before it is gone. */
  count(lines: readonly string[]): void {
    this.#lines = lines;
    const [main, next] = this.#read();
    if (next !== undefined && next.line === lines[0] && main?.line !== lines[0]) this.#move(this.#next, this.#main);
  }

  /** Those that count, in the order in which they are shown. */
  lines(): readonly string[] {
    return this.#lines;
  }
  #private(line: string): string {
    const one = this.#read().find((k) => k.line === line);
    if (!one) throw new Fault("unavailable", "There is no file of that key of the broker.");
    return one.text;
  }
  /** For the tunnel process alone, which proves the broker by them: in the order of `lines`. */
  privates(): readonly string[] {
    return this.#lines.map((line) => this.#private(line));
  }
  /** By the key with this line. */
  sign(line: string, text: string): string {
    using key = Secret.of(this.#private(line));
    return signText(key, text);
  }
}
