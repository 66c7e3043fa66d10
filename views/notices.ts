/** Sentences after a form was taken, by the word in `?done=`. Rule: a closed list, so an address cannot put words into the portal's mouth. */
const SENTENCES = {
  asked: "Asked. The approvers see it now.",
  approved: "Your approval is counted.",
  denied: "Denied. The requester reads your reason.",
  revoked: "Revoked. Live sessions are cut.",
  cancelled: "Cancelled.",
  "given-back": "Given back. The password is being changed.",
  "checked-out": "It is yours now; the clock is running.",
  reviewed: "Reviewed.",
  ended: "The session is being ended.",
  rotating: "A password change is under way.",
  adopting: "Adoption has begun: the password is changed twice before the account counts as managed.",
  verified: "The vault's password is the one in force.",
  drift: "The target does not take the vault's password. The broker is settling which one is in force.",
  unknown: "The target gave no clear answer. Nothing was changed.",
  blocked: "Blocked. Its live sessions are cut.",
  unblocked: "No longer blocked.",
  checking: "The check is under way.",
  added: "Added.",
  changed: "Saved.",
  accepted: "Accepted. The accounts of this target are free again.",
  confirmed: "Confirmed.",
  tested: "The target knows the administrative account, and it may change the others.",
  untested: "The test did not succeed. The audit log has the reason.",
  revoked_token: "The token no longer works.",
  password: "Your password is changed; your other logins have ended.",
  bye: "You are logged out.",
} as const;
export const sentence = (word: string | undefined): string | undefined =>
  word !== undefined && Object.hasOwn(SENTENCES, word) ? SENTENCES[word as keyof typeof SENTENCES] : undefined;
export type Done = keyof typeof SENTENCES;
