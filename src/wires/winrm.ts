/**
 * Runs a command on a Windows machine over WinRM (MS-WSMV), as a shell of it: Create, Command, Send, Receive, Signal, Delete. Rules: over HTTPS alone; the server's certificate is
 * proven before anything is said; what is secret goes by Send, into the command's standard input, never into a command line.
 */
import type { Random } from "../kernel/clock.ts";
import type { Link } from "../kernel/link.ts";
import { HttpFailure } from "./http.ts";
import { httpLine, type HttpLine, type LineReply } from "./http-line.ts";
import { authenticate, challengeOf, computerOf, negotiate } from "./ntlm.ts";
import type { Trust } from "./tls.ts";
import { commandBody, createBody, DONE, envelope, receiveBody, sendBody, signalBody, tags, type Action } from "./winrm-words.ts";

/** unreachable, identity: nothing was said · auth: refused, over the proven certificate · denied: it was let in and may not · protocol: it speaks differently · cut: what was asked may have been done. */
export type WinrmKind = "unreachable" | "identity" | "auth" | "denied" | "protocol" | "cut";
export class WinrmFailure extends Error {
  override readonly name = "WinrmFailure";
  readonly kind: WinrmKind;
  /** A sentence for people. */
  readonly why: string;
  constructor(kind: WinrmKind, why: string) {
    super(`${kind}: ${why}`);
    this.kind = kind;
    this.why = why;
  }
}
export type WinrmLogin = {
  readonly link: Link; readonly trust: Trust; readonly method: "ntlm" | "basic"; readonly user: string;
  /** Of a domain's or another machine's account; empty: the machine's own name, as it says it. */
  readonly domain: string;
  /** Asked for once, after the certificate was proven. */
  readonly password: () => string; readonly random: Random; readonly now: () => Date; readonly signal: AbortSignal;
};
export type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type WinrmShell = { readonly proof: string; run(command: string, args: readonly string[], input: () => Buffer): Promise<Ran> };

const PATH = "/wsman", SOAP = { "Content-Type": "application/soap+xml;charset=UTF-8" }, SECONDS = 10;
const TIMED_OUT = "2150858793", MOST_OUT = 4 * 1024 * 1024;
type Speak = (action: Action, body: string, o?: { readonly shell?: string; readonly options?: Readonly<Record<string, string>>; readonly onSend?: () => void }) => Promise<string>;

const uuid = (random: Random): string => random.bytes(16).toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
const offers = (r: LineReply): string => [r.headers["www-authenticate"] ?? ""].flat().join(", ");
const REFUSED = "the login was refused: a wrong password, no such account, or one that may not log in over WinRM";

/** NTLM's first two messages; what the next request has to carry. The login belongs to the connection. */
const ntlm = async (line: HttpLine, l: WinrmLogin): Promise<string> => {
  const first = await line.ask({ path: PATH, headers: { ...SOAP, Authorization: `Negotiate ${negotiate().toString("base64")}` }, body: "" });
  const c = challengeOf(Buffer.from(/Negotiate\s+([A-Za-z0-9+/=]+)/i.exec(offers(first))?.[1] ?? "", "base64"));
  if (first.status !== 401 || c === undefined) throw new WinrmFailure("protocol", /Negotiate|NTLM/i.test(offers(first)) ? "it answered NTLM in a way we do not know" : "it offers no NTLM (Negotiate) login");
  const who = { user: l.user, domain: l.domain || computerOf(c), password: l.password() };
  return `Negotiate ${authenticate(who, c, { client: l.random.bytes(8), now: l.now(), certificate: Buffer.from(line.proof.replaceAll(":", ""), "hex") }).toString("base64")}`;
};

/** Of a fault; whoever sends it may be anybody who has the certificate, before any login. */
const FAULT = 65_536;
const faultOf = (r: LineReply): WinrmFailure => {
  const body = r.body.slice(0, FAULT), code = tags(body, "WSManFault")[0]?.attributes["Code"] ?? "", denied = code === "5" || /AccessDenied/.test(body);
  if (r.status === 401) return new WinrmFailure("auth", REFUSED);
  if (denied || r.status === 403) return new WinrmFailure("denied", "the account was let in, but may run nothing over WinRM");
  return new WinrmFailure("protocol", code === "" ? `it answered HTTP ${r.status}` : `WinRM fault ${code}`);
};

