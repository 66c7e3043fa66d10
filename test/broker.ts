/** A whole broker core for tests: real journal, real vault, the embedded or a real PostgreSQL database, in a directory of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseEnv } from "../src/config/env.ts";
import { openCore, type Core, type Overrides } from "../src/core.ts";
import type { Caller } from "../src/flow/record.ts";
import { newId, type PersonId } from "../src/kernel/ids.ts";
import { systemRandom } from "../src/kernel/clock.ts";
import type { Role } from "../src/domain/person.ts";
import * as people from "../src/store/people.ts";
import { layOut } from "./store/migrated.ts";

export type TestCore = Core & { readonly dir: string; person(name: string, roles: Role[], facts?: { mail?: string }): Promise<Caller>; reopen(over?: Overrides): Promise<TestCore>; destroy(): Promise<void> };

export const testCore = async (o: { dir?: string; databaseUrl?: string; timescale?: number; over?: Overrides } = {}): Promise<TestCore> => {
  const dir = o.dir ?? mkdtempSync(path.join(tmpdir(), "lockstep-test-"));
  const { config, secrets } = parseEnv({ LOCKSTEP_DATA: dir, LOCKSTEP_TIMESCALE: String(o.timescale ?? 0.05), ...(o.databaseUrl ? { DATABASE_URL: o.databaseUrl } : {}) });
  if (!o.databaseUrl) await layOut(path.join(dir, "db"));
  const core = await openCore(config, secrets, o.over ?? {});
  return {
    ...core, dir,
    person: async (name, roles, facts = {}) => {
      const id = newId("person", systemRandom) as PersonId;
      await core.deps.db.transaction((tx) => people.add(tx, { id, name, fullName: name, mail: facts.mail ?? null, subject: null, employeeNo: null, roles, disabled: false }, null));
      return { person: (await people.find(core.deps.db, id))!, address: "127.0.0.1", means: "api" };
    },
    reopen: async (over) => { await core.close(); return testCore({ ...o, dir, ...(over ? { over } : {}) }); },
    destroy: async () => { await core.close(); rmSync(dir, { recursive: true, force: true }); },
  };
};
