/** The SOAP messages of a remote shell (MS-WSMV). Rule: text in, text out; every value is escaped where it is put in, and read by its local name. */
const SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell", TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
export const ACTIONS = { create: `${TRANSFER}/Create`, delete: `${TRANSFER}/Delete`, command: `${SHELL}/Command`, send: `${SHELL}/Send`, receive: `${SHELL}/Receive`, signal: `${SHELL}/Signal` } as const;
export type Action = keyof typeof ACTIONS;
export const TERMINATE = `${SHELL}/signal/terminate`, DONE = /CommandState\/Done$/;

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const NAMES = `xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"`
  + ` xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd" xmlns:rsp="${SHELL}"`;
const MUST = `s:mustUnderstand="true"`, LOCALE = `xml:lang="en-US" s:mustUnderstand="false"`;
const options = (all: Readonly<Record<string, string>>): string =>
  Object.keys(all).length === 0 ? "" : `<w:OptionSet>${Object.entries(all).map(([n, v]) => `<w:Option Name="${escaped(n)}">${escaped(v)}</w:Option>`).join("")}</w:OptionSet>`;

export type Message = { readonly action: Action; readonly to: string; readonly id: string; readonly seconds: number; readonly shell?: string; readonly options?: Readonly<Record<string, string>>; readonly body: string };
export const envelope = (m: Message): string => `<?xml version="1.0" encoding="UTF-8"?><s:Envelope ${NAMES}><s:Header><a:To>${escaped(m.to)}</a:To>`
  + `<a:ReplyTo><a:Address ${MUST}>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo><w:MaxEnvelopeSize ${MUST}>153600</w:MaxEnvelopeSize>`
  + `<a:MessageID>uuid:${m.id}</a:MessageID><w:Locale ${LOCALE}/><p:DataLocale ${LOCALE}/><w:OperationTimeout>PT${m.seconds}.000S</w:OperationTimeout>`
  + `<w:ResourceURI ${MUST}>${SHELL}/cmd</w:ResourceURI><a:Action ${MUST}>${ACTIONS[m.action]}</a:Action>`
  + `${m.shell === undefined ? "" : `<w:SelectorSet><w:Selector Name="ShellId">${escaped(m.shell)}</w:Selector></w:SelectorSet>`}${options(m.options ?? {})}</s:Header><s:Body>${m.body}</s:Body></s:Envelope>`;

export const createBody = "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>";
export const commandBody = (command: string, args: readonly string[]): string =>
  `<rsp:CommandLine><rsp:Command>${escaped(command)}</rsp:Command>${args.map((x) => `<rsp:Arguments>${escaped(x)}</rsp:Arguments>`).join("")}</rsp:CommandLine>`;
export const sendBody = (command: string, input: Buffer): string => `<rsp:Send><rsp:Stream Name="stdin" CommandId="${escaped(command)}" End="true">${input.toString("base64")}</rsp:Stream></rsp:Send>`;
export const receiveBody = (command: string): string => `<rsp:Receive><rsp:DesiredStream CommandId="${escaped(command)}">stdout stderr</rsp:DesiredStream></rsp:Receive>`;
export const signalBody = (command: string): string => `<rsp:Signal CommandId="${escaped(command)}"><rsp:Code>${TERMINATE}</rsp:Code></rsp:Signal>`;

const ENTITY: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'" };
const unescaped = (text: string): string => text.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
  const n = hex ? parseInt(hex, 16) : decimal ? Number(decimal) : NaN;
  return name ? ENTITY[name.toLowerCase()]! : n <= 0x10ffff ? String.fromCodePoint(n) : whole;
});
export type Tag = { readonly attributes: Readonly<Record<string, string>>; readonly text: string };
/** An element of WS-Man has a handful. */
const ATTRIBUTES = 64;
/** Each begins where the one before ended: the target's text is gone over once. */
const attributesOf = (text: string): Record<string, string> => {
  const one = /\s*([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/y, found: [string, string][] = [];
  for (let m = one.exec(text); m !== null && found.length < ATTRIBUTES; m = one.exec(text)) found.push([m[1]!.replace(/^.*:/, ""), unescaped(m[2] ?? m[3] ?? "")]);
  return Object.fromEntries(found);
};
/**
 * Every element of this local name, whatever its prefix; what is inside is text. The text is gone over once, forwards: where no end is left, nothing that
 * begins has one, and is not looked for again.
 */
export const tags = (xml: string, local: string): Tag[] => {
  const begins = new RegExp(`<(?:[\\w.-]+:)?${local}((?:\\s[^<>]*)?)>|<(?:[\\w.-]+:)?${local}/>`, "g"), ends = new RegExp(`</(?:[\\w.-]+:)?${local}\\s*>`, "g"), found: Tag[] = [];
  let left = true;
  for (let m = begins.exec(xml); m !== null; m = begins.exec(xml)) {
    const said = m[1] ?? "/", empty = said.endsWith("/"), from = ends.lastIndex = begins.lastIndex, end: RegExpExecArray | null = empty || !left ? null : ends.exec(xml);
    left &&= empty || end !== null;
    if (!empty && end === null) continue;
    if (end !== null) begins.lastIndex = ends.lastIndex;
    found.push({ attributes: attributesOf(empty ? said.slice(0, -1) : said), text: end === null ? "" : unescaped(xml.slice(from, end.index).trim()) });
  }
  return found;
};
