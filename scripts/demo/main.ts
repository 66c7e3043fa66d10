/** `npm run demo`: the whole product on this machine, to try. `-- --once` walks the main job by itself and proves it. Rule: nothing keeps running afterwards. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { HOST_PACKAGES, NETNS_PACKAGES, POSTGRES_PACKAGES } from "../../test/lab/needs.ts";
import type { Access, More, Stage } from "./stage.ts";

if (Number(process.versions.node.split(".")[0]) < 22) { console.error(`The demo needs Node 22 or newer; this is ${process.version}. Run it with: npm run demo`); process.exit(1); }
const once = process.argv.includes("--once"), code = process.argv.indexOf("--code");
const say = (line: string): void => { (once ? process.stderr : process.stdout).write(`${line}\n`); };

const DESKTOP = (a: Access): string => a.noDesktop === null
  ? "  5. Ask for analyst@desk-1 and, when it is approved, press Open the desktop."
  : `  5. There is no desktop to try here: ${a.noDesktop}`;
const CLOSED = (a: Access): string[] => (a.targets.some((t) => t.name === "island-1")
  ? ["  6. Ask for kiosk@dmz-1, a host that its own agent alone reaches, or plant@island-1, behind the gateway island-gw. As operator look at Agents."] : []);
const tell = (a: Access): void => {
  const line = (l: Access["logins"][number]) => `  ${l.name.padEnd(10)} ${l.roles.join(", ").padEnd(22)} password ${l.password}${l.totp ? `   second factor: npm run -s demo -- --code ${l.name}` : ""}`;
  say([
    "", `Portal   ${a.portal}`, `SSH      ssh -p ${a.ssh.port} -i .demo/requester_key requester@root@web-1@${a.ssh.host}`, "", "Who logs in", ...a.logins.map(line), "",
    "Accounts", ...a.accounts.map((x) => `  ${`${x.name}@${x.target}`.padEnd(18)} ${x.policy ?? "(changes the others; nobody may ask for it)"}`), "",
    "Try", "  1. Log in as requester and ask for ops@db-1 (the password is shown) or root@web-1 (session only).", "  2. In another browser log in as approver and approve it. Your own vote would be refused.",
    "  3. As requester press Show, or run the ssh line above. Then press Give back and watch the password change.", "  4. Ask for report@orders-db, a PostgreSQL role: released, changed at give-back, no sessions.", DESKTOP(a), ...CLOSED(a), `  ${CLOSED(a).length > 0 ? 7 : 6}. Log in as auditor: play the sessions, read the log.`, "",
    "The same as JSON, with API tokens: .demo/access.json", "Ctrl-C ends everything.", "",
  ].join("\n"));
};

const showCode = async (name: string): Promise<number> => {
  const file = path.resolve(".demo/access.json"), login = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Access).logins.find((l) => l.name === name) : undefined;
  if (!login?.totp) { console.error(`No second factor for "${name}" in .demo/access.json. Start the demo first; approver and operator have one.`); return 1; }
  const { TOTP, Secret } = await import("otpauth");
  console.log(new TOTP({ secret: Secret.fromBase32(login.totp) }).generate());
  return 0;
};

/** `desktop` in the last line: what of it was walked, or why not. One that could be had and did not come up is a failure. */
const runOnce = async (stage: Stage, more: More, started: number): Promise<void> => {
  const { walk } = await import("./walk.ts"), { noDesktop } = stage.access;
  if (more.desktop === true && noDesktop !== null) throw new Error(`The desktop did not come up: ${noDesktop}`);
  if (noDesktop !== null) say(`  – no desktop is walked: ${noDesktop}`);
  const steps = await walk(stage, say);
  await stage.close();
  console.log(JSON.stringify({ ok: true, steps, desktop: noDesktop ?? "walked", seconds: Math.round((performance.now() - started) / 100) / 10 }));
};

const main = async (): Promise<number> => {
  if (code > 0) return showCode(process.argv[code + 1] ?? "");
  const started = performance.now();
  let stage: Stage | undefined;
  try {
    const { ready } = await import("../ready.ts");
    await ready([...HOST_PACKAGES, "sshpass", ...(once ? [] : [...POSTGRES_PACKAGES, ...NETNS_PACKAGES, "curl"])], "The demo");
    const { desktopReady } = await import("./desktop.ts"), more: More = { database: !once, closed: !once, desktop: await desktopReady() ?? true };
    const { HOME, raise } = await import("./stage.ts");
    stage = await raise(say, once ? { http: 0, ssh: 0 } : { http: 8282, ssh: 2222 }, HOME, {}, more);
    if (once) { await runOnce(stage, more, started); return 0; }
    tell(stage.access);
    await new Promise<void>((resolve) => { process.once("SIGINT", resolve); process.once("SIGTERM", resolve); });
    say("\nEnding the demo …");
    await stage.close();
    return 0;
  } catch (e) {
    await stage?.close().catch(() => {});
    const why = e instanceof Error ? e.message : String(e);
    console.error(why);
    if (once) console.log(JSON.stringify({ ok: false, why, seconds: Math.round((performance.now() - started) / 100) / 10 }));
    return 1;
  }
};
process.exit(await main());
