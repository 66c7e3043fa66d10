/** A terminal that waits for its code to be typed in the portal. Rule: the row is this connection's alone; the wait is a long poll the bus wakes. */
import type { TerminalId } from "../kernel/ids.ts";
import { untilOther } from "../flow/wait.ts";
import type { Deps } from "../flow/deps.ts";
import type { From, IdentityDeps } from "../identity/deps.ts";
import type { LoginResult } from "../identity/login.ts";
import { beginTerminal, spendTerminal, terminalState } from "../identity/terminals.ts";
import type { LoginAsk } from "../../proxy/channel.ts";

/** What a step came to: a login's result, or what is to be shown and waited for. */
export type Browsed = LoginResult | { readonly outcome: "waits"; readonly code?: string };
type Open = { readonly id: TerminalId; readonly until: number };
const NONE: LoginResult = { outcome: "refused", why: "There is nothing to wait for. Start again." };

export const browserLogins = (flow: Deps, identity: IdentityDeps) => {
  const open = new Map<string, Open>(), keyOf = (ask: LoginAsk): string => `${ask.worker} ${ask.connection}`;
  const begin = async (ask: LoginAsk, from: From): Promise<Browsed> => {
    const now = flow.clock.mono();
    for (const [key, o] of open) if (o.until < now) open.delete(key);
    const begun = await beginTerminal(identity, { name: ask.person, ...from });
    if (begun.outcome === "refused") return begun;
    open.set(keyOf(ask), { id: begun.id, until: now + 2 * flow.times.terminalCode });
    return { outcome: "waits", code: begun.code };
  };
  const wait = async (ask: LoginAsk, from: From): Promise<Browsed> => {
    const mine = open.get(keyOf(ask));
    if (mine === undefined) return NONE;
    const state = await untilOther(flow, [mine.id], "waiting", () => terminalState(flow.db, mine.id, flow.clock.now()), (s) => s);
    if (state === "waiting") return { outcome: "waits" };
    open.delete(keyOf(ask));
    return spendTerminal(identity, { id: mine.id, name: ask.person, ...from });
  };
  return (ask: LoginAsk, step: "begin" | "wait", from: From): Promise<Browsed> => (step === "begin" ? begin(ask, from) : wait(ask, from));
};
