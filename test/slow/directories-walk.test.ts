/** A directory as a target, from its first look to two proven changes. Rule: what is in force is read from slapd's own database, never asked of the broker. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Named } from "../connectors/contract.ts";
import { helper, person, POLICY_RULES, ROTATOR } from "../connectors/openldap-world.ts";
import { openLdap, PEOPLE, type OpenLdapServer } from "../lab/openldap.ts";
import { hostless } from "../e2e/hostless.ts";
import type { World } from "../e2e/world.ts";

let w: World, server: OpenLdapServer, rotator: Named, app: Named & { dn: string };
beforeAll(async () => {
  server = await openLdap({ rotator: ROTATOR, policy: POLICY_RULES });
  [rotator, app] = [await helper(server), await person(server)];
  w = await hostless();
}, 120_000);
afterAll(async () => { await w?.close(); await server?.destroy(); });

test("its certificate is read without a login and pinned, its administrator tested, both adopted: nobody else knows a password", async () => {
  const where = { platform: "openldap", host: "127.0.0.1", port: server.port }, seen = await w.ok("operator", "POST", "/targets/read-identity", where);
  expect(seen).toMatchObject({ fingerprint: server.certificate.fingerprint, compareWith: expect.stringContaining("openssl x509") });
  await w.ok("operator", "POST", "/targets", { name: "dir-1", ...where, settings: Object.assign({}, seen["settings"], { base: PEOPLE }) });
  const admin = await w.ok("operator", "POST", "/accounts", { target: "dir-1", login: rotator.name, password: rotator.password });
  await w.ok("operator", "PATCH", "/targets/dir-1", { administrative: admin["id"] });
  expect(await w.ok("operator", "POST", "/targets/dir-1/test", {})).toMatchObject({ ok: true, identity: server.certificate.fingerprint });
  await w.ok("operator", "POST", `/accounts/${encodeURIComponent(`${rotator.name}@dir-1`)}/adopt`, {});
  await w.settled(`${rotator.name}@dir-1`);
  await w.ok("operator", "POST", "/accounts", { target: "dir-1", login: app.name, adopt: true });
  await w.settled(`${app.name}@dir-1`);
  expect(await Promise.all([rotator.password, await w.vault(`${rotator.name}@dir-1`)].map((p) => server.fits(rotator.name, p)))).toEqual([false, true]);
  expect(await Promise.all([app.password, await w.vault(`${app.name}@dir-1`)].map((p) => server.fits(app.dn, p)))).toEqual([false, true]);
});
