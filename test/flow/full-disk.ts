/** Run by backup.test.ts in a mount namespace whose directory is a file system of 4 MiB. Rule: one JSON line says what happened. */
import { readdirSync, readFileSync, rmSync, statSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { backup, spool } from "../../src/flow/backup.ts";
import { Fault } from "../../src/kernel/fault.ts";
import { testCore } from "../broker.ts";

const dir = process.argv[2]!, whole = path.join(dir, "whole"), filler = path.join(dir, "filler"), core = await testCore(), admin = await core.person("admin", ["admin"]);
for (let i = 0; i < 99; i++) await core.person(`person-${i}`, ["user"]);
const said = (p: Promise<unknown>): Promise<string> => p.then(() => "done", (e: unknown) => (e instanceof Fault ? `${e.code}: ${e.message}` : String(e)));
/** The next backup is a little larger: its log tells of this one. A page less than this one takes is a part of its last piece. */
await backup(core.deps, whole);
const { size } = statSync(whole), page = 4_096, room = (Math.ceil(size / page) - 1) * page;
rmSync(whole);
const { bavail, bsize } = statfsSync(dir);
writeFileSync(filler, Buffer.alloc(bavail * bsize - room));
const file = await said(backup(core.deps, path.join(dir, "made")));
const left = readdirSync(dir), spooled = await said(spool(core.deps, admin, dir)), after = readdirSync(dir);
rmSync(filler);
const again = await said(backup(core.deps, path.join(dir, "made"))), bytes = readFileSync(path.join(dir, "made")).length;
await core.destroy();
process.stdout.write(JSON.stringify({ file, left, spooled, after, again, whole: bytes >= size }));
