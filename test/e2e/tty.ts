/**
 * The stock ssh client at a real terminal: util-linux's `script` gives the pty, `stty` its size. Rule: what a person would see is `screen()`, raw;
 * keys go in as bytes, and the exit status is the client's own.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

export type Tty = {
  readonly child: ChildProcess; readonly exit: Promise<number | null>;
  /** Everything shown so far. */
  screen(): string;
  /** Resolves when what is shown after the last `see` holds this; returns it. */
  see(what: string | RegExp, ms?: number): Promise<string>;
  type(text: string): void;
  resize(cols: number, rows: number): void;
  /** The terminal goes away under the client. */
  hangUp(): void;
};
export type TtyOptions = { readonly cols?: number; readonly rows?: number; readonly env?: Readonly<Record<string, string>> };

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
let count = 0;

/** Runs `argv` at a terminal of its own; `home` is a scratch directory. */
export const atTty = (home: string, argv: readonly string[], { cols = 80, rows = 24, env = {} }: TtyOptions = {}): Tty => {
  const base = path.join(home, `tty-${process.pid}-${count += 1}`), where = `${base}.name`;
  writeFileSync(base, `tty > ${quote(where)}\nstty rows ${rows} cols ${cols}\nexec ${argv.map(quote).join(" ")}\n`, { mode: 0o600 });
  const child = spawn("script", ["-qefc", `/bin/sh ${quote(base)}`, "/dev/null"], { env: { PATH: process.env["PATH"] ?? "", HOME: home, TERM: "vt100", SHELL: "/bin/sh", ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let shown = "", seen = 0;
  child.stdin.on("error", () => undefined);
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (d: string) => { shown += d; });
  const exit = new Promise<number | null>((resolve) => { child.once("close", (code) => resolve(code)); });
  const see = async (what: string | RegExp, ms = 30_000): Promise<string> => {
    for (const end = performance.now() + ms; ; await new Promise((r) => { setTimeout(r, 10); })) {
      const rest = shown.slice(seen), found = typeof what === "string" ? rest.indexOf(what) : rest.search(what);
      if (found >= 0) {
        const length = typeof what === "string" ? what.length : what.exec(rest)![0].length;
        seen += found + length;
        return rest.slice(0, found + length);
      }
      if (performance.now() > end || (child.exitCode !== null && child.stdout.readableEnded)) throw new Error(`not shown: ${String(what)}\n--- shown ---\n${JSON.stringify(rest)}`);
    }
  };
  const name = (): string => (existsSync(where) ? readFileSync(where, "utf8").trim() : "");
  return {
    child, exit, see, screen: () => shown, type: (text) => { child.stdin.write(text); },
    resize: (c, r) => { execFileSync("stty", ["-F", name(), "cols", String(c), "rows", String(r)]); },
    hangUp: () => { child.kill("SIGKILL"); },
  };
};
