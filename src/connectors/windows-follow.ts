/**
 * What follows a change on a Windows machine: a service stopped or started, and the new password given to what logs on by itself (a service, a
 * scheduled task, an application pool of IIS). Rules: a name and a password go by standard input; only what runs as the very account whose password
 * changed gets it, which is named with its domain. No real Windows was at hand: docs/dependents.md.
 */
import type { Secret } from "../kernel/secret.ts";
import type { ChangeResult, Follower, Task, TestResult } from "./connector.ts";
import { plain, scrubbed, words } from "./connector.ts";
import type { Failed, Way } from "./windows-accounts.ts";
import { controlled, fitting, FOLLOW, given, there } from "./windows-follow-script.ts";
import { inputOf, isAdmin } from "./windows-script.ts";

type Ours = Extract<Task, { does: "service" | "logon" }>;
const DOES: readonly Task["does"][] = ["service", "logon"];
// eslint-disable-next-line no-control-regex
const fits = (name: string): boolean => name === name.trim() && name.length > 0 && name.length <= 240 && !/[\x00-\x1f\x7f"*?[\]]/.test(name);
const unfit = (t: Task): string | undefined => {
  if (!DOES.includes(t.does)) return "that is not done on Windows";
  const { name, what } =
    t.does === "service"
      ? { name: t.unit, what: "a service" }
      : { name: (t as Extract<Task, { does: "logon" }>).name, what: "a service, task or pool" };
  if (!fits(name)) return `this is not the name of ${what}`;
  if (t.does === "logon" && !/^[^\\@]+[\\@][^\\@]+$/.test(t.account)) return `of which machine or domain ${t.account} is, is not known: it may be another one there`;
  return t.does === "service" && t.action === "reload" ? "Windows knows no reload of a service: restart it" : undefined;
};
const notSent = ({ kind, why }: Failed): ChangeResult => ({
  not_sent: kind === "identity" ? "identity" : kind === "reach" ? "unreachable" : "auth_of_as",
  why,
});

export const windowsFollower = <C>(way: Way<C>): Follower<C> => ({
  does: DOES,
  run: async (c, link, task, secret, as, signal) => {
    const wrong = unfit(task) ?? (task.does === "logon" && secret === null ? "there is no password to give" : undefined),
      t = task as Ours,
      hidden = plain(as.secret, secret ?? undefined);
    if (wrong !== undefined) return { refused: wrong };
    let sent = false;
    const input =
      (...values: readonly (string | Secret)[]) =>
      (): Buffer => {
        sent = true;
        return inputOf(...values);
      };
    try {
      return scrubbed(
        await way.session(c, link, as, signal, async (s): Promise<ChangeResult> =>
          t.does === "service"
            ? controlled(await s.run(FOLLOW.service, input(t.unit, t.action)), t.unit, t.action)
            : given(await s.run(FOLLOW.logon, input(t.of, t.name, t.account, secret!)), t.of, t.name, t.account),
        ),
        hidden,
      );
    } catch (e) {
      const f = way.failed(e);
      return scrubbed(sent ? { unknown: f.why } : notSent(f), hidden);
    }
  },
  rehearse: async (c, link, task, as, signal) => {
    const wrong = unfit(task),
      t = task as Ours;
    if (wrong !== undefined) return { ok: false, stage: "right", why: wrong };
    try {
      return await way.session(c, link, as, signal, async (s): Promise<TestResult> => {
        const admin = isAdmin(await s.run(FOLLOW.admin, () => inputOf()));
        if (admin !== true) return { ok: false, stage: "right", why: admin.why };
        const no =
          t.does === "service"
            ? there(await s.run(FOLLOW.see, () => inputOf(t.unit)), t.unit)
            : fitting(await s.run(FOLLOW.runs, () => inputOf(t.of, t.name, t.account)), t.of, t.name, t.account);
        return no ?? { ok: true, identity: s.proof };
      });
    } catch (e) {
      const f = way.failed(e);
      return { ok: false, stage: f.kind === "denied" ? "right" : f.kind, why: words(f.why, plain(as.secret)) };
    }
  },
});
