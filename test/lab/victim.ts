/**
 * A process of its own that calls connectors at servers which mean it harm. Rule: the test outlives it: its end and its silence are errors of the call
 * that was open, with what it printed last.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

export type Verb = "probe" | "change" | "compare" | "discover" | "test" | "identity";
/** `limit`: of the signal, in milliseconds. `drivers`: a package.json beside each. */
export type Asked = {
  readonly id: number; readonly platform: string; readonly config: unknown; readonly port: number; readonly verb: Verb; readonly account: string; readonly as: string;
  readonly limit: number; readonly drivers: Readonly<Record<string, string>>;
};
export type Told = { readonly ready: true } | { readonly id: number; readonly answered: unknown; readonly ms: number } | { readonly id: number; readonly threw: string; readonly ms: number };
export type Call = Omit<Asked, "id" | "limit" | "drivers" | "account" | "as"> & { readonly account?: string; readonly as?: string; readonly limit?: number };
export type Victim = {
  /** What the connector answered, or a sentence of the error it threw. Rejects where the process ended, or was silent for longer than limit and `patience`. */
  call(c: Call): Promise<{ readonly answered?: unknown; readonly threw?: string; readonly ms: number }>;
  pid(): number;
  close(): void;
};
const LIMIT = 2_500, PATIENCE = 2_500, START = 30_000;

const started = (child: ChildProcess): Promise<void> => new Promise((resolve, reject) => {
  const late = setTimeout(() => reject(new Error("it did not start")), START);
  child.once("message", () => { clearTimeout(late); resolve(); }).once("exit", (code) => reject(new Error(`it did not start: ${code}`)));
});

export const victim = async (drivers: Asked["drivers"] = {}): Promise<Victim> => {
  const open = new Map<number, { settle: (t: Told) => void; fail: (e: Error) => void }>();
  let child: ChildProcess, said = "", serial = 0;
  const start = async (): Promise<void> => {
    said = "";
    child = fork(fileURLToPath(new URL("victim-main.ts", import.meta.url)), [], { execArgv: ["--disable-warning=ExperimentalWarning", "--import", "tsx"], stdio: ["ignore", "ignore", "pipe", "ipc"] });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => { said = (said + text).slice(-4_096); });
    child.on("message", (t: Told) => { if (!("ready" in t)) open.get(t.id)?.settle(t); });
    child.on("close", (code, signal) => { for (const o of open.values()) o.fail(new Error(`the process ended (${signal ?? code}): ${said}`)); });
    await started(child);
  };
  await start();
  const call: Victim["call"] = async (c) => {
    if (child.exitCode !== null || child.signalCode !== null) await start();
    const id = ++serial, limit = c.limit ?? LIMIT;
    return new Promise((resolve, reject) => {
      const done = (): void => { clearTimeout(late); open.delete(id); };
      const late = setTimeout(() => { child.kill("SIGKILL"); done(); reject(new Error(`the process was silent for ${PATIENCE} ms beyond the limit`)); }, limit + PATIENCE);
      open.set(id, { settle: (t) => { done(); if (!("ready" in t)) resolve(t); }, fail: (e) => { done(); reject(e); } });
      child.send({ account: "app", as: "boss", ...c, id, limit, drivers } satisfies Asked);
    });
  };
  return { call, pid: () => child.pid!, close: () => child.kill("SIGKILL") };
};
