/**
 * On the machine and off it again: agent.conf, the token, and what starts it with the machine. Rule: each step says what it did; nothing of it holds a secret
 * but the token, which is root's file and gone with its use.
 */
import { mkdirSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { Fault } from "../src/kernel/fault.ts";
import { confText, parseConf, type Conf } from "./conf.ts";
import { untilTold } from "./run.ts";
import { keep } from "./state.ts";
import { stateOf, type Tools } from "./tools.ts";

export type Wish = { readonly conf: Parameters<typeof confText>[0]; readonly token: string | null };

/** Writes agent.conf as it is wished, checked by the reader that reads it later. */
const writeConf = (t: Tools, wish: Wish): Conf => {
  const text = confText(wish.conf),
    conf = parseConf(text);
  mkdirSync(dirname(t.places.conf), { recursive: true, mode: 0o755 });
  keep(dirname(t.places.conf), basename(t.places.conf), text);
  t.say(`Wrote ${t.places.conf}.`);
  return conf;
};
/** The token is used once, over a connection whose far end has proven the key of agent.conf. */
export const enroll = async (t: Tools, wish: Wish, signal: AbortSignal): Promise<string> => {
  await t.platform.close?.(t.places.state, signal);
  const state = stateOf(t);
  if (wish.token === null && state.agent() === undefined && state.token() === undefined)
    throw new Fault("invalid", "The token is missing: it is read from standard input. Paste the whole line that the portal printed.");
  if (wish.token !== null && state.agent() !== undefined && state.standing()?.state !== "refused")
    throw new Fault("conflict", `This machine is enrolled already, as ${state.agent()!}. To enroll it anew: lockstep-agent uninstall --yes`);
  const conf = writeConf(t, wish);
  if (wish.token !== null) state.keepToken(wish.token);
  let last = "the broker cannot be reached";
  const s = await untilTold(
    {
      ...t,
      log: (level, what) => {
        if (level !== "info") last = what;
        t.log(level, what);
      },
    },
    conf,
    state,
    signal,
  );
  const id = state.agent();
  if (id !== undefined && s?.state !== "refused") return id;
  throw new Fault("unavailable", `Not enrolled: ${s?.why ?? last}. Look with: lockstep-agent doctor`);
};

export const install = async (t: Tools, wish: Wish, signal: AbortSignal): Promise<string> => {
  const may = await t.platform.rights(process.getuid?.() ?? -1, signal);
  if ("wrong" in may && wish.conf.Mode !== "gateway") throw new Fault("forbidden", `${may.wrong}. What to do: ${may.hint}.`);
  const id = await enroll(t, wish, signal);
  t.say(`Enrolled as ${id}.`);
  await t.platform.service.install(t.say, t.self, signal);
  return id;
};
export const uninstall = async (t: Tools, signal: AbortSignal): Promise<void> => {
  await t.platform.service.uninstall(t.say, signal);
  for (const file of [t.places.conf, t.places.state]) {
    rmSync(file, { recursive: true, force: true });
    t.say(`Removed ${file}.`);
  }
  t.say("Its broker still knows it: revoke it on its page in the portal, or with: lockstep agent revoke");
};
