/** Stories of command sets and trials. */
import type { PlatformTest } from "../../src/domain/command-set/kept.ts";
import { PlatformEdit, Platforms, PlatformSet, Trials, type SetView, type TrialsView } from "../platforms.tsx";
import { as, at, FAR, LONG, NASTY, story, type Story } from "./fixed.tsx";

const FRESH_SET = `set: my-device
called: My device
one: a device of ours
grade: perhaps
over: [ssh-shell]
start:
  - expect:
      - { match: '[#$] $', is: ok }
change-with-admin:
  - send: passwd {{account}}
    expect:
      - { match: '(?m)^.*unknown user.*$', is: refused }
      - { match: 'New password: $', is: ok }
  - sendSecret: new
    expect:
      - { match: '(changed', is: ok }
`;
const HASH = "3f1c".padEnd(64, "a");
const set = (called: string, grade: SetView["grade"], kept: object | null = null): SetView =>
  as<SetView>({
    platform: `cli:${called.toLowerCase().replaceAll(" ", "-")}`,
    called,
    grade,
    over: ["ssh-shell", "telnet"],
    about: "Small devices.",
    body: FRESH_SET,
    kept,
  });
const kept = (accepted: object | null, mayAccept: boolean): object => ({
  hash: HASH,
  name: "x",
  body: FRESH_SET,
  by: "per_operator",
  at: at(-90),
  accepted,
  byName: "operator",
  acceptedByName: accepted ? "second" : null,
  mayAccept,
});
const OWN = set(LONG, "draft", kept(null, true)),
  ACCEPTED = set("Acme box", "draft", kept({ by: "per_second", at: at(-5), alone: false }, false));
const SETS = [set("BusyBox device", "proven"), set("Cisco IOS", "draft"), set("Old switch", "recorded"), OWN, ACCEPTED];
const trial = (passed: boolean, changed: boolean, why: string): PlatformTest =>
  as<PlatformTest>({
    id: "run_1",
    passed,
    changed,
    why,
    at: at(-3),
    said: [
      {
        verb: "change",
        over: "ssh-shell",
        said: [
          { by: "device", text: "BusyBox v1.35.0\n~ # " },
          { by: "broker", text: "passwd -a sha512 app" },
          { by: "device", text: "passwd -a sha512 app\nChanging password for app\nNew password: " },
          { by: "broker", text: "[new password]" },
          { by: "device", text: passed ? "\nRetype password: " : `\n${NASTY}` },
        ],
      },
    ],
  });
const VIEW: TrialsView = {
  target: { id: "tgt_1", name: "switch-1" },
  called: "Cisco IOS",
  grade: "draft",
  standsAgainst: "x",
  plaintext: true,
  accounts: [
    { id: "acc_1", name: "admin" },
    { id: "acc_2", name: LONG },
  ],
  tests: [trial(true, true, ""), trial(false, false, "the device said nothing that step 1 expects")],
};

const NONE = { standsAgainst: null, plaintext: false, accounts: [], tests: [] };

export const PLATFORMS: readonly Story[] = [
  story("command sets", () => <Platforms list={SETS} writes />),
  story("command sets, as an auditor", () => <Platforms list={SETS} writes={false} />),
  story("command set, to be accepted", () => <PlatformSet set={OWN} writes />),
  story("command set, shipped", () => <PlatformSet set={SETS[0]!} writes={false} />),
  story("command set, new", () => <PlatformEdit text={FRESH_SET} mistakes={[]} />),
  story("command set, with mistakes", () => (
    <PlatformEdit
      text={FRESH_SET}
      mistakes={[
        { line: 4, key: "grade", says: "Invalid option" },
        { line: 15, key: "change-with-admin[1].expect[0].match", says: `no pattern that RE2 reads: ${NASTY}` },
      ]}
    />
  )),
  story("trials", () => <Trials v={VIEW} />),
  story("trials, none", () => <Trials v={{ ...VIEW, ...NONE, target: { id: "tgt_1", name: FAR } }} />),
];
