/**
 * A WS-Man server of our own, with local accounts in memory: there is no Windows here. Rule: it is a stand-in for framing and logins, checked by two foreign clients
 * (test/wires/winrm-foreign.test.ts); what it does for a script of ours is what Windows is documented to do, and proves nothing about Windows.
 */
import { X509Certificate, randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import https from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ntlmv2 } from "../../src/wires/ntlm.ts";
import { tags } from "../../src/wires/winrm-words.ts";
import { certificate } from "./certificate.ts";
import { scratch } from "./scratch.ts";
import { standIn, type Machine } from "./powershell.ts";

export type WinrmServer = AsyncDisposable & {
  readonly host: "127.0.0.1"; readonly port: number; readonly fingerprint: string; readonly authority: string; readonly machine: Machine;
  /** Every command line that was started, every line of its log. */
  commands(): readonly string[]; log(): string;
  stop(): Promise<void>; start(): Promise<void>; destroy(): Promise<void>;
};
const SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
/** `to`: the message it answers. */
const SOAP = (body: string, action = "", to = ""): string => `<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="${SHELL}" xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer"><s:Header><a:Action>${action}</a:Action><a:MessageID>uuid:${randomBytes(8).toString("hex")}</a:MessageID><a:RelatesTo>${to}</a:RelatesTo></s:Header><s:Body>${body}</s:Body></s:Envelope>`;
const FAULT = (code: string, subcode: string): string => SOAP(`<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>${subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">said no</s:Text></s:Reason><s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="${code}" Machine="LAB"><f:Message>said no</f:Message></f:WSManFault></s:Detail></s:Fault>`);

/** A challenge as Windows makes one: names of the machine, and the time. */
const challenge = (name: string, nonce: Buffer): Buffer => {
  const utf = Buffer.from(name, "utf16le"), time = Buffer.alloc(8), pair = (id: number, value: Buffer): Buffer => { const h = Buffer.alloc(4); h.writeUInt16LE(id); h.writeUInt16LE(value.length, 2); return Buffer.concat([h, value]); };
  time.writeBigUInt64LE((BigInt(Date.now()) + 11_644_473_600_000n) * 10_000n);
  const info = Buffer.concat([pair(2, utf), pair(1, utf), pair(4, utf), pair(3, utf), pair(7, time), Buffer.alloc(4)]), head = Buffer.alloc(56);
  head.write("NTLMSSP\0", "latin1");
  head.writeUInt32LE(2, 8);
  head.writeUInt16LE(utf.length, 12); head.writeUInt16LE(utf.length, 14); head.writeUInt32LE(56, 16);
  head.writeUInt32LE(0xe28a8215, 20);
  nonce.copy(head, 24);
  head.writeUInt16LE(info.length, 40); head.writeUInt16LE(info.length, 42); head.writeUInt32LE(56 + utf.length, 44);
  Buffer.from("0a0063450000000f", "hex").copy(head, 48);
  return Buffer.concat([head, utf, info]);
};
/** The third message judged with each account's password; whose it is. */
const judge = (raw: Buffer, nonce: Buffer, machine: Machine): string | null => {
  const field = (at: number): Buffer => raw.subarray(raw.readUInt32LE(at + 4), raw.readUInt32LE(at + 4) + raw.readUInt16LE(at));
  const nt = field(20), domain = field(28).toString("utf16le"), user = field(36).toString("utf16le"), account = machine.find(user);
  if (nt.length < 48 || !account) return null;
  const again = ntlmv2({ user, domain, password: account.password }, nonce, nt.subarray(32, 40), nt.subarray(24, 32), nt.subarray(44, -4));
  return again.nt.equals(nt) ? account.name : null;
};

type Session = { user: string | null; nonce: Buffer | null };
type Command = { argv: string[]; input: Buffer[]; whole: boolean; done: boolean };
const GROUPS = ["Administrators", "Remote Management Users"];

