/** Accounts whose secret is a private key. */
import { ReleasePage } from "../release.tsx";
import { at, story, type Story } from "./fixed.tsx";

/** Of nobody: no key stands behind it. */
const KEY = [
  "-----BEGIN OPENSSH PRIVATE KEY-----",
  ...Array.from({ length: 5 }, () => "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW"),
  "-----END OPENSSH PRIVATE KEY-----\n",
].join("\n");
const other = { password: KEY, no: 3, says: "was in force until 12:00" };

export const KEYS: readonly Story[] = [
  story("release, a key", () => (
    <ReleasePage password={KEY} account="deploy" target="web-1-keys" until={at(40)} back="/requests/req_1" seconds={20} />
  )),
  story("release, a key, broken glass", () => (
    <ReleasePage
      password={KEY}
      account="deploy"
      target="web-1-keys"
      until={at(40)}
      back="/requests/req_1"
      seconds={60}
      says="the candidate of the change under way"
      others={[other]}
    />
  )),
];
