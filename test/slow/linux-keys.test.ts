/** Keys through sudo, with exactly the line that is documented, against a real sshd: the whole contract once more. As root: test/connectors/linux-keys.test.ts. */
import { afterAll, beforeAll, describe } from "vitest";
import { contract } from "../connectors/contract.ts";
import { ADMIN, keyed, keyedHost } from "../connectors/linux-keys-world.ts";
import type { LinuxHost } from "../lab/host.ts";

let host: LinuxHost;
beforeAll(async () => { host = await keyedHost(); });
afterAll(async () => { await host?.destroy(); });
const { world } = keyed(() => host);

describe("through sudo", () => { contract("linux-keys, sudo", () => world(ADMIN), { oneKind: true, lists: true }); });
