/**
 * The user name as an address. Rule: pure; `person@account@target`, split at the first and the last `@` (an account may hold `@`),
 * or `person:account@target`; `person` alone names nobody's account.
 */
const NAME = /^[a-z0-9._-]{1,64}$/;
/** An account is the target's business, but never a control character, and never longer than a login name can be. */
// eslint-disable-next-line no-control-regex
const ACCOUNT = /^[^\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]{1,128}$/;

export type Destination = { readonly person: string; readonly to: { readonly account: string; readonly target: string } | undefined };

const asName = (text: string): string | undefined => NAME.test(text) ? text : undefined;

/** Where the person's name ends: the first `@` or `:`, whichever comes first. */
const firstMark = (text: string): number => text.search(/[@:]/);

/** undefined: no person can be read from it. */
export const parseUser = (text: string): Destination | undefined => {
  const first = firstMark(text);
  if (first < 0) { const person = asName(text); return person === undefined ? undefined : { person, to: undefined }; }
  const person = asName(text.slice(0, first)), last = text.lastIndexOf("@");
  if (person === undefined || last <= first) return undefined;
  const account = text.slice(first + 1, last), target = asName(text.slice(last + 1));
  return target === undefined || !ACCOUNT.test(account) ? undefined : { person, to: { account, target } };
};

export const formatUser = (person: string, account: string, target: string): string => `${person}@${account}@${target}`;

export const NO_MENU = "Name the account and the target: ssh person@account@target@broker. The menu needs a terminal: ssh -t person@broker, without a command.";
