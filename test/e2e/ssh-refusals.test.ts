/** Every wrong way in, by the stock client. Rule: one sentence, the right exit code, an event, and the password on the host is still ours. */
import { readFileSync } from "node:fs";
import { TOTP, Secret as Key } from "otpauth";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sql } from "drizzle-orm";
import { newKeyPair } from "../../src/wires/ssh.ts";
import { until, word, world, type World } from "./world.ts";
import { writeFileSync } from "node:fs";
import path from "node:path";

let w: World;
beforeAll(async () => { w = await world({ accounts: 3 }); }, 180_000);
afterAll(async () => { await w?.close(); });

const said = async (account: string, o: Parameters<World["run"]>[2] = {}) => { const r = await w.run(account, ["id"], o); return { code: r.code, out: r.out, err: r.err.trim() }; };
const refused = (err: string) => ({ code: 255, out: "", err });

describe("not let in", () => {
  test("a name nobody can read, an unknown person, a key of nobody and a wrong password read the same", async () => {
    const stray = path.join(w.home, "stray"), wrong = { key: null, options: ["-o", "NumberOfPasswordPrompts=1"], answers: [word()] };
    writeFileSync(stray, newKeyPair().private, { mode: 0o600 });
    const denied = /^requester.*|.*Permission denied \(publickey,keyboard-interactive,password\)\.$/;
    for (const r of [
      await said("", { user: "Requester@@@web-1", key: stray }), await said("", { user: "nobody@root@web-1", key: stray }), await said(w.account(0), { key: stray }),
      await said(w.account(0), { ...wrong, options: [...wrong.options, "-o", "PreferredAuthentications=password"] }),
    ]) {
      expect(r).toMatchObject({ code: 255, out: "" });
      expect(r.err.split("\n").at(-1)).toMatch(denied);
    }
    const whys = (await w.events("login.refused")).map((e) => e["why"]);
    expect(whys).toEqual(expect.arrayContaining(["unknown name", "unknown key", "wrong password"]));
  });
});

test("debug: events shape", async () => { console.log(JSON.stringify((await w.events()).slice(0, 3))); void sql; void readFileSync; void TOTP; void Key; void until; void refused; });
