/** Command rules on a real host with the stock client: denied with the rule's sentence before the target hears of it, noted, listed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { putPolicy } from "../../src/flow/people.ts";
import * as policies from "../../src/store/policies.ts";
import { until, world, type World } from "./world.ts";

let w: World;
beforeAll(async () => { w = await world({ accounts: 2 }); }, 120_000);
afterAll(async () => { await w?.close(); });
/** Within the grace no rotation comes between two commands. */
const rule = async (commands: object): Promise<void> => {
  const { deps } = w.core, p = (await policies.all(deps.db)).find((x) => x.terms.preset === "session")!;
  await putPolicy(deps, w.caller("second"), { name: p.name, terms: { ...p.terms, commands, reconnectGraceSeconds: 600 } as never, binding: p.binding }, p.id);
};

test("deny answers with its sentence and runs nothing; warn runs and marks the session", async () => {
  await rule({ mode: "open", rules: [{ effect: "deny", like: "touch *", says: "Files are made by the deploy job." }, { effect: "warn", like: "id", says: "Noted for the auditors." }] });
  const request = await w.access(w.account(0));
  const denied = await w.run(w.account(0), ["echo one; touch /tmp/lockstep-denied"]);
  expect([denied.code, denied.out, denied.err]).toEqual([255, "", "lockstep: Files are made by the deploy job.\n"]);
  expect((await w.run(w.account(0), ["test -e /tmp/lockstep-denied; echo $?"])).out, "the host never heard of it").toBe("1\n");
  const noted = await w.run(w.account(0), ["id"]);
  expect([noted.code, noted.err]).toEqual([0, "lockstep: Noted for the auditors.\n"]);
  const flagged = await until("the sessions are marked", async () => { const all = await w.sessions({ request }); return all.filter((s) => s["flagged"] === true).length === 2 && all; });
  expect(flagged.filter((s) => s["flagged"] === false)).toHaveLength(1);
  expect((await w.events("session.event")).filter((e) => (e["facts"] as { kind?: string }).kind === "command").map((e) => [e["outcome"], (e["facts"] as { rule?: string }).rule]).sort()).toEqual([["ok", "id"], ["refused", "touch *"]]);
}, 240_000);

test("listed: nothing but the list, no way round through the shell's own characters, and no shell", async () => {
  await rule({ mode: "listed", rules: [{ effect: "allow", like: "echo *" }] });
  await w.access(w.account(1));
  expect((await w.run(w.account(1), ["echo listed"])).out).toBe("listed\n");
  for (const command of ["id", "echo a; id", "echo $(id)", "echo a > /tmp/x"]) {
    const ran = await w.run(w.account(1), [command]);
    expect([ran.code, ran.out], command).toEqual([255, ""]);
    expect(ran.err, command).toMatch(/^lockstep: This access runs listed commands only/);
  }
  const shell = await w.run(w.account(1), [], { options: ["-T"] });
  expect([shell.code, shell.out]).toEqual([255, ""]);
  expect(shell.err).toMatch(/does not allow shell sessions/);
}, 240_000);
