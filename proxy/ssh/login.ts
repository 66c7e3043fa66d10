/**
 * Who is at the other end. Rules: an offer of a key without a signature advances nothing; what was proved so far belongs to this connection
 * AND this user name and is forgotten when the name changes; every refusal reads the same.
 */
import { sealTo } from "../../src/crypto/box.ts";
import { isCertificateType, parseCertificate } from "../../src/crypto/ssh-certificate.ts";
import { provesSsh } from "../../src/crypto/ssh-signature.ts";
import type { AuthContext, Connection, KeyboardAuthContext, PasswordAuthContext, PublicKeyAuthContext } from "../../src/wires/ssh.ts";
import { sshUtils } from "../../src/wires/ssh.ts";
import type { LoginReply, Up } from "../channel.ts";
import { BOX } from "../channel.ts";
import type { Deps } from "../deps.ts";
import { AUTH_TRIES } from "../limits.ts";
import { words } from "../log.ts";
import type { Destination } from "./grammar.ts";
import { parseUser } from "./grammar.ts";
import type { Who } from "./visit.ts";

type Factor = Extract<Up, { kind: "login" }>["factor"];
const METHODS = ["publickey" as const, "keyboard-interactive" as const, "password" as const];
const CODE_ONLY = ["keyboard-interactive" as const];
/** Answers to a prompt; undefined when the client gave up on it. `hint`: shown above it. */
const ask = (ctx: KeyboardAuthContext, prompt: string, hint = ""): Promise<string | undefined> => new Promise((resolve) =>
  ctx.prompt([{ prompt, echo: false }], "", hint, (answers) => resolve(Array.isArray(answers) && answers.length === 1 ? answers[0] : undefined)));
const tell = (ctx: KeyboardAuthContext, sentence: string): Promise<void> => new Promise((resolve) => ctx.prompt([], "", sentence, () => resolve()));

/** The key a signature over this login proves, as an OpenSSH line; undefined when it proves nothing. SHA-1 proves nothing. */
const provenKey = (ctx: PublicKeyAuthContext): string | undefined => {
  const key = sshUtils.parseKey(ctx.key.data), { blob, signature, hashAlgo } = ctx;
  if (key instanceof Error || Array.isArray(key) || blob === undefined || signature === undefined) return undefined;
  if (key.type === "ssh-rsa" && hashAlgo === undefined) return undefined;
  return key.verify(blob, signature, hashAlgo as string) === true ? `${key.type} ${key.getPublicSSH().toString("base64")}` : undefined;
};
/** The certificate whose key signed this login, in base 64. ssh2 leaves the signature of a kind it does not know in SSH's own form. */
const provenCertificate = ({ key, blob, signature }: PublicKeyAuthContext): string | undefined => {
  const found = parseCertificate(key.data);
  return found !== undefined && blob !== undefined && signature !== undefined && provesSsh(found.key, blob, signature) ? key.data.toString("base64") : undefined;
};
const provenFactor = (ctx: PublicKeyAuthContext): Factor | undefined => {
  if (isCertificateType(ctx.key.algo)) { const certificate = provenCertificate(ctx); return certificate === undefined ? undefined : { kind: "certificate", certificate }; }
  const key = provenKey(ctx);
  return key === undefined ? undefined : { kind: "publickey", key };
};
const offerable = ({ key }: PublicKeyAuthContext): boolean =>
  (isCertificateType(key.algo) ? parseCertificate(key.data) !== undefined : !(sshUtils.parseKey(key.data) instanceof Error));

/** `patience`: called when the login waits for a browser. */
export type Then = { patience(): void; done(who: Who): void };
/** Nobody's: not of the form a person's name has. */
const NAMELESS = "(no name)";
/** Bytes; nobody has a longer one. */
const PASSWORD_MOST = 4_096;
const HINT = "Leave the password empty to log in with your browser.";

export class Login {
  readonly #connection: Connection;
  readonly #base: string;
  readonly #address: string;
  readonly #deps: Deps;
  readonly #then: Then;
  #tries = 0;
  #gone = false;
  #browsed = false;
  #user: { readonly name: string; readonly id: string; readonly destination: Destination | undefined } | undefined;
  #names = 0;
  /** The first factor is proved; only a code is missing. */
  #wantsCode = false;
  /** Which request is being answered, and whether the broker is judging. */
  #turn = 0;
  #judging = false;

  constructor(connection: Connection, { id, address }: { readonly id: string; readonly address: string }, deps: Deps, then: Then) {
    this.#connection = connection;
    this.#base = id;
    this.#address = address;
    this.#deps = deps;
    this.#then = then;
    connection.on("close", () => { this.#gone = true; });
    connection.on("authentication", (ctx) => {
      // Whoever does not wait for an answer guesses faster than failures are counted.
      if (this.#judging) return void connection.end();
      this.#turn += 1;
      this.#answer(ctx).catch((error: unknown) => {
        this.#deps.log("warn", "a login could not be decided", { error: words(error) });
        this.#refuse(ctx);
      });
    });
  }

  #userOf(name: string) {
    if (this.#user?.name !== name) {
      this.#user = { name, id: `${this.#base}.${++this.#names}`, destination: parseUser(name) };
      this.#wantsCode = false;
    }
    return this.#user;
  }

