/** Stories of targets. */
import { TargetConfirm, TargetNew } from "../target-new.tsx";
import { TargetPage } from "../target.tsx";
import { Targets } from "../targets.tsx";
import { account, FAR, story, target, type Story } from "./fixed.tsx";

const draft = { name: "web-1", platform: "linux-ssh", host: "192.0.2.10", port: 22, tags: "production" };
const targetView = {
  target: target(),
  accounts: [account(), account({ credential: "unverified" })],
  fingerprints: ["ssh-ed25519 SHA256:abc"],
  passwordPolicies: ["low", "medium", "strong"],
};

export const TARGETS: readonly Story[] = [
  story("targets", () => (
    <Targets
      list={[
        { target: target(), accounts: 2, blocked: false },
        { target: target({ name: FAR, administrative: null }), accounts: 0, blocked: true },
      ]}
    />
  )),
  story("targets, none", () => <Targets list={[]} />),
  story("target, add", () => <TargetNew platforms={["linux-ssh"]} draft={draft} />),
  story("target, confirm its key", () => (
    <TargetConfirm draft={draft} hostKey="ssh-ed25519 AAAA" fingerprint="SHA256:abc" command="ssh-keygen -lf x" />
  )),
  story("target", () => <TargetPage {...targetView} blocked={false} />),
  story("target, identity changed", () => <TargetPage {...targetView} blocked />),
  story("target, new", () => <TargetPage {...targetView} accounts={[]} blocked={false} />),
];
