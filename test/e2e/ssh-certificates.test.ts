/** Logging in by a certificate of a configured authority, with the stock client, on a real host. Rule: the reason is in the log, and the client is told nothing. */
import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { world, type World } from "./world.ts";

let w: World, ca: string, revoked: string;
const keygen = (...args: string[]): void => { execFileSync("ssh-keygen", ["-q", ...args]); };
const key = (name: string, ...type: string[]): string => { const file = path.join(w.home, name); keygen("-N", "", "-f", file, ...type.length > 0 ? type : ["-t", "ed25519"]); return file; };
const sign = (file: string, by: string, ...more: string[]): void => keygen("-s", by, "-I", `desk ${path.basename(file)}`, ...(more.includes("-n") ? [] : ["-n", "requester"]), "-V", "-1h:+1h", ...more, `${file}.pub`);
beforeAll(async () => {
  w = await world({ accounts: 1 });
  ca = key("ca");
  revoked = path.join(w.home, "revoked");
  writeFileSync(revoked, "");
  Object.assign(w.env, { LOCKSTEP_SSH_CA: `${ca}.pub`, LOCKSTEP_SSH_REVOKED: revoked });
  await w.down();
  await w.up();
}, 240_000);
afterAll(async () => { await w?.close(); });

test("good ones of every kind of key; expired, wrong name, wrong authority, a host's, another address, tampered, revoked", async () => {
  const id = await w.access(w.account(0));
  for (const [name, ...type] of [["ed"], ["ec", "-t", "ecdsa", "-b", "256"], ["rsa", "-t", "rsa", "-b", "2048"]] as const) {
    const file = key(name, ...type);
    sign(file, ca, ...(name === "ed" ? ["-O", "source-address=127.0.0.1"] : []));
    const before = await w.host.shadow(w.names[0]!), r = await w.run(w.account(0), ["id -un"], { key: file });
    expect([name, r.code, r.out, r.err]).toEqual([name, 0, `${w.names[0]!}\n`, ""]);
    await w.rotated(0, before);
  }
  const good = (await w.events("login.ok")).find((e) => String((e["facts"] as Record<string, unknown>)["factors"]).startsWith("certificate desk ed (serial 0, SHA256:"));
  expect(good).toMatchObject({ who: { name: "requester", means: "ssh" } });

  const refusedFor = async (why: string, file: string, options: string[] = []): Promise<void> => {
    const r = await w.run(w.account(0), ["id"], { key: file, options });
    expect([why, r.code, r.out]).toEqual([why, 255, ""]);
    expect(r.err).toMatch(/Permission denied \(publickey,keyboard-interactive,password\)\.\s*$/);
    expect((await w.events("login.refused")).map((e) => e["why"])).toContain(why);
  };
  const bad = (name: string, by: string, ...more: string[]): string => { const file = key(name); sign(file, by, ...more); return file; };
  await refusedFor("certificate has expired", bad("late", ca, "-V", "-2h:-1h"));
  await refusedFor("certificate for another name", bad("name", ca, "-n", "somebody"));
  await refusedFor("certificate of another authority", bad("foreign", key("ca2")));
  // The stock client offers no certificate of a host and none that was altered, only the bare key; test/identity/certificates.test.ts shows what
  // becomes of one that is offered.
  await refusedFor("unknown key", bad("host", ca, "-h"));
  await refusedFor("certificate demands what is not known here: force-command", bad("forced", ca, "-O", "force-command=id"));
  await refusedFor("certificate is not for this address", path.join(w.home, "ed"), ["-o", "BindAddress=127.0.0.2"]);
  const bent = bad("bent", ca, "-z", "5"), line = readFileSync(`${bent}-cert.pub`, "utf8").split(" "), raw = Buffer.from(line[1]!, "base64");
  raw[raw.indexOf("desk bent")] = 0x44;
  writeFileSync(`${bent}-cert.pub`, [line[0], raw.toString("base64"), line[2]].join(" "));
  await refusedFor("unknown key", bent);
  const back = bad("back", ca, "-z", "99");
  expect((await w.run(w.account(0), ["true"], { key: back })).code).toBe(0);
  appendFileSync(revoked, "serial: 99\n");
  await refusedFor("certificate was revoked", back);
  writeFileSync(revoked, "serial: none\n");
  const closed = await w.run(w.account(0), ["true"], { key: path.join(w.home, "ec") });
  expect([closed.code, closed.err.includes("LOCKSTEP")], "a list that cannot be read lets nobody in, and tells nobody").toEqual([255, false]);
  await w.ok("requester", "POST", `/requests/${id}/give-back`, {});
});

test("an authority that cannot be read is told at the start", async () => {
  await w.down();
  const kept = w.env["LOCKSTEP_SSH_CA"]!;
  writeFileSync(revoked, "");
  w.env["LOCKSTEP_SSH_CA"] = path.join(w.home, "missing");
  await expect(w.up()).rejects.toMatchObject({ code: "unavailable", message: expect.stringMatching(/^LOCKSTEP_SSH_CA: .*missing cannot be read \(ENOENT\)\.$/) as string });
  w.env["LOCKSTEP_SSH_CA"] = kept;
  await w.up();
});
