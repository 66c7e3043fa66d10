/** Stories of changes recorded by hand. */
import { DemonstrationNew, DemonstrationPage, Demonstrations, type ShownView } from "../demonstrations.tsx";
import { PlayPage } from "../player.tsx";
import { at, FAR, LONG, NASTY, story, type Story } from "./fixed.tsx";

const NOBODY = { allow: false, drop: false, begin: false, say: false };
const SAID: ShownView["said"] = [
  { by: "device", text: "BusyBox v1.35.0 built-in shell (ash)\n~ # " },
  { by: "broker", text: "passwd -a sha512 app" },
  { by: "device", text: "\nChanging password for app\nNew password: " },
  { by: "broker", text: "[new password]" },
  { by: "device", text: "\nRetype password: " },
];
const view = (v: Partial<ShownView>): ShownView => ({
  id: "dem_1",
  state: "asked",
  account: "app",
  target: { id: "tgt_1", name: "box-1" },
  login: "root",
  reason: "a new kind of device",
  byName: "operator",
  at: at(-20),
  approvedBy: null,
  alone: false,
  until: null,
  why: null,
  begunAt: at(-4),
  said: [],
  password: null,
  rotation: null,
  draft: null,
  noDraft: null,
  unsure: [],
  can: NOBODY,
  ...v,
});
const PLAYED = { id: "dem_1", at: "/demonstrations/dem_1", personName: "operator", accountName: "root", targetName: "box-1", openedAt: at(-20) };
const OPEN = view({
  state: "open",
  approvedBy: "second",
  until: at(11),
  said: SAID,
  password: { state: "prepared", why: null },
  can: { ...NOBODY, say: true },
});
const OVER = view({
  state: "over",
  approvedBy: "second",
  why: "finished",
  rotation: "rot_1",
  said: [
    ...SAID,
    { by: "broker", text: "[new password]" },
    { by: "device", text: `\npasswd: password for app changed by root\n${NASTY}\n~ # ` },
  ],
  password: { state: "committed", why: null },
  unsure: [
    "No refusal was seen: the draft does not know how this device says no. Add its texts under errors.",
    `"${LONG}" was answered by "${NASTY}".`,
  ],
  draft: [
    "# Look at every line of this.",
    "set: like-box-1",
    "called: Device like box-1",
    "change-with-admin:",
    "  - send: passwd {{account}}",
    "    expect:",
    "      - match: 'New password: $'",
    "        is: ok",
  ].join("\n"),
});

export const DEMONSTRATIONS: readonly Story[] = [
  story("recorded changes", () => (
    <Demonstrations
      writes
      list={[view({ can: NOBODY }), OPEN, OVER, view({ state: "dropped", why: "taken back", account: LONG, target: { id: "tgt_2", name: FAR } })]}
    />
  )),
  story("recorded changes, none", () => <Demonstrations writes={false} list={[]} />),
  story("record a change", () => (
    <DemonstrationNew
      accounts={[
        { id: "acc_1", name: "app@box-1", helper: "acc_2" },
        { id: "acc_2", name: `${LONG}@${FAR}`, helper: null },
      ]}
    />
  )),
  story("record a change, nowhere to", () => <DemonstrationNew accounts={[]} />),
  story("recorded change, to be let", () => <DemonstrationPage {...view({ can: { ...NOBODY, allow: true, drop: true }, reason: NASTY })} />),
  story("recorded change, asked", () => <DemonstrationPage {...view({ can: { ...NOBODY, drop: true } })} />),
  story("recorded change, may begin", () => (
    <DemonstrationPage
      {...view({ state: "approved", approvedBy: "second", alone: true, until: at(400), can: { ...NOBODY, begin: true, drop: true } })}
    />
  )),
  story("recorded change, being shown", () => <DemonstrationPage {...OPEN} />),
  story("recorded change, a line that was not sent", () => (
    <DemonstrationPage {...OPEN} typed={{ line: "hunter2", wrong: "The device asks for a password here. Write {{present}} or {{new}}." }} />
  )),
  story("recorded change, looked on at", () => <DemonstrationPage {...OPEN} can={NOBODY} />),
  story("recorded change, over", () => <DemonstrationPage {...OVER} />),
  story("recorded change, over, for an auditor", () => <DemonstrationPage {...OVER} plays />),
  story("player, of a recorded change", () => <PlayPage head={PLAYED} channels={[]} chosen={null} />),
  story("recorded change, over without a draft", () => (
    <DemonstrationPage
      {...OVER}
      draft={null}
      noDraft="No line that went through sent the new password by {{new}}: nothing was changed in what was shown."
      unsure={[]}
      password={{ state: "refused", why: "unchanged: the new password was not sent" }}
    />
  )),
  story("recorded change, being settled", () => <DemonstrationPage {...OVER} password={{ state: "probing", why: null }} />),
];
