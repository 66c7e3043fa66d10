/** Channels whose bytes are a protocol: readers see what was done in them, as the recorder told it. Rule: pure; one operation, one line. */
export const TOLD: ReadonlySet<string> = new Set(["sftp", "direct-tcpip", "forwarded-tcpip", "streamlocal", "agent", "x11", "desktop"]);

type Moved = { readonly bytes: number; readonly sha256: string | null };
/** What an `event` frame says. */
export type Operation = {
  readonly op: string; readonly path: string; readonly to?: string; readonly detail?: string; readonly result: string; readonly refused?: string;
  readonly entries?: number; readonly read?: Moved; readonly written?: Moved;
};
const movedOf = (o: Operation): string => (["read", "written"] as const)
  .flatMap((w) => (o[w] === undefined ? [] : [` ${w} ${o[w].bytes} bytes, ${o[w].sha256 === null ? "no hash" : `SHA-256 ${o[w].sha256}`}`])).join(",");

/** As a terminal shows it. */
export const lineOf = (o: Operation): string =>
  `${o.op}${o.path === "" ? "" : ` ${o.path}`}${o.to === undefined ? "" : ` -> ${o.to}`}${o.detail === undefined ? "" : ` (${o.detail})`}`
  + `${o.entries === undefined ? "" : ` ${o.entries} entries`}${movedOf(o)}: ${o.refused ?? o.result}\r\n`;
