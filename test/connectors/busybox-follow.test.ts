/** What follows a change on a device: a list of its command set, on a real BusyBox. Rule: what became of it is read from the device's disk, never through the connector. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandSet, SHIPPED, type Heard } from "../../src/connectors/command-set.ts";
import type { Task } from "../../src/connectors/connector.ts";
import { parseCommandSet } from "../../src/domain/command-set/index.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { busybox, type Device } from "../lab/busybox.ts";
import { overSsh, setFrom } from "./busybox-world.ts";

const FOLLOW = `
follow:
  radius:
    - send: "echo for {{account}} > /etc/radius.who; read -s p && echo key=$p > /etc/radius && echo saved"
    - sendSecret: new
      pause: 0.2
      expect: [{ match: '(?m)^saved', is: ok }, { match: '(?m)^sh: (.*)$', is: refused }]
  refused:
    - send: ls /nowhere
      expect: [{ match: '(?m)^ls: (.*)$', is: refused }, { match: '[#$] $', is: ok }]
  silent:
    - send: "read -s p; sleep 5"
    - sendSecret: new
      pause: 0.2
      timeout: 0.5
      expect: [{ match: saved, is: ok }]
`;
const text = readFileSync(new URL("../../command-sets/busybox.yaml", import.meta.url), "utf8"), set = setFrom(text + FOLLOW), PW = "Fresh-Pw-1$x'9Qz", ROOT = "Root-Pw-1!x9Qz";
const heard: Heard[] = [], { follower } = commandSet(set, { version: () => set, newest: SHIPPED, hear: (h) => heard.push(h) });
let device: Device;
beforeAll(async () => { device = await busybox({ name: "box", rootPassword: ROOT }); }, 60_000);
afterAll(() => device?.destroy());

const as = (password = ROOT) => ({ name: "root", secret: Secret.of(password) });
const steps = (list: string, account = "app1"): Task => ({ does: "steps", list, account });
const go = (task: Task, who = as(), port = device.port, secret = PW) => follower!.run(overSsh(device), directLink({ host: "127.0.0.1", port }), task, Secret.of(secret), who, AbortSignal.timeout(20_000));
const read = async (file: string): Promise<string> => (await device.exec(`cat ${file}`)).stdout;

test("the list is walked with the password that came into force; nothing of it is in the transcript, in a command line or in a file but the one", async () => {
  expect(await follower!.rehearse(overSsh(device), directLink({ host: "127.0.0.1", port: device.port }), steps("radius"), as(), AbortSignal.timeout(20_000))).toMatchObject({ ok: true });
  expect(await go(steps("radius"))).toBe("done");
  expect([await read("/etc/radius"), await read("/etc/radius.who")]).toEqual([`key=${PW}\n`, "for app1\n"]);
  expect(heard.map((h) => h.verb)).toEqual(["test", "follow"]);
  expect(JSON.stringify(heard)).not.toContain(PW);
  expect(device.log()).not.toContain(PW);
});
test("what it refuses, what it never answers, and what never left us are told apart", async () => {
  expect(await go(steps("refused"))).toMatchObject({ refused: expect.stringContaining("/nowhere") as string });
  expect(await go(steps("silent"))).toHaveProperty("unknown");
  expect([await go(steps("radius"), as("wrong")), await go(steps("radius"), as(), 1)]).toEqual([expect.objectContaining({ not_sent: "auth_of_as" }), expect.objectContaining({ not_sent: "unreachable" })]);
  expect([await go(steps("nothing")), await go(steps("radius", "a b"))]).toEqual([{ refused: 'BusyBox device has no such list under "follow"' }, { refused: 'the name "a b" is no plain word, and the list names it' }]);
  expect(await go(steps("radius"), as(), device.port, "ä")).toEqual({ refused: "the password holds a character that a BusyBox device does not take" });
  expect(await follower!.rehearse(overSsh(device), directLink({ host: "127.0.0.1", port: device.port }), steps("nothing"), as(), AbortSignal.timeout(20_000))).toMatchObject({ ok: false, stage: "right" });
});
test("a set without such lists can do nothing of the kind, and mistakes in one come with their place", () => {
  expect(commandSet(setFrom(text), { version: () => set, newest: SHIPPED }).follower).toBe(undefined);
  const shell = text.replace(", ssh-exec", ""), mistakes = (yaml: string) => { const r = parseCommandSet(yaml); return "mistakes" in r ? r.mistakes.map((m) => `${m.key} ${m.says}`) : []; };
  expect(mistakes(`${text}\nfollow:\n  empty: []\n`)).toEqual(["follow.empty does nothing: a list has at least one step"]);
  expect(mistakes(`${shell}\nfollow:\n  a:\n    - send: id\n      expect: [{ exit: 0, is: ok }]\n`)).toEqual(["follow.a[0].expect[0].exit only ssh-exec has an exit status"]);
  expect(mistakes(`${text}\nfollow:\n  a:\n    - sendSecret: new\n`)).toEqual([expect.stringContaining("follow.a[0].sendSecret over ssh-exec the first line sent is a command")]);
});
