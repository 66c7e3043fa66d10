/** A real sshd whose accounts log in by keys, as the contract wants its targets. Rule: whether a key is in force is what stands in the file on its disk. */
import { linuxKeys, type LinuxKeysConfig } from "../../src/connectors/linux-keys.ts";
import { lineOf, markOf } from "../../src/connectors/linux-keys/lines.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { newPrivateKey, publicPart } from "../../src/wires/ssh.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import type { Named, World } from "./contract.ts";
import { impostor, insideOf, watch } from "./linux-world.ts";

export const freshKey = (): string => reveal(newPrivateKey(systemRandom)), keyOf = (text: string) => publicPart(Secret.of(text))!, blobOf = (text: string): string => keyOf(text).blob;
export const lineFor = (text: string, comment = ""): string => `ssh-ed25519 ${blobOf(text)}${comment && ` ${comment}`}`;
export const ROOT: Named = { name: "root", password: freshKey() }, ADMIN: Named = { name: "admin1", password: freshKey() };
/** As the connector's file and its page document it. */
const SUDOERS = "admin1 ALL=(ALL, !root) NOPASSWD: /bin/sh -c *\\nadmin1 ALL=(root) NOPASSWD: /usr/bin/getent shadow *, /usr/bin/pkill -KILL -e -u * sshd\\n";

export const keyedHost = (): Promise<LinuxHost> => linuxHost({ name: "keyed", authorizedKey: lineFor(ROOT.password, "first@desk"), accounts: { bystander: "By-Stander-1!", admin1: "Unused-Pw-1!x9Qz" }, extraSshd: "LogLevel DEBUG2\nMaxAuthTries 6",
    setup: `printf '${SUDOERS}' > /etc/sudoers.d/lab; chmod 440 /etc/sudoers.d/lab; install -d -m 700 -o admin1 -g admin1 /home/admin1/.ssh; echo '${lineFor(ADMIN.password)}' > /home/admin1/.ssh/authorized_keys` });

/** Everything a test asks of one such host. */
export const keyed = (host: () => LinuxHost) => {
  let serial = 0;
  const inside = (command: string, stdin = ""): Promise<string> => insideOf(host(), command, stdin);
  const homeOf = (name: string): string => name === "root" ? "/root" : `/home/${name}`, fileOf = (name: string): string => `${homeOf(name)}/.ssh/authorized_keys`;
  const fileText = async (name: string): Promise<string> => Buffer.from(await inside(`base64 -w0 ${fileOf(name)}`), "base64").toString("latin1");
  const put = (name: string, text: string): Promise<string> => inside(`base64 -d > ${fileOf(name)}`, Buffer.from(text, "latin1").toString("base64"));
  /** Its line is ours already, by our mark. */
  const account = async (line = (text: string, name: string): string => lineFor(text, markOf({ name }))): Promise<Named> => {
    const who = { name: `app${++serial}`, password: freshKey() };
    await inside(`useradd -m -s /bin/bash ${who.name} && install -d -m 700 -o ${who.name} -g ${who.name} ${homeOf(who.name)}/.ssh && cat > ${fileOf(who.name)} && chown ${who.name}: ${fileOf(who.name)} && chmod 600 ${fileOf(who.name)}`, `${line(who.password, who.name)}\n`);
    return who;
  };
  const fits = async (name: string, text: string): Promise<boolean> => (await fileText(name)).split("\n").some((l) => lineOf(l)?.blob === blobOf(text));
  const everybody = async (): Promise<string[]> =>
    (await inside("cut -d: -f1,2 /etc/shadow; cd /; for h in root home/*; do echo \"${h##*/}:$(cat $h/.ssh/authorized_keys 2>/dev/null | sha256sum; ls -lnAR $h/.ssh 2>/dev/null | cut -d' ' -f1-4,9- | tr '\\n' ' ')\"; done")).trim().split("\n");
  const config = (): LinuxKeysConfig => ({ hostKeys: [host().hostKey], sudo: false });
  const world = (as: Named): World<LinuxKeysConfig> => ({
    seenRunning: /sshd: [^\n]*\n[^]*SSH_CONNECTION=/, make: linuxKeys, as: () => as, account: () => account(), impostor, config: () => ({ ...config(), sudo: as.name !== "root" }), fresh: freshKey,
    address: () => ({ host: "127.0.0.1", port: host().port }), fits, everybody, struck: (onSend) => linuxKeys(systemRandom, (which) => { if (which === "only") onSend(); }),
    policy: async (who) => {
      await put(who.name, `from="192.0.2.1" ${lineFor(who.password, markOf(who))}\n`);
      return { to: freshKey(), change: "administrative", words: /did not let the new key in.*taken out again/, undo: async () => undefined };
    },
    stop: () => host().stop(), start: () => host().start(), log: async () => host().log() + await inside("cat /var/log/*.log /root/.*history 2>/dev/null; true"), watch: () => watch(host()),
  });
  return { inside, homeOf, fileOf, fileText, put, account, fits, everybody, config, world };
};
