/** A target that is a table in memory, for the life of bulk changes on both databases; test/e2e/bulk.test.ts has real hosts. */
import { z } from "zod";
import { connector } from "../../src/connectors/connector.ts";
import type { Account } from "../../src/domain/account.ts";
import { BulkTerms, Recipients } from "../../src/domain/bulk.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import type { BulkInput } from "../../src/flow/bulk.ts";
import { workBulks } from "../../src/flow/bulk-work.ts";
import { claim, drive } from "../../src/flow/rotate.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { times } from "../../src/kernel/times.ts";
import type { TargetId } from "../../src/kernel/ids.ts";
import type { Db } from "../../src/store/db.ts";
import { PASSWORD, worldOn, type World } from "./world.ts";

export type Memory = World & {
  /** Logins this target refuses to change, and those whose change it never answers. */
  readonly refuses: Set<string>; readonly passwords: Map<string, string>;
  host(names: readonly string[]): Promise<{ id: TargetId; name: string; accounts: Record<string, Account> }>;
  /** Everything that can be done now is done. */
  workOff(): Promise<void>;
};
export const memoryWorld = async (db: Db): Promise<Memory> => {
  const passwords = new Map<string, string>(), refuses = new Set<string>(), key = (c: { port: number }, name: string) => `${name}:${c.port}`;
  const memory = connector({
    platform: "memory", config: z.object({ port: z.number() }), forbidden: /[\r\n]/,
    probe: (c, _l, a, secret) => Promise.resolve(passwords.get(key(c, a.name)) === reveal(secret) ? "yes" as const : "no" as const),
    change: (c, _l, a, { to, as }) => {
      if (!as || passwords.get(key(c, as.name)) !== reveal(as.secret)) return Promise.resolve({ not_sent: "auth_of_as" as const, why: "refused" });
      if (refuses.has(a.name)) return Promise.resolve({ refused: "the host's rules say no" });
      passwords.set(key(c, a.name), reveal(to));
      return Promise.resolve("done" as const);
    },
    compare: (c, _l, a, secrets) => { const match = secrets.findIndex((s) => reveal(s) === passwords.get(key(c, a.name))); return Promise.resolve(match < 0 ? "none" as const : { match }); },
  });
  const w = await worldOn(db, { times: times(0.05), connectors: new Map([["memory", memory]]), link: () => ({}) as never });
  let port = 1;
  const host: Memory["host"] = async (names) => {
    const name = `m${String(++port)}-${w.operator.person.id.slice(-4)}`, target = await addTarget(w.deps, w.operator, { name, platform: "memory", host: "127.0.0.1", port, settings: { port } }), accounts: Record<string, Account> = {};
    for (const n of ["root", ...names]) {
      accounts[n] = await addAccount(w.deps, w.operator, { target: target.id, name: n });
      passwords.set(`${n}:${port}`, PASSWORD);
      await w.inSync(accounts[n]);
    }
    await changeTarget(w.deps, w.operator, target.id, { administrative: accounts["root"]!.id });
    return { id: target.id, name, accounts };
  };
  const workOff = async (): Promise<void> => {
    for (let quiet = 0, i = 0; quiet < 2 && i < 400; i++) {
      const r = await claim(w.deps, []);
      if (r) await drive(w.deps, r);
      quiet = await workBulks(w.deps) || r ? 0 : quiet + 1;
    }
  };
  return { ...w, refuses, passwords, host, workOff };
};
export const wish = (over: Partial<Omit<BulkInput, "choice" | "terms">> & { choice?: Partial<BulkInput["choice"]>; terms?: Partial<BulkTerms> }): BulkInput => ({
  how: "unique", apply: true, cut: false, reason: "quarterly change", ...over, notify: over.notify ?? Recipients.parse({}), choice: { accounts: [], targets: [], groups: [], search: "", ...over.choice }, terms: BulkTerms.parse(over.terms ?? {}),
});
