/** The ways to the same account of the same sshd. Rule: the same key and cipher on each, so that only the way differs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../test/proxy/ssh-lab.ts";

export const CIPHERS = { "aes128-gcm": "aes128-gcm@openssh.com", chacha20: "chacha20-poly1305@openssh.com" } as const;
export const WAYS = ["direct", "jump", "proxied"] as const;
export type Way = (typeof WAYS)[number];
export type Cipher = keyof typeof CIPHERS;
/** argv of a stock `ssh` up to and including the destination. */
export type To = Record<Way, (cipher?: Cipher) => string[]>;

export const ways = async (lab: Lab): Promise<To> => {
  await lab.host.exec("install -d -m 700 -o app1 -g app1 /home/app1/.ssh");
  await lab.host.write("/home/app1/.ssh/authorized_keys", readFileSync(join(lab.dir, "person_key.pub"), "utf8"), 0o644);
  const key = join(lab.dir, "person_key"), loose = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
  const by = (cipher?: Cipher): string[] => cipher === undefined ? [] : ["-c", CIPHERS[cipher]], port = String(lab.host.port);
  const common = (cipher?: Cipher): string[] => ["-F", "/dev/null", "-i", key, ...loose, "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", ...by(cipher)];
  const hop = `ssh -F /dev/null -i ${key} ${loose.join(" ")} -o LogLevel=ERROR`;
  return {
    direct: (cipher) => [...common(cipher), "-p", port, "app1@127.0.0.1"],
    // What `-J` does, spelled out so that the hop uses the same key and cipher.
    jump: (cipher) => [...common(cipher), "-o", `ProxyCommand=${hop} ${by(cipher).join(" ")} -p ${port} -W %h:%p app1@127.0.0.1`, "-p", port, "app1@127.0.0.1"],
    proxied: (cipher) => lab.argv(by(cipher)),
  };
};
