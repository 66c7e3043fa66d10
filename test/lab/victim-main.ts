/** A process that does nothing but call connectors, as it is told by victim.ts. Rule: no handler for what nobody caught: it dies of it, as is looked for. */
import { createRequire } from "node:module";
import { connectors } from "../../src/connectors/index.ts";
import { mssql } from "../../src/connectors/mssql.ts";
import { oracle } from "../../src/connectors/oracle.ts";
import type { Connector } from "../../src/connectors/connector.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import type { Asked, Told } from "./victim.ts";

const known = connectors(systemRandom);
/** `drivers`: where those are that do not come with Lockstep. */
const connector = ({ platform, drivers }: Asked): Connector => {
  const from = (name: string, file = ""): never => createRequire(drivers[name]!)(`${name}${file}`) as never;
  if (platform === "mssql" && drivers["tedious"] !== undefined) return mssql(systemRandom, () => Promise.resolve(from("tedious"))) as Connector;
  if (platform === "oracle" && drivers["oracledb"] !== undefined) {
    return oracle(systemRandom, () => Promise.resolve({ oracledb: from("oracledb"), transport: from("oracledb", "/lib/thin/sqlnet/ntTcp.js") })) as Connector;
  }
  return known.get(platform)!;
};
const answer = async (a: Asked): Promise<unknown> => {
  const c = connector(a), link = directLink({ host: "127.0.0.1", port: a.port }), signal = AbortSignal.timeout(a.limit), who = { name: a.account };
  const secret = Secret.of("Old-Geheim-1234!"), as = { name: a.as, secret: Secret.of("Boss-Geheim-1234!") }, config = c.config.parse(a.config);
  switch (a.verb) {
    case "probe": return c.probe(config, link, who, secret, signal);
    case "change": return c.change(config, link, who, { to: Secret.of("New-Geheim-1234!"), from: secret, ...(a.as === a.account ? {} : { as }) }, signal);
    case "compare": return c.compare?.(config, link, who, [secret], as, signal);
    case "discover": return c.discover?.(config, link, as, signal);
    case "test": return c.test?.(config, link, as, signal);
    case "identity": return c.identity?.(link, signal);
  }
};
const tell = (told: Told): void => { process.send?.(told); };

process.on("disconnect", () => process.exit(0));
process.on("message", (asked: Asked) => {
  const begun = performance.now();
  answer(asked).then((answered) => tell({ id: asked.id, answered: answered ?? null, ms: performance.now() - begun }),
    (e: unknown) => tell({ id: asked.id, threw: e instanceof Error ? `${e.name}: ${e.message}` : String(e), ms: performance.now() - begun }));
});
tell({ ready: true });
