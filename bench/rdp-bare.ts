/** guacamole-lite as its own README uses it: its server, its token, nothing of ours. Rule: it is what is measured against, so nothing is mended in it. */
import { createRequire } from "node:module";

type Start = { readonly guacd: { readonly host: string; readonly port: number }; readonly key: string };
type Lite = new (ws: object, guacd: object, client: object) => { webSocketServer: { address(): { port: number }; once(event: "listening", then: () => void): void } };
const GuacamoleLite = createRequire(import.meta.url)("guacamole-lite") as Lite;

process.once("message", ({ guacd, key }: Start) => {
  const server = new GuacamoleLite({ port: 0, host: "127.0.0.1" }, guacd, { crypt: { cypher: "AES-256-CBC", key: Buffer.from(key, "base64") }, maxInactivityTime: 0, log: { level: "ERRORS", stdLog: () => undefined, errorLog: console.error } });
  server.webSocketServer.once("listening", () => { process.send!({ port: server.webSocketServer.address().port }); });
});
process.on("disconnect", () => process.exit(0));
