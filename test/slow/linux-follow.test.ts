/** A rewriting cut at sixty places on its way. Rule: as linux-follow-cuts.ts has it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { cutAt } from "../connectors/linux-follow-cuts.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";

const ROOT = "Root-Pw-1!x9Qz";
let host: LinuxHost;
beforeAll(async () => { host = await linuxHost({ name: "web-1", rootPassword: ROOT, setup: "mkdir -p /etc/app" }); }, 120_000);
afterAll(() => host?.destroy());

test("cut at sixty places the file is the old one or the new one, whole", async () => {
  const said = await cutAt(host, ROOT, Array.from({ length: 60 }, (_, i) => i + 1), 61);
  expect([...said].sort()).toEqual(expect.arrayContaining(["not_sent"]));
}, 600_000);
