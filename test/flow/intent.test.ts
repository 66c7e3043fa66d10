/** What is on record at the very moment a target is touched. The connector here is a witness: it reads the database and the journal instead of touching anything. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { connector, type Answer, type ChangeResult } from "../../src/connectors/connector.ts";
import { addAccount, rotateNow } from "../../src/flow/accounts.ts";
import { claim, drive } from "../../src/flow/rotate.ts";
import { addTarget } from "../../src/flow/targets.ts";
import { directLink } from "../../src/links/direct.ts";
import type { AccountId, RotationId } from "../../src/kernel/ids.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as versions from "../../src/store/versions.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { worldOn, type World } from "./world.ts";

type Sight = { readonly verb: string; readonly said: string[]; readonly state: string | undefined; readonly journalled: boolean };

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World, sights: Sight[], change: ChangeResult | Error, probe: Answer, watched: RotationId, account: AccountId;
  const look = async (verb: string): Promise<void> => {
    const r = await rotations.find(w.db, watched), candidate = (await versions.of(w.db, account)).at(-1)!;
    sights.push({ verb, said: await w.said(watched), state: r?.state, journalled: w.deps.journal.hasVersion(candidate.id) });
  };
  const witness = connector({
    platform: "witness", config: z.object({}), forbidden: /[\r\n]/,
    change: async () => { await look("change"); if (change instanceof Error) throw change; return change; },
    probe: async () => { await look("probe"); return probe; },
  });
  beforeAll(async () => { o = await open(); w = await worldOn(o.db, { connectors: new Map([["witness", witness]]), link: (t) => directLink({ host: t.host, port: t.port }) }); });
  afterAll(async () => { await w?.close(); await o?.close(); });

  const rotate = async (name: string): Promise<void> => {
    sights = [];
    const target = await addTarget(w.deps, w.operator, { name, platform: "witness", host: "127.0.0.1", port: 9 }), made = await addAccount(w.deps, w.operator, { target: target.id, name: "root" });
    account = made.id;
    await w.inSync(made);
    watched = await rotateNow(w.deps, w.operator, account, "");
    await w.sql(`update rotations set next_at = now() + interval '1 day' where id <> '${watched}'`);
    await drive(w.deps, (await claim(w.deps, []))!);
  };

  test("law: I6 law: journal-before-effect — before each touch its intent is committed and the candidate journalled; after it, its outcome", async () => {
    [change, probe] = ["done", "yes"];
    await rotate("works");
    expect(sights.map((s) => [s.verb, s.state, s.journalled])).toEqual([["change", "applying", true], ["probe", "probing", true]]);
    expect(sights[0]!.said.filter((s) => s === "rotation.intent intent"), "prepared and applying").toHaveLength(2);
    expect(sights[1]!.said.length).toBeGreaterThan(sights[0]!.said.length);
    expect((await w.said(watched)).at(-1)).toBe("rotation.committed ok");
    expect(await accounts.find(w.db, account)).toMatchObject({ credential: "in_sync", adopted: 2 });
  });

  test("law: I6 — an outcome nobody knows is written down as that, and the account is in doubt until a probe answers", async () => {
    [change, probe] = [new Error("cut"), { unknown: "no route" }];
    await rotate("cut");
    const told = await w.sql(`select facts->>'to' as "to", why from events where about->>'rotation' = '${watched}' order by row_no`);
    expect(told.map((t) => t["to"]).slice(0, 5)).toEqual([null, "queued", "prepared", "applying", "probing"]);
    expect(told[4]!["why"], "the kind of error, never its words").toBe("change: Error");
    expect((await accounts.find(w.db, account))!.credential).toBe("unverified");
    expect(["probing", "dead_letter"]).toContain((await rotations.find(w.db, watched))!.state);
  });

  test("law: I6 — a refusal is an outcome too: the target's own words, and the old password stays", async () => {
    [change, probe] = [{ refused: "BAD PASSWORD: too simple" }, "yes"];
    await rotate("refuses");
    const told = await w.sql(`select facts->>'to' as "to", why from events where about->>'rotation' = '${watched}' order by row_no`);
    expect(told.filter((t) => t["why"] === "BAD PASSWORD: too simple").length).toBeGreaterThan(0);
    expect(told.at(-1)!["to"]).toBe("refused");
    expect(await accounts.find(w.db, account)).toMatchObject({ credential: "in_sync", usedNo: 0, rotatedNo: 0 });
  });
});
