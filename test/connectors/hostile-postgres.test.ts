/** A PostgreSQL server that means harm. Rule: the broker's process outlives what it says, each call ends, and what it says proves nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostile, type Hostile } from "../lab/hostile.ts";
import { victim, type Victim } from "../lab/victim.ts";

let server: Hostile, broker: Victim;
beforeAll(async () => { [server, broker] = await Promise.all([hostile(() => undefined), victim()]); });
afterAll(() => { server?.close(); broker?.close(); });

const call = (verb: "probe" | "change", ...says: string[]) => {
  server.says = (turn) => (turn === 0 ? undefined : Buffer.from(says[turn - 1] ?? "", "hex"));
  return broker.call({ platform: "postgres", config: { tls: "off", database: "postgres" }, port: server.port, verb });
};
const OK = "520000000800000000", READY = "5a0000000549";
const EVIL: Readonly<Record<string, string>> = {
  "a way of logging in that there is none of": "520000000800000063", "a notice without an end": "4e00000004", "an error without an end": "4500000004",
  "an error whose last field has no end": "450000000853464154", "an error without its last zero": "45000000064d00", "an error that goes on behind its end": "45000000060000", "an empty description of a row": `${OK}5400000004`,
  "a description of columns that are not there": `${OK}54000000060003`, "a negative count of values": `${OK}4400000006ffff`, "a value longer than its row": `${OK}440000000a000100000fff`,
  "a number shorter than a number": "4b0000000501", "a setting without an end": "530000000561", "a length below the least": "5a00000003", "a length of 4 GiB": "45ffffffff4d", "another protocol": "485454502f312e31",
};
describe("a hostile PostgreSQL server", () => {
  test.each(Object.entries(EVIL))("%s", async (_, hex) => {
    expect(await call("probe", hex)).toMatchObject({ answered: { unknown: expect.stringMatching(/not PostgreSQL's protocol/) } });
    expect(await call("change", hex)).toMatchObject({ answered: { not_sent: "unreachable" } });
  });
  test("the same after a login, in the middle of a question", async () => {
    for (const hex of Object.values(EVIL)) expect(await call("change", OK + READY, hex)).toMatchObject({ answered: { not_sent: "auth_of_as" } });
  });
});
