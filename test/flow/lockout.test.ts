/** A locked account is not a changed password: the administrative account is asked after a refused login. Rule: a real directory; no heal is opened for a lock-out. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openldap } from "../../src/connectors/openldap.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import type { Caller } from "../../src/flow/record.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { verify } from "../../src/flow/verify.ts";
import type { AccountId, TargetId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as rotations from "../../src/store/rotations.ts";
import { testCore, type TestCore } from "../broker.ts";
import { helper, person, pinned, POLICY_RULES, ROTATOR } from "../connectors/openldap-world.ts";
import { openLdap, type OpenLdapServer } from "../lab/openldap.ts";
import { manage } from "../web/world.ts";

let core: TestCore, server: OpenLdapServer, operator: Caller, app: AccountId, admin: AccountId, target: TargetId, who: { name: string; dn: string; password: string };
beforeAll(async () => {
  server = await openLdap({ rotator: ROTATOR, policy: POLICY_RULES });
  core = await testCore();
  operator = await core.person("operator", ["admin", "user"]);
  const rotator = await helper(server);
  who = await person(server);
  target = (await addTarget(core.deps, operator, { name: "dir-1", platform: "openldap", host: "127.0.0.1", port: server.port, settings: pinned(server) })).id;
  admin = (await addAccount(core.deps, operator, { target, name: rotator.name })).id;
  await manage(core, admin, rotator.password);
  app = (await addAccount(core.deps, operator, { target, name: who.name })).id;
  await manage(core, app, who.password);
  await changeTarget(core.deps, operator, target, { administrative: admin });
}, 60_000);
afterAll(async () => { await core?.destroy(); await server?.destroy(); });
const guess = () => openldap().probe(pinned(server), directLink({ host: "127.0.0.1", port: server.port }), who, Secret.of("Guess-1-guess"), AbortSignal.timeout(5_000));
/** As after the lock-out window. */
const later = () => core.deps.db.transaction((tx) => accounts.setBudget(tx, app, { spent: 0, until: null }));
const openedFor = async () => rotations.openOf(core.deps.db, app);

test("the vault's password opens it; locked out by somebody's guesses it is unknown, says why, and nothing heals it", async () => {
  expect(await verify(core.deps, operator, app)).toMatchObject({ verdict: "in_force", by: "login" });
  for (let i = 0; i < 4; i++) expect(await guess()).toMatchObject({ refused: true });
  expect(await verify(core.deps, operator, app)).toMatchObject({ verdict: "unknown", why: expect.stringContaining("locked out on the target after wrong passwords") });
  expect([await openedFor(), (await accounts.find(core.deps.db, app))!.credential]).toEqual([null, "in_sync"]);
  expect((await server.entries()).find((e) => e.dn === who.dn)!.attributes["pwdAccountLockedTime"]).toBeDefined();
});
test("without anybody to ask it stays unknown; with one, a password that was changed there is drift and is healed", async () => {
  await server.modify(`dn: ${who.dn}\nchangetype: modify\ndelete: pwdAccountLockedTime\n-\nreplace: userPassword\nuserPassword: By-Hand-9-by-hand\n\n`);
  await changeTarget(core.deps, operator, target, { administrative: null });
  await later();
  expect(await verify(core.deps, operator, app)).toMatchObject({ verdict: "unknown", why: expect.stringContaining("no administrative account is there to ask") });
  await changeTarget(core.deps, operator, target, { administrative: admin });
  await later();
  expect(await verify(core.deps, operator, app)).toMatchObject({ verdict: "not_in_force", by: "login" });
  expect(await openedFor()).not.toBeNull();
});
