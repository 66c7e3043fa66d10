/** A TCP proxy that breaks things. Rule: it changes no byte; it counts them, or looks for one word, and breaks when told or when it has seen enough. */
import net from "node:net";

export type FaultProxy = AsyncDisposable & {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** Connections accepted, and bytes taken from clients and from the target, since the last heal(). */
  readonly connections: number; readonly up: number; readonly down: number;
  /** Whole again: for connections from now on. Counters start at 0. */
  heal(): void;
  /** Accept, read, answer nothing; nothing reaches the target either. Live connections too. */
  blackHole(): void;
  /** The target still hears the client; the client hears nothing more. */
  deafen(): void;
  /** RST both ways, now. */
  reset(): void;
  /** RST every new connection. */
  refuse(): void;
  /** Pass on exactly `bytes` from the client, then RST both ways: what came before has arrived, nothing after. */
  cutAfterUp(bytes: number): void;
  /** The same, counted in bytes from the target. */
  cutAfterDown(bytes: number): void;
  /** Resolves when the client has sent that many bytes since the last heal(). */
  sent(bytes: number): Promise<void>;
  /** From now on: what a client says with `word` in it still arrives, its answer does not, and the connection breaks. Counts how often. */
  loseAnswersTo(word: string): { readonly times: number };
  close(): Promise<void>;
};

type State = { hole: boolean; deaf: boolean; refuse: boolean; upLimit: number; downLimit: number; connections: number; up: number; down: number; waiting: { bytes: number; done: () => void }[]; lose: { word: string; times: number } | null };
type Pair = { client: net.Socket; target: net.Socket };

const healthy = (): State => ({ hole: false, deaf: false, refuse: false, upLimit: Infinity, downLimit: Infinity, connections: 0, up: 0, down: 0, waiting: [], lose: null });

/** Flushes what was passed on, then ends the connection without a farewell. */
const snap = (pair: Pair): void => {
  const reset = (s: net.Socket): void => { if (!s.destroyed) s.resetAndDestroy(); };
  reset(pair.client);
  // FIN after the data, as an RST could overtake bytes the target is meant to have.
  if (pair.target.writableLength > 0) { pair.target.end(() => pair.target.destroy()); return; }
  setImmediate(() => { pair.target.end(); setTimeout(() => reset(pair.target), 20); });
};

/** Long enough for what was passed on to be done, short enough that nobody gives up before it breaks. */
const ANSWER_MS = 60;

const join = (pair: Pair, state: State): void => {
  let mute = false;
  const look = (chunk: Buffer): void => {
    for (const w of state.waiting.filter((x) => state.up >= x.bytes)) { state.waiting.splice(state.waiting.indexOf(w), 1); w.done(); }
    if (mute || !state.lose || !chunk.includes(state.lose.word)) return;
    state.lose.times++;
    mute = true;
    setTimeout(() => { snap(pair); }, ANSWER_MS);
  };
  const pass = (from: net.Socket, to: net.Socket, way: "up" | "down"): void => {
    from.on("data", (chunk: Buffer) => {
      const room = (way === "up" ? state.upLimit : state.downLimit) - state[way];
      state[way] += chunk.length;
      if (way === "up") look(chunk);
      if (state.hole || (way === "down" && (state.deaf || mute))) return;
      if (room > 0 && !to.destroyed && to.writable) to.write(room < chunk.length ? chunk.subarray(0, room) : chunk);
      if (room <= chunk.length) snap(pair);
    });
    from.on("error", () => to.destroy());
    from.on("close", () => { if (!state.hole && !(way === "down" && state.deaf)) to.end(); });
  };
  pass(pair.client, pair.target, "up");
  pass(pair.target, pair.client, "down");
};

/** In front of `host`:`target`; `port` 0 or absent takes a free one. */
export const faultProxy = async (target: number, port = 0, host = "127.0.0.1"): Promise<FaultProxy> => {
  let state = healthy();
  const pairs = new Set<Pair>();
  const server = net.createServer((client) => {
    state.connections++;
    client.on("error", () => undefined);
    if (state.refuse) return client.resetAndDestroy();
    const pair = { client, target: net.connect({ host, port: target, noDelay: true }) };
    client.setNoDelay(true);
    pairs.add(pair);
    client.on("close", () => pairs.delete(pair));
    join(pair, state);
  });
  await new Promise<void>((up, fail) => server.once("error", fail).listen(port, "127.0.0.1", up));
  const reset = (): void => { for (const pair of pairs) snap(pair); };
  const close = (): Promise<void> => new Promise((done) => { reset(); server.close(() => done()); });
  return {
    host: "127.0.0.1", port: (server.address() as net.AddressInfo).port,
    get connections() { return state.connections; }, get up() { return state.up; }, get down() { return state.down; },
    heal: () => { reset(); state = healthy(); }, blackHole: () => { state.hole = true; }, deafen: () => { state.deaf = true; }, reset,
    refuse: () => { state.refuse = true; }, cutAfterUp: (n) => { state.upLimit = n; }, cutAfterDown: (n) => { state.downLimit = n; },
    sent: (bytes) => new Promise((done) => { if (state.up >= bytes) done(); else state.waiting.push({ bytes, done }); }),
    loseAnswersTo: (word) => (state.lose = { word, times: 0 }),
    close, [Symbol.asyncDispose]: close,
  };
};
