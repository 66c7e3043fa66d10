/**
 * The bodies of the verbs. Rule: the list is closed (wires/agent-words.ts); nothing here opens a shell for anybody, and what is said of this machine
 * is read at that moment.
 */
import { Fault } from "../src/kernel/fault.ts";
import { Secret } from "../src/kernel/secret.ts";
import { publicLine, signText } from "../src/wires/ssh.ts";
import { boxText, type Ask, type Deeds, type Reply } from "../src/wires/agent-words.ts";
import { verify } from "./change.ts";
import type { Conf } from "./conf.ts";
import type { Check } from "./doctor.ts";
import type { Keeper } from "./keeper.ts";
import { nameOf } from "./names.ts";
import { pin } from "./pins.ts";
import type { State } from "./state.ts";
import { VERSION, type Tools } from "./tools.ts";

/** `allowNo`: of the list it carries by, which is kept elsewhere. `told`: how it stands was said. */
export type Doing = {
  readonly conf: Conf;
  readonly state: State;
  readonly keeper: Keeper;
  readonly allowNo: () => number;
  readonly examine: (signal: AbortSignal) => Promise<readonly Check[]>;
  told(): void;
};
export type Ours = Omit<Deeds, "allow">;

const helloOf = (t: Tools, { state, conf, allowNo }: Doing): Reply<"hello"> => ({
  ...(state.agent() === undefined && state.token() !== undefined ? { token: state.token()! } : {}),
  mode: conf.Mode,
  userName: conf.UserName,
  serverName: nameOf(conf),
  version: VERSION,
  now: t.clock.now().getTime(),
  boxKey: state.box().publicKey,
  boxProof: signText(Secret.of(state.hostKey()), boxText(state.agent() ?? "", state.box().publicKey)),
  allowNo: allowNo(),
  facts: t.platform.facts(),
  sshKeys: conf.Mode === "agent" ? t.platform.sshKeys() : [],
  ...(conf.Mode === "agent" ? { orders: true as const } : {}),
});
/** What is asked of its accounts: a gateway has none that are anybody's business. */
const ofAccounts = (t: Tools, { state, conf, keeper }: Doing): Pick<Ours, "accounts" | "verify" | "change" | "orders" | "end-logins" | "rules"> => {
  const bench = { state, random: t.random, moment: t.moment, platform: t.platform };
  const own =
    <A extends unknown[], R>(body: (...a: A) => Promise<R>) =>
    async (...a: A): Promise<R> => {
      if (conf.Mode === "gateway") throw new Fault("forbidden", "this is a gateway: it carries connections, and nobody is told of its accounts");
      return body(...a);
    };
  return {
    accounts: own(async (_ask, signal) => ({
      accounts: (await t.platform.list(signal)).map(({ says, keys, ...a }) => ({ ...a, says: [...says], ...(keys ? { keys: [...keys] } : {}) })),
      facts: t.platform.facts(),
    })),
    verify: own(async (ask, signal) => (await verify(bench, ask, signal)) as Reply<"verify">),
    change: own((ask, signal) => keeper.change(ask, signal)),
    orders: own((ask) => keeper.orders(ask)),
    "end-logins": own(({ account }, signal) => t.platform.endLogins(account, signal)),
    rules: own(async ({ account }, signal) => (await t.platform.rules(account, signal)) as Reply<"rules">),
  };
};

const pinnedNow = (t: Tools, { conf, state }: Doing, ask: Extract<Ask<"update-key">, { broker: unknown }>): Reply<"update-key"> => {
  const pinned = pin(conf, state, ask);
  t.log("info", `its broker proves itself by ${pinned.join(" or ")} from now on`);
  return { pinned };
};
export const deeds = (t: Tools, d: Doing): Ours => {
  const { state } = d,
    DONE = { done: true as const };
  return {
    hello: () => Promise.resolve(helloOf(t, d)),
    enrolled: ({ agent }) => {
      state.keepAgent(agent);
      state.dropToken();
      t.log("info", `enrolled as ${agent}`);
      return Promise.resolve(DONE);
    },
    standing: ({ state: how, now, owner, why }) => {
      state.keepStanding({
        state: how,
        now,
        heardAt: t.clock.now().getTime(),
        ...(owner === undefined ? {} : { owner }),
        ...(why === undefined ? {} : { why }),
      });
      d.told();
      return Promise.resolve(DONE);
    },
    ...ofAccounts(t, d),
    doctor: async (_ask, signal) => ({ checks: [...(await d.examine(signal))] }),
    "update-key": async (ask) => {
      await Promise.resolve();
      if ("broker" in ask) return pinnedNow(t, d, ask);
      const next = ask.yours === "announce" ? state.announce() : null;
      if (ask.yours === "turn") state.turn();
      return { hostKey: publicLine(state.hostKey()), next };
    },
  };
};
