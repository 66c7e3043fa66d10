/** Channels whose bytes are a protocol: readers see what was done in them, as the recorder told it. Rule: pure; one operation, one line, whatever its names hold. */
export const TOLD: ReadonlySet<string> = new Set(["sftp", "direct-tcpip", "forwarded-tcpip", "streamlocal", "agent", "x11", "desktop"]);

type Moved = { readonly bytes: number; readonly sha256: string | null };
/** What an `event` frame says. */
export type Operation = {
  readonly op: string; readonly path: string; readonly to?: string; readonly detail?: string; readonly result: string; readonly refused?: string;
  readonly entries?: number; readonly read?: Moved; readonly written?: Moved;
};
const movedOf = (o: Operation): string => (["read", "written"] as const)
  .flatMap((w) => (o[w] === undefined ? [] : [` ${w} ${o[w].bytes} bytes, ${o[w].sha256 === null ? "no hash" : `SHA-256 ${o[w].sha256}`}`])).join(",");

/** Told by proxies, which write them out already; recordings on disk are older than that. */
const CONTROL = /\p{Cc}/gu;
const writtenOut = (line: string): string => line.replace(CONTROL, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);

/** As a terminal shows it. */
export const lineOf = (o: Operation): string => `${writtenOut(wordsOf(o))}\r\n`;
const wordsOf = (o: Operation): string =>
  `${o.op}${o.path === "" ? "" : ` ${o.path}`}${o.to === undefined ? "" : ` -> ${o.to}`}${o.detail === undefined ? "" : ` (${o.detail})`}`
  + `${o.entries === undefined ? "" : ` ${o.entries} entries`}${movedOf(o)}: ${o.refused ?? o.result}`;
