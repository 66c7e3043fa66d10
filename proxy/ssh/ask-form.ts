/** Asking for an account at the terminal. Rule: before anything is sent it says who decides, what is recorded and how long it may be. */
import { Fault } from "../../src/kernel/fault.ts";
import { parseMinutes, sayMinutes } from "../../src/kernel/minutes.ts";
import type { MenuItem, Offer } from "../channel.ts";
import { REASON_MOST, TICKET_MOST } from "../asking.ts";
import type { Destination, Speak } from "./door.ts";
import { left } from "./leave.ts";
import type { Terminal } from "./terminal.ts";

const USUAL = 60, DIGITS = 12;
const GETS: Readonly<Record<string, string>> = { session: "sessions; the password is never shown to you",
  release: "sessions, and the password when you ask for it" };
const AFTER: Readonly<Record<string, string>> = { session: "after your last session", release: "when you give it back or time is up" };

/** What a policy means, in sentences. */
export const policyLines = (o: Offer): string[] => [
  `Policy "${o.name}": you get ${GETS[o.preset] ?? `access of the kind "${o.preset}"`}, for at most ${sayMinutes(o.maxMinutes)}.`,
  o.approvers.length === 0 ? "Nobody is seated who may approve; ask an admin first." : `Decided by ${o.approvals} of: ${o.approvers.join(", ")}. They may shorten it.`,
  `Recorded: what the screen shows${o.recordInput ? ", and what you type" : "; not what you type"}. Auditors can play it back.`,
  `Afterwards the password is changed, ${AFTER[o.preset] ?? "as the policy says"}.`,
];

type Checked<T> = { readonly value: T } | { readonly wrong: string };
/** A question asked until its answer will do. */
const until = async <T>(term: Terminal, prompt: string, most: number, check: (text: string) => Checked<T>): Promise<T> => {
  for (;;) {
    const answer = await term.ask(prompt, most);
    if ("left" in answer) throw left(term, answer.left, "Nothing was asked.");
    const checked = check(answer.text);
    if ("value" in checked) return checked.value;
    term.say(checked.wrong);
  }
};

const choose = async (term: Terminal, offers: readonly Offer[]): Promise<Offer> => {
  const [only] = offers;
  if (only !== undefined && offers.length === 1) return only;
  offers.forEach((o, i) => term.say(`${i + 1}) ${o.name}: at most ${sayMinutes(o.maxMinutes)}, ${o.approvals} vote${o.approvals === 1 ? "" : "s"}`));
  return await until(term, "By which policy? [1]", DIGITS, (text) => {
    const value = offers[(text === "" ? 1 : /^\d+$/.test(text) ? Number(text) : 0) - 1];
    return value === undefined ? { wrong: `Type a number from 1 to ${offers.length}.` } : { value };
  });
};

const length = (term: Terminal, o: Offer): Promise<number> => {
  const usual = Math.min(USUAL, o.maxMinutes);
  return until(term, `For how long? [${sayMinutes(usual)}]`, DIGITS, (text) => {
    const minutes = text === "" ? usual : parseMinutes(text);
    if (minutes === null) return { wrong: "Type minutes, or a time such as 45m, 2h or 1h30." };
    return minutes > o.maxMinutes ? { wrong: `At most ${sayMinutes(o.maxMinutes)} under this policy.` } : { value: minutes };
  });
};
const reason = (term: Terminal, o: Offer): Promise<string> => until(term, "Why?", REASON_MOST, (text) =>
  (text.length < o.reasonMin ? { wrong: `At least ${o.reasonMin} characters: approvers read it, and it stays in the audit log.` } : { value: text }));
/** The pattern is judged by the broker; here only a missing one is asked for again. */
const ticket = async (term: Terminal, o: Offer): Promise<string> => (o.ticketPattern === "" ? ""
  : await until(term, `Ticket (like ${o.ticketPattern}):`, TICKET_MOST, (text) => (text === "" ? { wrong: `This policy wants a ticket like ${o.ticketPattern}.` } : { value: text })));

/** The id of the request that was made. What the broker refuses is said, and asked again. */
export const askFor = async (term: Terminal, to: Destination, item: MenuItem, link: string, speak: Speak): Promise<string> => {
  const offers = item.offers.filter((o) => o.shell), name = `${to.account}@${to.target}`;
  if (offers.length === 0) throw new Fault("forbidden", `No policy gives you a shell on ${name}. What there is: ${link}`);
  term.say(`${name}: you have no approved request for this account.`);
  if (item.standing.word === "held") term.say(`It is held by ${item.standing.by ?? "somebody"} right now; you can ask all the same, and wait.`);
  const offer = await choose(term, offers);
  for (const line of policyLines(offer)) term.say(line);
  for (;;) {
    const terms = { minutes: await length(term, offer), reason: await reason(term, offer), ticket: await ticket(term, offer) };
    try {
      const made = await speak("ask", { ...to, policy: offer.policy, ...terms });
      term.say(`Asked. ${made.link}`);
      return made.request;
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "invalid") throw error;
      term.say(error.message);
    }
  }
};
