/** The texts that make a Debian tree an SSH target. Rule: the passwords stand in one file of their own, which the set-up deletes. */

export type SudoAdmin = { name: string; password: string; commands?: string };

export type LinuxOptions = {
  name: string;
  port?: number;
  /** In a network namespace of this name, listening on this address of it, too. */
  network?: { readonly name: string; readonly address: string };
  /** Default: a fresh one, removed at exit. A given one is kept until destroy(), so a machine can be raised again over its old disk. */
  dir?: string;
  rootPassword?: string;
  /** Login name to password. */
  accounts?: Record<string, string>;
  sudoAdmin?: SudoAdmin;
  /** One public key line: may log in as root. */
  authorizedKey?: string;
  /** Length 12 and quality bind root too, so that an administrative change can be refused. */
  enforcePolicy?: boolean;
  /** sshd_config lines; they win over the lab's own. */
  extraSshd?: string;
  /** Shell lines run inside as root, once. */
  setup?: string;
  /** A refused login answers at once instead of after PAM's two seconds. Default true. */
  fastFail?: boolean;
};

const NAME = /^[a-z_][a-z0-9_-]{0,30}$/;
const named = (name: string): string => {
  if (!NAME.test(name)) throw new Error(`${JSON.stringify(name)} cannot be an account of a lab host.`);
  return name;
};

/** A line break would be a second record for chpasswd. */
const record = ([name, password]: readonly [string, string]): string => {
  if (/[\0\r\n]/.test(password)) throw new Error(`The password of ${name} holds a line break.`);
  return `${named(name)}:${password}\n`;
};

const everyone = (o: LinuxOptions): [string, string][] => [
  ...Object.entries(o.accounts ?? {}),
  ...o.sudoAdmin ? [[o.sudoAdmin.name, o.sudoAdmin.password] as [string, string]] : [],
];

export const passwordFile = (o: LinuxOptions): string =>
  [...o.rootPassword === undefined ? [] : [["root", o.rootPassword] as [string, string]], ...everyone(o)].map(record).join("");

/** Match blocks end the global part, so those go last and everything else first, where sshd takes the first value it meets. */
export const sshdConfig = (o: LinuxOptions): string => {
  const extra = o.extraSshd ?? "", last = /^\s*Match\s/im.test(extra);
  return `${last ? "" : extra}
ListenAddress 127.0.0.1
${o.network ? `ListenAddress ${o.network.address}` : ""}
HostKey /etc/ssh/ssh_host_ed25519_key
UsePAM yes
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication yes
AuthorizedKeysFile .ssh/authorized_keys
MaxStartups 1000
UseDNS no
PrintMotd no
PidFile /run/sshd.pid
Subsystem sftp internal-sftp
${last ? extra : ""}
`;
};

/** Written whole, so that a host behaves the same whatever the machine below made of its PAM. */
const pamAuth = (nodelay: string): string => `auth [success=1 default=ignore] pam_unix.so nullok${nodelay}
auth requisite pam_deny.so
auth required pam_permit.so
`;
const pamPassword = (nodelay: string, retry: number): string => `password requisite pam_pwquality.so retry=${String(retry)}
password [success=1 default=ignore] pam_unix.so obscure use_authtok try_first_pass yescrypt${nodelay}
password requisite pam_deny.so
password required pam_permit.so
`;

/** The files the set-up finds below /lab. */
export const setupFiles = (o: LinuxOptions): Record<string, string> => {
  const nodelay = o.fastFail === false ? "" : " nodelay", admin = o.sudoAdmin;
  const commands = admin?.commands ?? "/usr/sbin/chpasswd, /usr/bin/getent shadow *";
  return {
    passwords: passwordFile(o),
    sshd_config: sshdConfig(o),
    "common-auth": pamAuth(nodelay),
    "common-password": pamPassword(nodelay, o.enforcePolicy ? 1 : 3),
    "pwquality.conf": o.enforcePolicy ? "minlen = 12\nenforce_for_root\nretry = 1\n" : "",
    sudoers: admin ? `${named(admin.name)} ALL=(root) PASSWD: ${commands}\n` : "",
    authorized_keys: o.authorizedKey === undefined ? "" : `${o.authorizedKey.trim()}\n`,
    extra: `${o.setup ?? ""}\n`,
  };
};

/** Passwords are set before the policy stands, so that a host can start with a weak one. */
export const setupScript = (o: LinuxOptions): string => `cd /lab
put() { install -D -o root -g root -m $1 $2 $3; rm -f $2; }
rm -f /etc/ssh/ssh_host_* /root/.ssh/authorized_keys /etc/nologin
ssh-keygen -q -t ed25519 -N '' -C ${o.name} -f /etc/ssh/ssh_host_ed25519_key
put 600 sshd_config /etc/ssh/sshd_config
for name in ${everyone(o).map(([name]) => named(name)).join(" ")}; do
  if id -u $name >/dev/null 2>&1; then usermod -s /bin/bash $name; continue; fi
  group=; if getent group $name >/dev/null; then group="-g $name"; fi
  useradd -m -s /bin/bash $group $name
done
: > /etc/security/pwquality.conf
put 644 common-auth /etc/pam.d/common-auth
put 644 common-password /etc/pam.d/common-password
if [ -s passwords ]; then chpasswd < passwords; fi; rm -f passwords
put 644 pwquality.conf /etc/security/pwquality.conf
if [ -s sudoers ]; then put 440 sudoers /etc/sudoers.d/lab-admin; fi
if [ -s authorized_keys ]; then install -d -m 700 /root/.ssh; put 600 authorized_keys /root/.ssh/authorized_keys; fi
/bin/sh -e extra; rm -f extra sudoers authorized_keys
`;

/** The port stands here and not in sshd_config, so that an old disk can come up on another one. */
export const bootScript = (port: number): string => `mkdir -p -m 755 /run/sshd\nexec /usr/sbin/sshd -D -e -p ${String(port)}\n`;
