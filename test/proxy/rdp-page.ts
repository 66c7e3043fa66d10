/** A page of a desktop as far as its socket goes. Rule: it answers `sync` as a real one does, and keeps every instruction it was shown. */
import WebSocket from "ws";
import type { Instruction } from "../../proxy/rdp/instructions.ts";
import { instruction, parse } from "../../proxy/rdp/instructions.ts";
import { PROTOCOL } from "../../proxy/rdp/messages.ts";
import { eventually } from "./ssh-lab.ts";

type Message = { type: string } & Record<string, unknown>;
export type DesktopPage = {
  readonly ws: WebSocket; readonly said: Message[]; readonly shown: Instruction[]; text(): string; readonly bytes: () => number;
  tell(...parts: (string | number)[]): void; key(keysym: number): void; type(text: string): void;
  hears(type: string, ms?: number): Promise<Message>; sees(opcode: string, ms?: number): Promise<Instruction>; closed(): Promise<number>;
};
export type PageOptions = { readonly polite?: boolean; readonly start?: object | false; readonly keep?: boolean };

/** Keysyms of what is typed: ASCII is itself, Return has its own. */
const keysymOf = (c: string): number => (c === "\n" ? 0xff0d : c.codePointAt(0)!);
const SHIFT = 0xffe1, SHIFTED = /[A-Z~!@#$%^&*()_+{}|:"<>?]/;

export const pageOn = (ws: WebSocket, o: PageOptions = {}): DesktopPage => {
  const said: Message[] = [], shown: Instruction[] = [], texts: string[] = [];
  let code = 0, total = 0;
  const tell = (...parts: (string | number)[]): void => { if (ws.readyState === WebSocket.OPEN) ws.send(instruction(...parts)); };
  ws.on("error", () => undefined).on("close", (c) => { code = c; });
  ws.on("open", () => { if (o.start !== false) ws.send(JSON.stringify({ type: "start", width: 1024, height: 768, ...o.start })); });
  ws.on("message", (data) => {
    const text = (data as Buffer).toString();
    total += (data as Buffer).length;
    if (text.startsWith("{")) return void said.push(JSON.parse(text) as Message);
    if (o.keep !== false) texts.push(text);
    const all = parse(text);
    if (all === undefined) throw new Error(`a page was shown no instructions: ${text.slice(0, 200)}`);
    for (const it of all) {
      if (o.keep !== false) shown.push(it);
      if (it[0] === "sync" && o.polite !== false) tell("sync", it[1]!);
    }
  });
  const key = (keysym: number): void => { tell("key", keysym, 1); tell("key", keysym, 0); };
  return {
    ws, said, shown, tell, key, text: () => texts.join(""), bytes: () => total,
    type: (text) => { for (const c of text) { const up = SHIFTED.test(c); if (up) tell("key", SHIFT, 1); key(keysymOf(c)); if (up) tell("key", SHIFT, 0); } },
    hears: (type, ms) => eventually(() => said.find((m) => m.type === type), ms), sees: (opcode, ms) => eventually(() => shown.find((i) => i[0] === opcode), ms),
    closed: () => eventually(() => code || undefined),
  };
};
export const socketTo = (path: string, connect: () => import("node:net").Socket): WebSocket =>
  new WebSocket(`ws://session${path}`, [PROTOCOL], { createConnection: connect, headers: { "lockstep-arrival": "login-of-requester" }, perMessageDeflate: false });
