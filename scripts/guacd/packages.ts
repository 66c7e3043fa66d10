/**
 * guacd 1.3.0 for Debian 12, which has none of its own: seven packages of Debian 11 beside this release's own FreeRDP. Rule: what is unpacked is
 * what is written here, by its SHA-256; another machine, release or build is refused with a sentence.
 */

export type DebianPackage = { readonly name: string; readonly version: string; readonly sha256: string };
export const GUACD: readonly DebianPackage[] = [
  { name: "guacd", version: "1.3.0-1+b1", sha256: "fb9401df8378545d51c286543250f28de7c1e926408859678f4731aa198de03d" },
  { name: "libguac19", version: "1.3.0-1+b1", sha256: "d63531c44f79c3382e668e9b5682a8882f055961cb960588d9b48d9dec931d7e" },
  { name: "libguac-client-rdp0", version: "1.3.0-1+b1", sha256: "51e3b58a2f08719752e4938b74ad69f9586366af9062817c427eea67bdb49144" },
  { name: "libguac-client-ssh0", version: "1.3.0-1+b1", sha256: "fed42b213d65a8f6895feca6c590f3a72d090ef750ef21f2566763acf53c81fa" },
  { name: "libguac-client-vnc0", version: "1.3.0-1+b1", sha256: "c0debc499a00823c6d58ba7c98ad5b567ba80ea407a4fc68ae3d0c6330d79775" },
  { name: "libssl1.1", version: "1.1.1w-0+deb11u1", sha256: "aadf8b4b197335645b230c2839b4517aa444fd2e8f434e5438c48a18857988f7" },
  { name: "libwebp6", version: "0.6.1-2.1+deb11u2", sha256: "8abc2b1ca77a458bbbcdeb6af5d85316260977370fa2518d017222b3584d9653" },
];
/** What these load of the machine's own. */
export const GUACD_PACKAGES = [
  "libfreerdp-client2-2", "libfreerdp2-2", "libwinpr2-2", "libssh2-1", "libvncclient1", "libpangocairo-1.0-0", "libcairo2", "libossp-uuid16", "libpulse0",
  "libjpeg62-turbo", "debian-archive-keyring", "util-linux",
] as const;

/** Why not here, as a sentence; null: go on. `release`: the text of /etc/os-release. */
export const unsuited = (release: string, arch: string): string | null => {
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1] ?? "unknown";
  if (codename !== "bookworm") return `guacd is unpacked here for Debian 12 (bookworm); this is ${codename}. Install guacd 1.3 or newer by your distribution's own way and name it in LOCKSTEP_GUACD.`;
  if (arch !== "x64") return `guacd is unpacked here for amd64; this is ${arch}. Install guacd 1.3 with FreeRDP 2 by your distribution's own way, let it listen on loopback alone, and name it in LOCKSTEP_GUACD.`;
  return null;
};
