/**
 * What a session may consist of. Rule: the one list of kinds and the one function that decides them, for broker and session processes alike;
 * what is not named is refused. Where a forward leads is seen from the target: it travels over the target's connection, never from the broker.
 */
import { like } from "./like.ts";

export const CHANNELS = ["shell", "exec", "sftp", "scp", "direct-tcpip", "forwarded-tcpip", "streamlocal", "agent", "x11", "subsystem", "desktop"] as const;
export type ChannelKind = (typeof CHANNELS)[number];
/** What a policy gives that says nothing. */
export const USUAL: readonly ChannelKind[] = ["shell", "exec", "sftp", "scp", "desktop"];
/** The target itself; no policy reaches further unless it says so. */
export const ITSELF = "localhost:*";

export type ChannelTerms = { readonly channels: readonly ChannelKind[]; readonly forwardTo: readonly string[] };
export type Wish =
  | { readonly kind: Exclude<ChannelKind, "direct-tcpip" | "forwarded-tcpip" | "streamlocal"> }
  | { readonly kind: "direct-tcpip"; readonly host: string; readonly port: number }
  /** The target listens; `bind` as the client wrote it. */
  | { readonly kind: "forwarded-tcpip"; readonly bind: string; readonly port: number }
  /** `back`: the target listens on the path. */
  | { readonly kind: "streamlocal"; readonly path: string; readonly back: boolean };

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;
const HOST = /^[a-z0-9._:-]{1,255}$/;

/** One spelling for one place, as far as a name says: lower case, no closing dot, every loopback address `localhost`. Null: no host name. */
export const hostOf = (text: string): string | null => {
  const host = text.toLowerCase().replace(/\.$/, "").replace(/^\[(.*)\]$/, "$1");
  return !HOST.test(host) ? null : LOOPBACK.test(host) ? "localhost" : host;
};

/** `host:port`, either with stars, or the path of a socket. */
export const isDestination = (text: string): boolean => /^\/\S{1,200}$/.test(text) || /^[A-Za-z0-9._:*[\]-]{1,255}:(\*|\d{1,5})$/.test(text);

const reaches = (pattern: string, host: string, port: number): boolean => {
  const cut = pattern.lastIndexOf(":"), where = pattern.slice(0, cut), on = pattern.slice(cut + 1);
  return (on === "*" || Number(on) === port) && like(where.includes("*") ? where.toLowerCase() : hostOf(where) ?? "", host);
};
const reachesSocket = (patterns: readonly string[], path: string): boolean =>
  !path.includes("..") && !path.includes("//") && !path.includes("/./") && patterns.some((p) => p.startsWith("/") && like(p, path));

const CALLED: Partial<Record<ChannelKind, string>> = {
  "sftp": "file transfer by sftp", "scp": "file transfer by scp", "direct-tcpip": "port forwarding (-L, -D)", "forwarded-tcpip": "port forwarding back (-R)",
  "streamlocal": "forwarding of sockets", "agent": "agent forwarding", "x11": "X11 forwarding", "subsystem": "this subsystem", "desktop": "a desktop session",
};
/** Why not, as a sentence for the person; null: go on. */
export const refusal = (terms: ChannelTerms, wish: Wish): string | null => {
  if (!terms.channels.includes(wish.kind)) return `Your access does not include ${CALLED[wish.kind] ?? wish.kind}.`;
  switch (wish.kind) {
    case "direct-tcpip": {
      const host = hostOf(wish.host);
      return host !== null && terms.forwardTo.some((p) => !p.startsWith("/") && reaches(p, host, wish.port)) ? null
        : `Your access does not include forwarding to ${host ?? "this host"}:${wish.port}.`;
    }
    case "forwarded-tcpip": return hostOf(wish.bind) === "localhost" ? null : "The target listens for you on its own loopback address only: -R localhost:port:host:port.";
    case "streamlocal": return reachesSocket(terms.forwardTo, wish.path) ? null : "Your access does not include forwarding this socket.";
    default: return null;
  }
};
