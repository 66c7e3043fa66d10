/**
 * What follows a change on a device: a named list of its command set, walked by the administrative account, with the password that came into
 * force. Rule: as for a change: nothing left us before the first step that says so, and what was begun and not answered is unknown.
 */
import type { CommandSet, Over } from "../../domain/command-set/index.ts";
import { wordLike } from "../../domain/command-set/index.ts";
import { reveal } from "../../kernel/reveal.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { ChangeResult, Task } from "../connector.ts";
import { sendable } from "../connector.ts";
import type { Device } from "./reach.ts";
import { forbiddenBy } from "./settings.ts";

export type Steps = Extract<Task, { does: "steps" }>;
/** Why it is not begun at all. */
export const unfit = (set: CommandSet, task: Task, secret: Secret | null): string | undefined => {
  const list = task.does === "steps" ? set.follow[task.list] : undefined;
  if (task.does !== "steps" || list === undefined) return `${set.called} has no such list under "follow"`;
  if (list.some((s) => `${s.send ?? ""}${s.tail ?? ""}`.includes("{{account}}")) && !wordLike(task.account)) return `the name ${JSON.stringify(task.account)} is no plain word, and the list names it`;
  if (secret === null) return undefined;
  if (!sendable({ forbidden: forbiddenBy(set) }, reveal(secret))) return `the password holds a character that ${set.one} does not take`;
  return Buffer.byteLength(reveal(secret)) > set.passwords.longest ? `${set.one} takes at most ${set.passwords.longest} bytes of a password` : undefined;
};

const verdict = (o: Over): ChangeResult => {
  if (o.is === "ok") return "done";
  if (o.is === "refused" && !o.made) return { refused: o.why || "the device refused it" };
  if (o.begun) return { unknown: o.why || "the device's answer decides nothing" };
  return { not_sent: o.is === "auth" ? "auth_of_as" : "unreachable", why: o.why || "the device did not go along" };
};
/** `begun`: said before the first byte that may change something. */
export const follow = async (d: Device, task: Steps, begun: (yes: boolean) => void): Promise<ChangeResult> => {
  const o = await d.follow(task.list, task.account), r = verdict(o);
  begun(o.begun);
  if (r !== "done") {
    if (!d.gone()) await d.list("on-failure", task.account);
    return r;
  }
  const after = await d.list("on-success", task.account);
  return after.is === "ok" ? "done" : { unknown: `it was done, but then: ${after.why}` };
};
