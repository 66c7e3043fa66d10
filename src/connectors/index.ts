/** The kinds of targets we know, by platform name. Rule: a connector is listed here only when test/connectors/contract.ts runs against it. */
import type { Random } from "../kernel/clock.ts";
import { activeDirectory } from "./active-directory.ts";
import type { Connector } from "./connector.ts";
import { linuxSsh } from "./linux-ssh.ts";
import { mysql } from "./mysql.ts";
import { openldap } from "./openldap.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";

export const connectors = (random: Random): ReadonlyMap<string, Connector> =>
  new Map([
    linuxSsh(random) as Connector,
    postgres(random) as Connector,
    mysql(random) as Connector,
    redis(random) as Connector,
    openldap() as Connector,
    activeDirectory() as Connector,
  ].map((c) => [c.platform, c]));
