/** A real Active Directory domain controller (Samba) on a machine and network of its own. Rule: what an account opens with is read from its database by its own tools, inside. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { machine, type Machine } from "./machine.ts";
import { needs, SAMBA_DC_PACKAGES } from "./needs.ts";
import { network, type Network } from "./network.ts";
import { until } from "./processes.ts";
import { scratch } from "./scratch.ts";
import { connect } from "node:net";

export const REALM = "LAB.TEST", DOMAIN = "LAB", BASE = "DC=lab,DC=test";
export type SambaDc = AsyncDisposable & {
  readonly host: string; readonly administrator: string; readonly box: Machine; readonly net: Network;
  readonly fingerprint: string; readonly authority: string;
  /** samba-tool inside; secrets go in by stdin. */
  tool(args: string, stdin?: string): Promise<string>;
  /** `ldbsearch` of the database itself: attribute lines of one entry. */
  look(filter: string, ...attributes: string[]): Promise<string>;
  start(): Promise<void>; stop(): Promise<void>; log(): string; destroy(): Promise<void>;
};

const answers = (host: string, port: number): Promise<boolean> => new Promise((resolve) => {
  const s = connect({ host, port }), end = (ok: boolean) => (): void => { s.destroy(); resolve(ok); };
  s.setTimeout(300, end(false)).once("connect", end(true)).once("error", end(false));
});
const READY_MS = 60_000;
const up = async (host: string, log: () => string): Promise<void> => {
  for (const end = performance.now() + READY_MS; performance.now() < end;) {
    if ((await Promise.all([389, 636, 88, 445].map((p) => answers(host, p)))).every(Boolean)) return;
    await until(() => false, 150);
  }
  throw new Error(`A lab domain controller did not come up: ${log().slice(-1_500)}`);
};

/** "old password allowed period" stays at its default of an hour: that is what a real directory does. */
const setup = (there: string): string => `
rm -f /etc/samba/smb.conf /etc/krb5.conf; rm -rf /var/lib/samba/private /var/lib/samba/sysvol; mkdir -p /var/lib/samba/private /run/samba /var/log/samba
printf '${there} dc1.lab.test dc1\\n' >> /etc/hosts
samba-tool domain provision --server-role=dc --dns-backend=SAMBA_INTERNAL --realm=${REALM} --domain=${DOMAIN} --host-name=dc1 --host-ip=${there} --adminpass="$(cat /lab/admin)" --option='interfaces=lo eth0' --option='bind interfaces only=yes' >/lab/provision.log 2>&1
cp /var/lib/samba/private/krb5.conf /etc/krb5.conf
samba-tool domain passwordsettings set --min-pwd-age=0 --history-length=3 --account-lockout-threshold=4 >/dev/null
`;

export const sambaDc = async (): Promise<SambaDc> => {
  await needs({ linux: true, root: true, namespaces: true, debian: SAMBA_DC_PACKAGES }, "A lab domain controller");
  const administrator = `Admin-${randomBytes(9).toString("base64url")}-1`, net = await network(), dir = await scratch("host-dc1", true);
  const box = await machine({
    name: "dc1", dir, network: net.name, files: { admin: administrator }, setup: setup(net.there), ready: /LAB-DC-STARTS/,
    boot: "echo LAB-DC-STARTS; exec samba -F --no-process-group --debug-stdout -d 3",
  });
  const start = async (): Promise<void> => { await box.start(); await up(net.there, () => box.log()); };
  const inside = async (command: string, stdin?: string): Promise<string> => {
    const out = await box.exec(command, stdin);
    if (out.code !== 0) throw new Error(`Inside the lab domain controller: ${(out.stderr || out.stdout).trim().slice(-600)}`);
    return out.stdout;
  };
  const destroy = async (): Promise<void> => { await box.destroy(); await net.remove(); };
  try { await start(); } catch (e) { await destroy(); throw e; }
  const pem = (file: string): string => readFileSync(join(box.upper, "var/lib/samba/private/tls", file), "utf8");
  return {
    host: net.there, administrator, box, net, fingerprint: new X509Certificate(pem("cert.pem")).fingerprint256, authority: pem("ca.pem"),
    tool: (args, stdin) => inside(`samba-tool ${args}`, stdin),
    look: (filter, ...attributes) => inside(`ldbsearch -H /var/lib/samba/private/sam.ldb '${filter}' ${attributes.join(" ")}`),
    start, stop: () => box.stop(), log: () => box.log(), destroy, [Symbol.asyncDispose]: destroy,
  };
};
