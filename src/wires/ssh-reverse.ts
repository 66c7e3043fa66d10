/**
 * SSH turned round: whoever dialled out is the server, whoever was dialled is the client and uses it. Rule: the server's side knows two kinds of
 * channels, one verb from a closed list and one carried connection; everything else that SSH has is refused, and told.
 */
import type { Duplex } from "node:stream";
import { Fault } from "../kernel/fault.ts";
import { join } from "./join.ts";
import { refuseOpen } from "./ssh-forward.ts";
import { keyFingerprint } from "./ssh-pin.ts";
import type { AuthContext, Client, ClientChannel, Connection, PublicKeyAuthContext, ServerChannel, Session } from "./ssh-tuned.ts";
import { ssh2 } from "./ssh-tuned.ts";

const NOT_ALLOWED = 1;
/** The longest that a far end's sentence may be, and no characters that a terminal obeys. */
// eslint-disable-next-line no-control-regex
const words = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, " ").slice(0, 1_000);

/** A connection that the far end opens for us and carries. Rejects with Fault: forbidden (it may not), upstream (it could not). */
export const carried = (client: Client, host: string, port: number, signal: AbortSignal): Promise<Duplex> => new Promise((resolve, reject) => {
  let over = false;
  const settle = (): boolean => { const first = !over; over = true; signal.removeEventListener("abort", late); client.removeListener("close", lost); return first; };
  const fail = (fault: Fault): void => { if (settle()) reject(fault); };
  const late = (): void => fail(new Fault("upstream", `${host}:${port} cannot be reached: timed out`, { cause: signal.reason }));
  const lost = (): void => fail(new Fault("upstream", `${host}:${port} cannot be reached: the connection it would have gone by was lost`));
  if (signal.aborted) return late();
  signal.addEventListener("abort", late, { once: true });
  client.once("close", lost);
  const opened = (error: (Error & { reason?: unknown }) | undefined, channel: ClientChannel): void => {
    if (error) return fail(new Fault(error.reason === NOT_ALLOWED ? "forbidden" : "upstream", words(error.message.replace(/^\(SSH\) Channel open failure: /, ""))));
    // ssh2 closes a channel only when what nobody sends here was read, too.
    channel.stderr.resume();
    if (settle()) resolve(channel); else channel.destroy();
  };
  try { client.forwardOut("127.0.0.1", 0, host, port, opened as never); } catch (cause) { fail(new Fault("upstream", `${host}:${port} cannot be reached: the connection it would go by is gone`, { cause })); }
});

export type Guest = {
  /** One of these, by its signature over this very connection: OpenSSH public lines, or fingerprints where no more is known yet. */
  readonly keys: readonly string[]; readonly username: string;
  /** An exec request. Undefined: refused. Called at once; the function it gives gets the open channel. */
  exec(command: string): ((channel: ServerChannel) => void) | undefined;
  /** A carried connection. Rejects with a Fault whose message is told. */
  carry(host: string, port: number): Promise<Duplex>;
  /** The line of the key that has let the far end in. */
  proven(line: string): void;
  /** Something that is not given here was asked for. */
  refused(what: string): void;
};

const lineOf = (data: Buffer): string => { const key = ssh2.utils.parseKey(data); return key instanceof Error || Array.isArray(key) ? "" : `${key.type} ${key.getPublicSSH().toString("base64")}`; };
const signed = ({ key, blob, signature, hashAlgo }: PublicKeyAuthContext): boolean => {
  const parsed = ssh2.utils.parseKey(key.data);
  return !(parsed instanceof Error) && !Array.isArray(parsed) && blob !== undefined && signature !== undefined && parsed.verify(blob, signature, hashAlgo as string) === true;
};

/** A key that is offered without a signature lets nobody in. */
const judge = (ctx: AuthContext, guest: Guest): void => {
  const known = (data: Buffer): boolean => { const line = lineOf(data); return line !== "" && (guest.keys.includes(line) || guest.keys.includes(keyFingerprint(line).split(" ")[1]!)); };
  if (ctx.method !== "publickey") return ctx.reject(["publickey"]);
  if (ctx.username !== guest.username || !known(ctx.key.data)) { guest.refused("a login by another key"); return ctx.reject(["publickey"]); }
  if (ctx.signature === undefined) return ctx.accept();
  if (signed(ctx)) { guest.proven(lineOf(ctx.key.data)); ctx.accept(); } else { guest.refused("a login by a signature that does not prove its key"); ctx.reject(["publickey"]); }
};

const NOT_GIVEN = ["pty", "shell", "env", "subsystem", "sftp", "x11", "auth-agent", "signal", "window-change"] as const;
const listen = (session: Session, guest: Guest): void => {
  let used = false;
  for (const what of NOT_GIVEN) {
    session.on(what as "shell", (_accept: unknown, reject?: unknown) => { guest.refused(what); if (typeof reject === "function") (reject as () => void)(); });
  }
  session.on("exec", (accept, reject, { command }) => {
    const run = used ? undefined : guest.exec(command);
    used = true;
    if (run === undefined) { guest.refused(`exec ${words(command).slice(0, 80)}`); return void reject(); }
    const channel = accept();
    channel.on("error", () => undefined);
    run(channel);
  });
};

/** Call in the server's "connection" event. */
export const entertain = (connection: Connection, guest: Guest): void => {
  connection.on("authentication", (ctx) => judge(ctx, guest));
  connection.on("session", (accept) => listen(accept(), guest));
  connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
    guest.carry(destIP, destPort).then((there) => {
      const here = accept() as Duplex | undefined;
      if (here === undefined) there.destroy(); else join(here, there);
    }, (e: unknown) => {
      const fault = e instanceof Fault ? e : new Fault("internal", "it could not be carried");
      guest.refused(`${words(destIP).slice(0, 255)}:${destPort}`);
      refuseOpen(connection, reject, fault.message, fault.code === "upstream");
    });
  });
};
