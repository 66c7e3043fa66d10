/** The wire of a rewriting, cut at places on its way. Rule: the file is the old one or the new one, whole, and the next try ends it; whoever is told that nothing left us finds the old one. */
import { expect } from "vitest";
import { linuxSsh } from "../../src/connectors/linux-ssh.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { faultProxy } from "../lab/fault-proxy.ts";
import type { LinuxHost } from "../lab/host.ts";

const PATH = "/etc/app/app.conf", CONF = "# the app\n  password = Old-Pw-1\nother = é ü\n", PW = "Fresh-Pw-1'x9Qz", CHANGED = CONF.replace("Old-Pw-1", PW);
/** `places`: of `of` equal parts of what the host says. What was said at the cuts, for whoever wants to know that all of it occurred. */
export const cutAt = async (host: LinuxHost, root: string, places: readonly number[], of: number): Promise<Set<string>> => {
  await using proxy = await faultProxy(host.port);
  const { follower } = linuxSsh(systemRandom), said = new Set<string>();
  const lay = async (): Promise<void> => { await host.exec(`rm -rf ${PATH}`); await host.write(PATH, CONF, 0o640); }, read = async (): Promise<string> => (await host.exec(`cat ${PATH}`)).stdout;
  const go = () => follower!.run({ hostKeys: [host.hostKey], sudo: false, su: "" }, directLink({ host: host.host, port: proxy.port }), { does: "rewrite", path: PATH, line: "password = {{password}}", form: "plain" },
    Secret.of(PW), { name: "root", secret: Secret.of(root) }, AbortSignal.timeout(30_000));
  await lay();
  expect(await go()).toBe("done");
  const whole = proxy.down;
  for (const i of places) {
    await lay();
    proxy.heal();
    proxy.cutAfterDown(Math.floor((whole * i) / of));
    const r = await go(), now = await read();
    expect([CONF, CHANGED], `cut ${i}`).toContain(now);
    said.add(r === "done" ? "done" : "unknown" in r ? "unknown" : "not_sent" in r ? "not_sent" : "refused");
    if (r === "done") expect(now).toBe(CHANGED);
    if (r !== "done" && "not_sent" in r) expect(now, "nothing had left us").toBe(CONF);
  }
  proxy.heal();
  expect([await go(), await read()]).toEqual(["done", CHANGED]);
  return said;
};
