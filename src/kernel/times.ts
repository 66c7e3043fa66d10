/** Every wait in the broker, in milliseconds. Rule: no other file names a duration; tests scale them all with LOCKSTEP_TIMESCALE. */
const SECOND = 1_000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

const BASE = {
  rotationLease: 60 * SECOND, leaseMargin: 10 * SECOND, changeLimit: 30 * SECOND, probeLimit: 15 * SECOND,
  retryFirst: 5 * SECOND, retryMax: 10 * MINUTE, giveUpAfter: 24 * HOUR, deadLetterProbe: DAY,
  probeWindow: 15 * MINUTE, closureFirst: 60 * SECOND, closureSecond: 10 * MINUTE, closureNightly: DAY,
  sweep: 30 * SECOND, sessionLease: 60 * SECOND, sessionRenew: 15 * SECOND, sessionTakeover: 90 * SECOND, cutoff: SECOND,
  reconnectGrace: 60 * SECOND, typedTtl: 8 * HOUR, handshake: 10 * SECOND, targetDial: 10 * SECOND, auditSequence: SECOND,
  ticket: 30 * SECOND, loginIdle: 15 * MINUTE, loginAbsolute: 8 * HOUR, lockout: 15 * MINUTE, idempotency: DAY, tick: SECOND,
  offer: 5 * MINUTE, idleHold: 15 * MINUTE, idleWarn: 5 * MINUTE, healerPause: 10 * MINUTE,
  /** What a password policy counts in: its minimum age in hours, its maximum age in days; and when a change for age that was refused is tried again. */
  policyHour: HOUR, policyDay: DAY, ageRetry: 6 * HOUR,
  /** Mail and webhooks: one call of a webhook ends well inside its lease, a mail's is renewed while its server takes its time; what nobody took for three days is given up. */
  deliveryLease: 60 * SECOND, deliveryLimit: 20 * SECOND, deliveryRetryFirst: 30 * SECOND, deliveryRetryMax: HOUR, deliveryGiveUp: 3 * DAY,
  deliveryRenew: 15 * SECOND, deliveryUnsureFirst: HOUR, deliveryUnsureMax: DAY, deliveryGather: 30 * SECOND, webhookOffAfter: 3 * DAY, deliveryKept: 90 * DAY, expiryTold: 5 * MINUTE,
  /** A mail server (RFC 5321, 4.5.3.2): wary of strangers or laden it greets late, and after the final dot it may look for viruses; giving up there means sending again what it then takes. */
  mailDial: 10 * SECOND, mailGreeting: 5 * MINUTE, mailAnswer: 10 * MINUTE,
  /** A change or check that takes longer is kept waiting by its target: it leaves the count of what works. */
  brisk: 2 * SECOND,
  /** A device with a command line: the silence before its prompt is answered, and how long it may talk before it is judged all the same. */
  settle: 50, settleAtLeast: 500,
  /** Listing the accounts of a target: the whole call, its lease, and how often it is done again where somebody asked for that. */
  discoverLimit: 45 * SECOND, discoverLease: 90 * SECOND, discoverDaily: DAY,
  /** A change shown by hand: how long after somebody let it it may begin, how long it may take, how long one answer is waited for, and the silence that ends it. */
  demonstrationBegin: 8 * HOUR, demonstrationOpen: 15 * MINUTE, demonstrationAnswer: 8 * SECOND, demonstrationQuiet: 400,
  /** What depends on a password: one call on one target (a service may take its time), and its lease. */
  dependentLimit: 45 * SECOND, dependentLease: 90 * SECOND,
  /** A logged-in connection to a host is kept this long for the next call, and used this long in all. */
  doorRest: 5 * SECOND, doorLife: MINUTE,
  /** Agents: how often one says it is there, when one that does not is called gone, how long a token of one use lives, and a call's limit beside its work. */
  agentBeat: 15 * SECOND, agentGone: 5 * MINUTE, agentToken: 10 * MINUTE, agentHour: HOUR, agentCall: 20 * SECOND,
  /** The agent's own: its pauses before it dials again, one verb's limit, and how long its doctor waits for the broker's word. */
  /** How long after the end of a use an order left with an agent may still be performed. */
  orderKept: DAY,
  agentRetryFirst: SECOND, agentRetryMost: 30 * SECOND, agentVerb: 60 * SECOND, agentWord: 10 * SECOND,
  /** OpenSSH waits at least this long in keyboard-interactive. */
  terminalCode: 150 * SECOND,
} as const;

export type Times = { readonly [K in keyof typeof BASE]: number };

/** `scale` 1 is real life; tests use 0.2 and less. Call limits towards targets are not scaled below 5 s: real hosts stay as slow as they are. */
export const times = (scale = 1): Times => {
  const out = Object.fromEntries(Object.entries(BASE).map(([k, v]) => [k, Math.max(1, Math.round(v * scale))])) as Record<keyof typeof BASE, number>;
  out.changeLimit = Math.max(out.changeLimit, 5 * SECOND);
  out.probeLimit = Math.max(out.probeLimit, 5 * SECOND);
  out.targetDial = Math.max(out.targetDial, 5 * SECOND);
  out.discoverLimit = Math.max(out.discoverLimit, 5 * SECOND);
  out.dependentLimit = Math.max(out.dependentLimit, 10 * SECOND);
  out.dependentLease = Math.max(out.dependentLease, out.dependentLimit + out.probeLimit + out.leaseMargin + 3 * SECOND);
  out.discoverLease = Math.max(out.discoverLease, out.discoverLimit + out.leaseMargin);
  out.agentCall = Math.max(out.agentCall, 5 * SECOND);
  out.handshake = Math.max(out.handshake, 5 * SECOND);
  out.mailDial = Math.max(out.mailDial, 5 * SECOND);
  out.mailGreeting = Math.max(out.mailGreeting, 10 * SECOND);
  out.mailAnswer = Math.max(out.mailAnswer, 10 * SECOND);
  out.deliveryLimit = Math.max(out.deliveryLimit, 5 * SECOND);
  out.deliveryLease = Math.max(out.deliveryLease, out.deliveryLimit + out.leaseMargin);
  out.rotationLease = Math.max(out.rotationLease, out.changeLimit + out.leaseMargin + 3 * SECOND);
  // The administrative account is lent for the length of a rotation's lease, and one listing, or one dependent, must end within it.
  out.rotationLease = Math.max(out.rotationLease, out.discoverLimit + out.leaseMargin, out.dependentLimit + out.leaseMargin);
  if (out.rotationLease < out.changeLimit + out.leaseMargin) throw new RangeError("times: a lease must outlive one call and its margin");
  return out;
};

/** For `lockstep selftest`: real limits towards the target, but nobody is kept for ten minutes a step; given up after five. */
export const selfTestTimes = (t: Times): Partial<Times> => ({ sweep: t.sweep / 60, retryFirst: t.retryFirst / 5, closureFirst: t.closureFirst / 200, closureSecond: t.closureFirst / 100, giveUpAfter: t.giveUpAfter / 288 });
