/** A browser as far as sockets go: logs in by form, keeps its cookie, asks for tickets and opens WebSockets. Rule: what it counts as shown is what came over the wire. */
import { connect } from "node:net";
import WebSocket from "ws";

/** A portal and who can log in there by name and password; a World is one. */
export type Site = { readonly origin: string; readonly who: Readonly<Record<string, { readonly name: string; readonly password: string }>> };
export type Login = { readonly cookie: string; readonly csrf: string };
export type Told = { readonly ticket: string; readonly socket: string; readonly protocol: string };

export const loginAs = async (w: Site, who: string): Promise<Login> => {
  const { name, password } = w.who[who]!, headers = { "sec-fetch-site": "same-origin", origin: w.origin, "content-type": "application/x-www-form-urlencoded" };
  const r = await fetch(`${w.origin}/login`, { method: "POST", redirect: "manual", headers, body: new URLSearchParams({ name, password }).toString() });
  const cookie = r.headers.getSetCookie().map((line) => line.split(";")[0]!).find((pair) => pair.includes("lockstep_session="));
  if (r.status !== 303 || cookie === undefined) throw new Error(`login of ${who}: ${r.status}`);
  const page = await (await fetch(`${w.origin}/`, { headers: { cookie } })).text();
  return { cookie, csrf: /name="_csrf" value="([^"]+)"/.exec(page)![1]! };
};

export const post = async (w: Site, login: Login, at: string, body: object = {}): Promise<{ status: number; body: Told & { detail?: string } }> => {
  const r = await fetch(`${w.origin}/api/v1${at}`, { method: "POST", headers: { cookie: login.cookie, "x-csrf-token": login.csrf, "sec-fetch-site": "same-origin", origin: w.origin, "content-type": "application/json" }, body: JSON.stringify(body) });
  return { status: r.status, body: await r.json() as Told };
};
export const ticketFor = async (w: Site, login: Login, at: string, body: object = {}): Promise<Told> => {
  const r = await post(w, login, at, body);
  if (r.status !== 201) throw new Error(`no ticket: ${r.status} ${r.body.detail}`);
  return r.body;
};

type Message = { type: string; [key: string]: unknown };
/** One socket, everything it heard, and the page's manners: it says what it has seen. `polite: false` never does. */
export class Wire {
  readonly ws: WebSocket;
  readonly said: Message[] = [];
  /** Doubled when full: a flood of megabytes is kept and searched without work that grows with its square. */
  #kept = Buffer.allocUnsafe(65_536);
  #size = 0;
  closed: { code: number; why: string } | null = null;
  /** The HTTP answer of a socket that was refused. */
  refused: { status: number; text: string } | null = null;
  polite = true;
  constructor(url: string, protocols: string[], headers: Record<string, string>) {
    this.ws = new WebSocket(url, protocols, { headers, perMessageDeflate: false, rejectUnauthorized: false });
    this.ws.on("error", () => undefined);
    this.ws.on("unexpected-response", (_q, res) => {
      let text = "";
      res.setEncoding("utf8").on("data", (d: string) => { text += d; }).on("end", () => { this.refused = { status: res.statusCode ?? 0, text }; });
    });
    this.ws.on("message", (data, binary) => {
      if (!binary) return void this.said.push(JSON.parse((data as Buffer).toString()) as Message);
      this.#keep(data as Buffer);
      if (this.polite) this.send({ type: "seen", bytes: this.shown.length });
    });
    this.ws.on("close", (code, why) => { this.closed = { code, why: why.toString() }; });
  }
  get shown(): Buffer { return this.#kept.subarray(0, this.#size); }
  #keep(data: Buffer): void {
    if (this.#size + data.length > this.#kept.length) {
      const wider = Buffer.allocUnsafe(Math.max(2 * this.#kept.length, this.#size + data.length));
      this.#kept.copy(wider, 0, 0, this.#size);
      this.#kept = wider;
    }
    data.copy(this.#kept, this.#size);
    this.#size += data.length;
  }
  send(message: object): void { if (this.ws.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(message)); }
  type(text: string | Buffer): void { this.ws.send(Buffer.from(text)); }
  async until<T>(look: () => T | undefined | null | false, ms = 20_000): Promise<T> {
    for (const end = performance.now() + ms; ;) {
      const got = look();
      if (got) return got;
      if (performance.now() > end) throw new Error(`nothing in ${ms} ms: ${look.toString()}\n${JSON.stringify(this.said)} ${JSON.stringify(this.refused)} ${JSON.stringify(this.closed)}\n${this.shown.subarray(-500).toString()}`);
      await new Promise((r) => { setTimeout(r, 5); });
    }
  }
  sees(text: string | RegExp, ms?: number): Promise<boolean> { return this.until(() => typeof text === "string" ? this.shown.includes(text) : text.test(this.shown.toString()), ms); }
  hears(type: string, ms?: number): Promise<Message> { return this.until(() => this.said.find((m) => m.type === type), ms); }
  /** The network is gone: no closing frame. */
  vanish(): void { this.ws.terminate(); }
  over(ms?: number) { return this.until(() => this.closed ?? this.refused, ms); }
}

export const socketOf = (w: Site, login: Pick<Login, "cookie">, told: Told, headers: Record<string, string> = {}): Wire =>
  new Wire(`${w.origin.replace(/^http/, "ws")}${told.socket}`, [told.protocol, `ticket.${told.ticket}`], { cookie: login.cookie, origin: w.origin, ...headers });

/** Connected, with a shell. */
export const terminal = async (w: Site, login: Login, request: string, o: { session?: string; cols?: number; rows?: number } = {}): Promise<Wire> => {
  const wire = socketOf(w, login, await ticketFor(w, login, `/requests/${request}/terminal`, o.session === undefined ? {} : { session: o.session }));
  wire.ws.on("open", () => wire.send({ type: "start", cols: o.cols ?? 80, rows: o.rows ?? 24 }));
  await wire.hears("hello");
  return wire;
};

/** A handshake by hand, as `ws` would never send it: the status line's number and the body. */
export const knock = (w: Site, lines: readonly string[]): Promise<{ status: number; text: string }> => new Promise((resolve, reject) => {
  const { hostname, port } = new URL(w.origin), socket = connect(Number(port), hostname);
  let text = "";
  socket.setEncoding("utf8").on("data", (d: string) => { text += d; }).on("error", reject).on("close", () => resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text }));
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
});
