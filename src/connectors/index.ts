/** The kinds of targets we know, by platform name. Rule: a connector is listed here only when test/connectors/contract.ts runs against it. */
import type { Random } from "../kernel/clock.ts";
import { activeDirectory } from "./active-directory.ts";
import { shippedSet } from "./command-set.ts";
import { shippedSets } from "./command-set/shipped.ts";
import type { Connector } from "./connector.ts";
import { PRODUCTS } from "./http/products.ts";
import { http } from "./http.ts";
import { linuxAgent, macosAgent, windowsAgent } from "./linux-agent.ts";
import { linuxKeys } from "./linux-keys.ts";
import { linuxSsh } from "./linux-ssh.ts";
import { mssql } from "./mssql.ts";
import { mysql } from "./mysql.ts";
import { openldap } from "./openldap.ts";
import { oracle } from "./oracle.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import { windowsSmb } from "./windows-smb.ts";
import { windowsSsh } from "./windows-ssh.ts";
import { windowsWinrm } from "./windows-winrm.ts";

/** Devices with a command line, each set a platform. Behind a draft no account is managed before a trial on that very device (flow/platform-test.ts). */
const devices = (): Connector[] => shippedSets().map(({ set }) => shippedSet(set) as Connector);

export const connectors = (random: Random): ReadonlyMap<string, Connector> =>
  new Map([
    linuxSsh(random) as Connector,
    linuxKeys(random) as Connector,
    linuxAgent() as Connector,
    windowsAgent() as Connector,
    macosAgent() as Connector,
    postgres(random) as Connector,
    mysql(random) as Connector,
    mssql(random) as Connector,
    oracle(random) as Connector,
    redis(random) as Connector,
    openldap() as Connector,
    activeDirectory() as Connector,
    windowsSmb() as Connector,
    windowsWinrm(random) as Connector,
    windowsSsh() as Connector,
    ...devices(),
    ...PRODUCTS.map((p) => http(p)(random) as Connector),
  ].map((c) => [c.platform, c]));
