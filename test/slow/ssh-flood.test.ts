/** `yes` at full speed for a minute in a terminal. Rule: what the client printed is what is kept, byte for byte, and the session process stays small. */
import { createHash, createSecretKey } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { atOnce } from "../../src/kernel/rest.ts";
import { reading } from "../../src/recordings/reader.ts";
import type { FakeSession } from "../proxy/fake-broker.ts";
import type { Lab } from "../proxy/ssh-lab.ts";
import { sshLab } from "../proxy/ssh-lab.ts";
import { evidence, madeBy } from "./evidence.ts";

const SECONDS = 60,
  MOST = 256e6;
let lab: Lab;
beforeAll(async () => {
  lab = await sshLab({ workers: 1 });
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

const resident = (): number =>
  Math.max(...lab.proxy.pids().map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024));
/** Read a window at a time: it is gigabytes. */
const kept = (session: FakeSession): { bytes: number; sha256: string; complete: boolean; file: string } => {
  const file = join(lab.recordings, `${session.recording}.lsr`),
    hash = createHash("sha256");
  let bytes = 0;
  const { complete } = atOnce(
    reading({ file, key: createSecretKey(session.key), id: session.recording }, (f) => {
      if (f.type !== "output") return;
      bytes += f.data.length;
      hash.update(f.data);
    }),
  );
  return { bytes, sha256: hash.digest("hex"), complete, file };
};

test("a minute of yes: seen is kept, memory under 256 MB", async () => {
  const child = lab.start(`timeout ${SECONDS} yes`, { options: ["-tt"] }),
    hash = createHash("sha256");
  let seen = 0,
    most = 0;
  child.stdout?.on("data", (d: Buffer) => {
    seen += d.length;
    hash.update(d);
  });
  const watch = setInterval(() => {
    most = Math.max(most, resident());
  }, 100);
  await new Promise((done) => child.on("close", done));
  clearInterval(watch);
  const session = await lab.ended(),
    found = kept(session),
    mb = (n: number): string => (n / 1e6).toFixed(0);
  expect(seen, "full speed").toBeGreaterThan(SECONDS * 1e6);
  expect(found).toMatchObject({ bytes: seen, sha256: hash.digest("hex"), complete: true });
  expect(most).toBeLessThan(MOST);
  evidence(
    "ssh-flood",
    `# A minute of \`yes\`

${madeBy("test/slow/ssh-flood.test.ts")} Stock \`ssh -tt\`, real sshd, one session process, \`timeout ${SECONDS} yes\`: a terminal, so everything is kept.

| printed by the client | kept in the recording | equal by SHA-256 | file | largest session process | goal |
|---|---|---|---|---|---|
| ${mb(seen)} MB | ${mb(found.bytes)} MB | yes | ${mb(statSync(found.file).size)} MB | ${mb(most)} MB | under 256 MB: met |
`,
  );
});
