/**
 * The stand-in for SQL Server as the contract wants its targets. Rule: whether a password is in force is what PWDCOMPARE would say of the stand-in's
 * own table.
 */
import { mssql, type MssqlConfig } from "../../src/connectors/mssql.ts";
import { systemRandom, type Random } from "../../src/kernel/clock.ts";
import type { LoadTedious } from "../../src/wires/tds.ts";
import { certificate } from "../lab/certificate.ts";
import { opens, type SqlServer } from "../lab/sql-server.ts";
import { scratch } from "../lab/scratch.ts";
import { tdsServer } from "../lab/tds.ts";
import type { Named, World } from "./contract.ts";

export const ROTATOR: Named = { name: "rotator", password: "Rotator-Pw-1!x9Qz" };
export const RIGHTS = ["ALTER ANY LOGIN", "CONTROL SERVER", "VIEW SERVER STATE", "ALTER ANY CONNECTION"];
export const pinned = (s: SqlServer): MssqlConfig => ({ tls: "pinned", certificates: [s.certificate.fingerprint], authority: "" });
let serial = 0;
export const login = (s: SqlServer, o: Parameters<SqlServer["add"]>[2] = {}, name = `app${++serial}`): Named => {
  const password = `Old-${++serial}-${systemRandom.bytes(6).toString("base64url")}`;
  s.add(name, password, o);
  return { name, password };
};
/** Another certificate; what was said inside its TLS was said to it. */
const impostor: World<MssqlConfig>["impostor"] = async () => {
  const shown: string[] = [],
    made = await certificate(await scratch("impostor", false));
  const server = await tdsServer({
    certificate: made,
    answers: {
      login: (u, p) => {
        shown.push(`${u}:${p}`);
        return null;
      },
      batch: (_, sql) => {
        shown.push(sql);
        return null;
      },
    },
    heard: (type, body) => {
      if (type !== 0x12) shown.push(body.toString("utf16le"));
    },
  });
  return { address: { host: server.host, port: server.port }, shown: () => shown, close: () => void server.stop() };
};
/** Its four bytes of salt are drawn immediately before the change leaves. */
const trapped = (onSalt: () => void): Random => ({
  ...systemRandom,
  bytes: (n) => {
    if (n === 4) onSalt();
    return systemRandom.bytes(n);
  },
});
export const world = (server: () => SqlServer, load: LoadTedious): World<MssqlConfig> => ({
  make: (random) => mssql(random, load),
  struck: (onSend) => mssql(trapped(onSend), load),
  as: () => ROTATOR,
  impostor,
  seenRunning: /alter login/,
  config: () => pinned(server()),
  address: () => ({ host: server().host, port: server().port }),
  account: () => Promise.resolve(login(server())),
  fits: (name, password) => Promise.resolve(opens(server().find(name)?.hash ?? "", password)),
  everybody: () => Promise.resolve(server().everybody()),
  foreign: (name) => {
    server().find(name)!.hash = `0x0300${"AB".repeat(68)}`;
    return Promise.resolve();
  },
  policy: (a) => {
    const l = server().find(a.name)!;
    l.policed = true;
    return Promise.resolve({
      to: "abc1-Xy",
      change: "administrative",
      words: /too short/,
      undo: () => {
        l.policed = false;
        return Promise.resolve();
      },
    });
  },
  stop: () => server().stop(),
  start: () => server().start(),
  log: () => Promise.resolve(server().log().join("\n")),
  watch: () => Promise.resolve(() => Promise.resolve(server().log().join("\n"))),
});