export const winrmServer = async (): Promise<WinrmServer> => {
  const dir = await scratch("winrm", false), made = await certificate(dir), machine = standIn("LAB-WIN"), sessions = new WeakMap<Socket, Session>(), sockets = new Set<Socket>(), said: string[] = [], commands: string[] = [];
  const shells = new Map<string, { user: string; commands: Map<string, Command> }>();

  const login = (request: IncomingMessage, response: ServerResponse): string | null => {
    const session = sessions.get(request.socket) ?? { user: null, nonce: null }, header = request.headers.authorization ?? "", token = Buffer.from(header.replace(/^\w+\s+/, ""), "base64");
    sessions.set(request.socket, session);
    const no = (offer: readonly string[]): null => { said.push("401"); response.writeHead(401, { "WWW-Authenticate": [...offer], "Content-Length": "0" }).end(); return null; };
    if (header.startsWith("Basic ")) {
      const text = token.toString("utf8"), at = text.indexOf(":"), account = machine.login(text.slice(0, at), text.slice(at + 1));
      return account ?? no(["Negotiate", "Basic realm=\"WSMAN\""]);
    }
    if (/^(Negotiate|NTLM) /.test(header) && token.readUInt32LE(8) === 1) {
      session.nonce = randomBytes(8);
      return no([`${header.split(" ")[0]!} ${challenge(machine.name, session.nonce).toString("base64")}`]);
    }
    if (/^(Negotiate|NTLM) /.test(header) && session.nonce) {
      const user = judge(token, session.nonce, machine);
      session.nonce = null;
      session.user = user === null ? null : machine.login(user, machine.find(user)!.password);
      if (session.user === null) machine.failed(token);
    }
    return session.user ?? no(["Negotiate", "NTLM", "Basic realm=\"WSMAN\""]);
  };
  const answer = (user: string, xml: string): { status: number; body: string } => {
    const action = tags(xml, "Action")[0]?.text ?? "", id = tags(xml, "Selector")[0]?.text ?? "", shell = shells.get(id), verb = action.split("/").at(-1)!, ok = (body: string) => ({ status: 200, body: SOAP(body, `${action}Response`, tags(xml, "MessageID")[0]?.text) });
    if (!machine.groups(user).some((g) => GROUPS.includes(g))) return { status: 500, body: FAULT("5", "w:AccessDenied") };
    if (verb === "Create") {
      const made_ = randomBytes(16).toString("hex").toUpperCase();
      shells.set(made_, { user, commands: new Map() });
      return ok(`<x:ResourceCreated><a:Address>https://x/wsman</a:Address><a:ReferenceParameters><w:ResourceURI>${SHELL}/cmd</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">${made_}</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated><rsp:Shell><rsp:ShellId>${made_}</rsp:ShellId></rsp:Shell>`);
    }
    if (!shell || shell.user !== user) return { status: 500, body: FAULT("2150858843", "w:InvalidSelectors") };
    const of = tags(xml, "Stream")[0]?.attributes["CommandId"] ?? tags(xml, "DesiredStream")[0]?.attributes["CommandId"] ?? "", command = shell.commands.get(of);
    if (verb === "Command") {
      const made_ = randomBytes(16).toString("hex").toUpperCase(), argv = [tags(xml, "Command")[0]!.text, ...tags(xml, "Arguments").map((t) => t.text)];
      commands.push(argv.join(" "));
      shell.commands.set(made_, { argv, input: [], whole: false, done: false });
      return ok(`<rsp:CommandResponse><rsp:CommandId>${made_}</rsp:CommandId></rsp:CommandResponse>`);
    }
    if (verb === "Send" && command) {
      for (const t of tags(xml, "Stream")) { command.input.push(Buffer.from(t.text, "base64")); command.whole ||= t.attributes["End"]?.toLowerCase() === "true"; }
      return ok("<rsp:SendResponse/>");
    }
    if (verb === "Receive" && command) {
      const ran = machine.run(user, command.argv, Buffer.concat(command.input), command.whole);
      if (ran === null) return { status: 500, body: FAULT("2150858793", "w:TimedOut") };
      const stream = (name: string, text: string): string => `<rsp:Stream Name="${name}" CommandId="${of}">${Buffer.from(text).toString("base64")}</rsp:Stream><rsp:Stream Name="${name}" CommandId="${of}" End="true"></rsp:Stream>`;
      return ok(`<rsp:ReceiveResponse>${stream("stdout", ran.stdout)}${stream("stderr", ran.stderr)}<rsp:CommandState CommandId="${of}" State="${SHELL}/CommandState/Done"><rsp:ExitCode>${ran.code}</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>`);
    }
    if (verb === "Delete") shells.delete(id);
    return ok(verb === "Signal" ? "<rsp:SignalResponse/>" : "");
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const parts: Buffer[] = [];
    request.on("data", (p: Buffer) => parts.push(p)).on("error", () => undefined).on("end", () => {
      const user = login(request, response);
      if (user === null) return;
      const { status, body } = answer(user, Buffer.concat(parts).toString("utf8"));
      said.push(`${user} ${status}`);
      response.writeHead(status, { "Content-Type": "application/soap+xml;charset=UTF-8", "Content-Length": String(Buffer.byteLength(body)) }).end(body);
    });
  };
  const server = https.createServer({ cert: made.crt, key: made.key, keepAliveTimeout: 60_000 }, handle);
  server.on("connection", (s: Socket) => { sockets.add(s); s.on("close", () => sockets.delete(s)).on("error", () => undefined); });
  server.on("tlsClientError", () => undefined);
  let port = 0;
  const start = (): Promise<void> => new Promise((up) => { server.listen(port, "127.0.0.1", () => { ({ port } = server.address() as AddressInfo); up(); }); });
  const stop = (): Promise<void> => new Promise((down) => { for (const s of sockets) s.destroy(); server.close(() => down()); });
  await start();
  const destroy = async (): Promise<void> => { if (server.listening) await stop(); await rm(dir, { recursive: true, force: true }); };
  return {
    host: "127.0.0.1", port, fingerprint: new X509Certificate(made.crt).fingerprint256, authority: made.authority, machine, commands: () => commands, log: () => [...said, ...machine.log()].join("\n"), start, stop, destroy, [Symbol.asyncDispose]: destroy,
  };
};