  async #answer(ctx: AuthContext): Promise<void> {
    const user = this.#userOf(ctx.username);
    switch (ctx.method) {
      case "password": return this.#wantsCode ? this.#refuse(ctx) : this.#judge(ctx, await this.#password((ctx as PasswordAuthContext).password));
      case "keyboard-interactive": return await this.#dialogue(ctx as KeyboardAuthContext);
      case "publickey": return await this.#key(ctx as PublicKeyAuthContext);
      case "none": case "hostbased": return ctx.reject(this.#wantsCode && user !== undefined ? CODE_ONLY : METHODS);
      default: return this.#refuse(ctx);
    }
  }

  async #factor(factor: (person: string, connection: string) => Factor): Promise<LoginReply> {
    const user = this.#user;
    if (user === undefined) return { ok: false };
    // A name nobody can read is asked about all the same: it is nobody's, costs what a wrong one costs, and is in the log.
    const person = user.destination?.person ?? (user.name.slice(0, 128) || NAMELESS);
    this.#judging = true;
    const reply = await this.#deps.uplink.ask("login", { connection: user.id, person, address: this.#address, factor: factor(person, user.id) }).finally(() => { this.#judging = false; });
    return this.#user === user && (user.destination !== undefined || !reply.ok) ? reply : { ok: false };
  }

  async #password(password: string): Promise<LoginReply> {
    if (Buffer.byteLength(password) > PASSWORD_MOST) return { ok: false };
    return await this.#factor((person, connection) => {
      const bytes = Buffer.from(password), box = sealTo(this.#deps.uplink.key, BOX.login(connection, person), bytes);
      bytes.fill(0);
      return { kind: "password", password: box };
    });
  }

  async #key(ctx: PublicKeyAuthContext): Promise<void> {
    if (this.#wantsCode) return this.#refuse(ctx);
    if (ctx.signature === undefined) return offerable(ctx) ? ctx.accept() : ctx.reject(METHODS);
    const factor = provenFactor(ctx);
    this.#judge(ctx, factor === undefined ? { ok: false } : await this.#factor(() => factor));
  }

  /** Undefined too when another request came instead of the answer: what was said to this one is not judged, and counts as a try. */
  async #ask(ctx: KeyboardAuthContext, prompt: string, hint = ""): Promise<string | undefined> {
    const turn = this.#turn, said = await ask(ctx, prompt, hint);
    return turn === this.#turn ? said : undefined;
  }
  /** Password (unless the first factor is proved), then the code, in one dialogue. */
  async #dialogue(ctx: KeyboardAuthContext): Promise<void> {
    if (!this.#wantsCode) {
      const password = await this.#ask(ctx, "Password: ", this.#browsed ? "" : HINT);
      if (password === undefined) return this.#refuse(ctx);
      if (password === "" && !this.#browsed) return await this.#browser(ctx);
      const reply = await this.#password(password);
      if (reply.ok || reply.next === undefined) return await this.#close(ctx, reply);
      this.#wantsCode = true;
    }
    const code = await this.#ask(ctx, "One-time code: ");
    if (code === undefined) return this.#refuse(ctx);
    await this.#close(ctx, await this.#factor(() => ({ kind: "totp", code: code.trim().slice(0, 64) })));
  }

  /** Once a connection: a code to be typed in the portal, and a wait that the broker ends. */
  async #browser(ctx: KeyboardAuthContext): Promise<void> {
    this.#browsed = true;
    let reply = await this.#factor(() => ({ kind: "browser", step: "begin" }));
    if (reply.ok || reply.next !== "browser") return await this.#close(ctx, reply);
    this.#then.patience();
    await tell(ctx, `Open ${reply.link ?? "the portal"} where you are logged in, and type this code there: ${reply.code ?? ""}\nIt works once. Nobody else needs it: give it to nobody. Waiting ...`);
    while (!reply.ok && reply.next === "browser" && !this.#gone) reply = await this.#factor(() => ({ kind: "browser", step: "wait" }));
    if (!this.#gone) await this.#close(ctx, reply);
  }

  async #close(ctx: KeyboardAuthContext, reply: LoginReply): Promise<void> {
    if (!reply.ok && reply.next === undefined) this.#wantsCode = false;
    if (!reply.ok && reply.message !== undefined) await tell(ctx, reply.message);
    this.#judge(ctx, reply);
  }

  #judge(ctx: AuthContext, reply: LoginReply): void {
    const destination = this.#user?.destination;
    if (!reply.ok && reply.next === "totp") { this.#wantsCode = true; return ctx.reject(CODE_ONLY, true); }
    if (!reply.ok || destination === undefined) return this.#refuse(ctx);
    // The next owner must hear of channels before ssh2 lets the client open one.
    this.#then.done({ login: reply.login, destination });
    ctx.accept();
  }

  #refuse(ctx: AuthContext): void {
    ctx.reject(this.#wantsCode ? CODE_ONLY : METHODS);
    if (++this.#tries >= AUTH_TRIES) this.#connection.end();
  }
}