const speaker = (line: HttpLine, l: WinrmLogin): Speak => {
  const { host, port } = l.link.address, to = `https://${host.includes(":") ? `[${host}]` : host}:${port}${PATH}`;
  let let_in = false;
  const authorization = async (): Promise<Record<string, string>> => {
    if (l.method === "basic") return { Authorization: `Basic ${Buffer.from(`${l.user}:${l.password()}`).toString("base64")}` };
    return let_in ? {} : { Authorization: await ntlm(line, l) };
  };
  return async (action, body, o = {}) => {
    const text = envelope({ action, to, id: uuid(l.random), seconds: SECONDS, body, ...(o.shell === undefined ? {} : { shell: o.shell }), ...(o.options ? { options: o.options } : {}) });
    const r = await line.ask({ path: PATH, headers: { ...SOAP, ...await authorization() }, body: text, ...(o.onSend ? { onSend: o.onSend } : {}) });
    if (r.status !== 200) throw r.body.slice(0, FAULT).includes(TIMED_OUT) && action === "receive" ? STILL : faultOf(r);
    let_in = true;
    return r.body;
  };
};
/** It has nothing to say yet. */
const STILL = new WinrmFailure("protocol", "nothing to say yet");

type Out = { stdout: Buffer[]; stderr: Buffer[]; size: number };
const keep = (out: Out, xml: string): void => {
  for (const t of tags(xml, "Stream")) {
    const bytes = Buffer.from(t.text, "base64"), into = t.attributes["Name"] === "stderr" ? out.stderr : out.stdout;
    out.size += bytes.length;
    if (out.size > MOST_OUT) throw new WinrmFailure("cut", "its answer has no end");
    into.push(bytes);
  }
};
const received = async (speak: Speak, shell: string, command: string): Promise<Ran> => {
  const out: Out = { stdout: [], stderr: [], size: 0 };
  for (;;) {
    let xml = "";
    try { xml = await speak("receive", receiveBody(command), { shell }); } catch (e) { if (e !== STILL) throw e; }
    keep(out, xml);
    const state = tags(xml, "CommandState")[0];
    if (state === undefined || !DONE.test(state.attributes["State"] ?? "")) continue;
    const code = /<(?:[\w.-]+:)?ExitCode>(-?\d+)</.exec(xml)?.[1];
    return { code: code === undefined ? null : Number(code) | 0, stdout: Buffer.concat(out.stdout).toString("utf8"), stderr: Buffer.concat(out.stderr).toString("utf8") };
  }
};

const OPTIONS = { WINRS_NOPROFILE: "TRUE", WINRS_CODEPAGE: "65001" }, PIPES = { WINRS_CONSOLEMODE_STDIN: "FALSE", WINRS_SKIP_CMD_SHELL: "TRUE" };
const running = (speak: Speak, shell: string): WinrmShell["run"] => async (command, args, input) => {
  const id = tags(await speak("command", commandBody(command, args), { shell, options: PIPES }), "CommandId")[0]?.text;
  if (!id) throw new WinrmFailure("protocol", "it told no number for the command");
  await speak("send", sendBody(id, input()), { shell });
  const ran = await received(speak, shell, id);
  await speak("signal", signalBody(id), { shell }).catch(() => undefined);
  return ran;
};

/** Logs in, opens a shell, and closes it again. Rejects with WinrmFailure, or with what `use` rejects with. */
export const withWinrm = async <T>(l: WinrmLogin, use: (shell: WinrmShell) => Promise<T>): Promise<T> => {
  let line: HttpLine | undefined;
  try {
    line = await httpLine(l.link, l.trust, l.signal);
    const speak = speaker(line, l), made = await speak("create", createBody, { options: OPTIONS });
    const shell = tags(made, "Selector").find((t) => t.attributes["Name"] === "ShellId")?.text ?? tags(made, "ShellId")[0]?.text;
    if (!shell) throw new WinrmFailure("protocol", "it told no number for the shell");
    try { return await use({ proof: line.proof, run: running(speak, shell) }); } finally { await speak("delete", "", { shell }).catch(() => undefined); }
  } catch (e) {
    throw e instanceof HttpFailure ? new WinrmFailure(e.kind, e.why) : e;
  } finally { line?.close(); }
};
