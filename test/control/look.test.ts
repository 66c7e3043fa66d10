/** What a session process asks before it shows a live desktop. Rule: the portal's door has asked already (test/e2e/watch.test.ts); here it is asked once more, of the person as they are now. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { controlPlane, type Arrivals } from "../../src/control/plane.ts";
import { Watching } from "../../src/control/watching.ts";
import type { Caller } from "../../src/flow/record.ts";
import { changePerson } from "../../src/flow/people.ts";
import { testCore, type TestCore } from "../broker.ts";
import { identityOf } from "../web/world.ts";

let core: TestCore;
beforeAll(async () => { core = await testCore(); });
afterAll(async () => { await core?.destroy(); });

test("law: one-authorise — looking on at a live session is an auditor's: nobody else may, and nobody who is none any more", async () => {
  const arrivals: Arrivals = { expect: () => "" }, plane = controlPlane({ flow: core.deps, identity: identityOf(core), recover: () => Promise.resolve(null), arrivals, watching: new Watching(), link: (path) => path });
  const look = ({ person }: Caller) => plane.look({ login: arrivals.expect({ person, address: "192.0.2.9", means: "portal", shown: {} as never }), session: "ses_x", worker: "w" } as never);
  const auditor = await core.person("auditor", ["auditor"]), boss = await core.person("boss", ["admin"]), NO = { code: "forbidden", message: "Watching live sessions is for auditors." };
  for (const roles of [["user"], ["approver"], ["owner", "user"], ["admin"]] as const) await expect(look(await core.person(`a-${roles[0]}`, [...roles])), roles[0]).rejects.toMatchObject(NO);
  expect(await look(auditor)).toBeUndefined();
  await changePerson(core.deps, boss, auditor.person.id, { roles: ["user"] });
  await expect(look(auditor), "no auditor any more").rejects.toMatchObject(NO);
});
