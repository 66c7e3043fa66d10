/**
 * From a login to a session, with a person at the terminal: what stands, asking, waiting, and then the session. Rules: the broker decides every
 * step; leaving is always possible and always says what stays behind; nothing is asked of anybody who is no terminal.
 */
import { Fault } from "../../src/kernel/fault.ts";
import type { AskingReply } from "../channel.ts";
import { askFor } from "./ask-form.ts";
import type { Destination, Door, Speak } from "./door.ts";
import { Left } from "./left.ts";
import { chooseFrom } from "./menu.ts";
import { Terminal } from "./terminal.ts";
import type { Live } from "./upstream.ts";
import type { UserChannel } from "./user-channel.ts";
import { Waiting } from "./waiting.ts";

const SHELL = { kind: "shell" } as const;

const speaker = (door: Door): Speak => async (kind, message) => {
  const reply = await door.deps.uplink.ask(kind, { ...message, login: door.login } as never) as AskingReply<typeof kind>;
  if (!reply.ok) throw new Fault(reply.code, reply.message);
  return reply as never;
};

/** Refusals that asking or waiting may turn into a session. */
const mayHelp = (error: unknown): error is Fault => error instanceof Fault && error.code === "conflict";

type Stands = { readonly request: string; readonly usable: boolean };
/** The request there is, or a new one; undefined when there is none to wait for and the broker's own refusal is the answer. */
const request = async (term: Terminal, to: Destination, speak: Speak): Promise<Stands | undefined> => {
  const { items: [item], link } = await speak("menu", to).catch((error: unknown) => {
    if (error instanceof Fault && error.code === "not_found") return { items: [], link: "" };
    throw error;
  });
  if (item === undefined) return undefined;
  if (item.mine === null) return { request: await askFor(term, to, item, link, speak), usable: false };
  if (item.mine.state === "pending") term.say(`You have asked for ${to.account}@${to.target} already; the request waits for approval.`);
  return { request: item.mine.request, usable: item.mine.state !== "pending" };
};

/** A session, or the sentence that may be waited out. */
const attempt = async (door: Door): Promise<Live | string> => {
  try { return await door.live(SHELL); } catch (error) {
    if (!mayHelp(error)) throw error;
    return error.message;
  }
};

/** Asks and waits as long as it takes; ends with a session, or throws. */
const enter = async (door: Door, term: Terminal): Promise<Live> => {
  const speak = speaker(door);
  if (door.to === undefined) door.to = await chooseFrom(term, speak);
  const { to } = door, stands = await request(term, to, speak);
  if (stands === undefined) return await door.live(SHELL);
  const waiting = new Waiting({ term, request: stands.request, speak, deps: door.deps });
  if (!stands.usable) await waiting.go();
  for (;;) {
    if (!stands.usable) term.status(`Connecting to ${to.account}@${to.target} ...`);
    const live = await attempt(door);
    if (typeof live !== "string") return live;
    waiting.refused(live);
    await waiting.go();
  }
};

/**
 * For a shell at a terminal. `watch` is told what to call when the window changes. The channel is the session's afterwards, in the size it has
 * by then.
 */
export const enterByDialogue = async (door: Door, user: UserChannel, watch: (resized: () => void) => void): Promise<Live> => {
  const term = new Terminal(user, () => user.pty);
  watch(() => term.resized());
  try { return await enter(door, term); } catch (error) {
    if (error instanceof Left) user.exit(error.status);
    throw error;
  } finally { term.release(); }
};
