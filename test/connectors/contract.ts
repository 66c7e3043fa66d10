/**
 * What every connector must do, against its real server. Rule: whether a password is in force is asked of `World.fits`, which reads the
 * target's own store, never of the connector under test.
 */
import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { ChangeResult, Connector, Credential } from "../../src/connectors/connector.ts";
import { settled } from "../../src/connectors/connector.ts";
import type { Random } from "../../src/kernel/clock.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import type { Address } from "../../src/kernel/link.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { faultProxy } from "../lab/fault-proxy.ts";
import type { FaultProxy } from "../lab/fault-proxy.ts";

export type Named = { readonly name: string; readonly password: string };
export type World<C> = {
  make(random: Random): Connector<C>;
  config(): C;
  address(): Address;
  /** The administrative account of this world. */
  as(): Named;
  /** A secret nobody had, where it is no password. */
  fresh?(): string;
  /** A fresh account with this password, nobody else's. */
  account(): Promise<Named>;
  /** Is this password in force, by the target's own store? */
  fits(name: string, password: string): Promise<boolean>;
  /** Every account and what it opens with, one line each, starting with its name. */
  everybody(): Promise<string[]>;
  /** Gives the account a verifier the connector cannot compute. Only where the connector compares. */
  foreign?(name: string): Promise<void>;
  /** The connector with a hook that is called immediately before the change leaves. Absent: it draws 16 random bytes then, for the verifier. */
  struck?(onSend: () => void): Connector<C>;
  /** Makes the next change of this account a thing the target refuses; says how the change is to be asked for. Absent: `Traits.lawless`. */
  policy?(account: Named): Promise<{ to: string; change: "own" | "administrative"; words: RegExp; undo(): Promise<void> }>;
  /** Another machine in the target's place: its address, and every credential it was shown. */
  impostor(): Promise<{ address: Address; shown(): string[]; close(): void }>;
  stop(): Promise<void>; start(): Promise<void>;
  /** All the target wrote down: logs, histories. */
  log(): Promise<string>;
  /** Records argv and environment of every process on the target until stopped. */
  watch(): Promise<() => Promise<string>>;
  /** What the watch must have seen, or it proves nothing. */
  readonly seenRunning: RegExp;
};

/** What this kind of target cannot do. `blind`: no compare. `lawless`: the target has no rules for passwords. `lingers`: it takes the old password for a while. Said aloud, never found out: a missing verb must fail. */
export type Traits = { readonly blind?: true; readonly lawless?: true;
  /** It lists the accounts of a target. */
  readonly lists?: true;
  /** It goes on taking the old password for a while. */
  readonly lingers?: true;
  /** It keeps one kind of verifier, which is always computed: there is no foreign one. */
  readonly oneKind?: true;
  /** Nothing proves which machine it is (Telnet), so a refused login is not a no. */
  readonly nameless?: true;
  /** A change is a talk of many turns by a strange program: where it is cut is counted in bytes alone. */
  readonly chatty?: true;
  /** Nothing shows who a machine is before a login: another one is told from it by not knowing the password. */
  readonly faceless?: true };

const signal = (ms = 20_000): AbortSignal => AbortSignal.timeout(ms);
const credential = (a: Named): Credential => ({ name: a.name, secret: Secret.of(a.password) });
let serial = 0;
const freshPassword = (): string => `New-${(++serial).toString()}-${systemRandom.bytes(9).toString("base64url")}:x'"$`;
export { freshPassword as fresh };
/** The order of things inside a connector: random bytes for the verifier are drawn immediately before it is sent. */
const trapped = (onSalt: () => void): Random => ({ ...systemRandom, bytes: (n) => { if (n === 16) onSalt(); return systemRandom.bytes(n); } });
const kindOf = (r: ChangeResult): string => typeof r === "string" ? r : "not_sent" in r ? r.not_sent : "refused" in r ? "refused" : "unknown";
const said: string[] = [];
const noted = <T>(value: T): T => { said.push(inspect(value, { depth: 9 }), JSON.stringify(value)); return value; };

/** A connector at its server, with less to say at each call: as `as` and with `config`, unless a test says otherwise. */
export const atServer = <C>(c: Connector<C>, o: { address(): Address; config(): C; as(): Named }) => {
  const link = (host = o.address().host, port = o.address().port) => directLink({ host, port }), soon = () => AbortSignal.timeout(20_000);
  return {
    c, link, soon, as: credential,
    change: (who: { name: string }, to: string, by: Named = o.as(), config: C = o.config(), through = link()) => c.change(config, through, who, { to: Secret.of(to), as: credential(by) }, soon()),
    probe: (who: { name: string }, password: string, config: C = o.config(), through = link()) => c.probe(config, through, who, Secret.of(password), soon()),
  };
};

export const contract = <C>(name: string, world: () => World<C>, traits: Traits = {}): void => {
  const w = world;
  const known: string[] = [], fresh = (): string => w().fresh?.() ?? freshPassword();
  const c = (random = systemRandom): Connector<C> => w().make(random);
  const link = () => directLink(w().address());
  const change = async (account: Named, to: string, as: Named = w().as(), through = link(), by = c()): Promise<ChangeResult> => {
    known.push(to, account.password, as.password);
    return noted(await by.change(w().config(), through, account, { to: Secret.of(to), as: credential(as) }, signal()));
  };
  /** As flow/target-calls.ts does: a refusal that may be a lock-out is settled by the administrative account. */
  const probe = async (who: string, password: string, through = link()) => {
    const said = noted(await c().probe(w().config(), through, { name: who }, Secret.of(password), signal())), by = c();
    if (typeof said !== "object" || !said.refused) return said;
    return settled(noted(await by.lockedOut!(w().config(), through, { name: who }, credential(w().as()), signal())));
  };
  const proxied = async (use: (proxy: FaultProxy, through: ReturnType<typeof link>) => Promise<void>): Promise<void> => {
    await using proxy = await faultProxy(w().address().port, 0, w().address().host);
    await use(proxy, directLink({ host: proxy.host, port: proxy.port }));
  };
  const others = async (but: string): Promise<string[]> => (await w().everybody()).filter((line) => !line.startsWith(`${but}:`));

  test(`${name}: success: the new password is in force, the old one refused, nobody else changed; again is the same`, async () => {
    const account = await w().account(), to = fresh(), before = await others(account.name);
    expect(await change(account, to)).toBe("done");
    expect([await w().fits(account.name, to), await w().fits(account.name, account.password)]).toEqual([true, false]);
    expect(await probe(account.name, to)).toBe("yes");
    const doubt = traits.lingers ? "before the last change" : traits.nameless ? "nobody knows by whom" : null;
    expect(await probe(account.name, account.password)).toEqual(doubt === null ? "no" : { unknown: expect.stringContaining(doubt) });
    expect(await others(account.name)).toEqual(before);
    expect(await change(account, to)).toBe("done");
    expect(await w().fits(account.name, to)).toBe(true);
  });

  test(`${name}: a wrong administrative credential: not_sent, and nothing changed`, async () => {
    const account = await w().account(), before = await w().everybody();
    expect(await change(account, fresh(), { ...w().as(), password: "Wrong-1-wrong" })).toMatchObject({ not_sent: "auth_of_as" });
    expect(await w().everybody()).toEqual(before);
  });

  test(`${name}: an unknown account is refused in the target's words and not created`, async () => {
    const before = await w().everybody();
    expect(await change({ name: "nosuch", password: "x-none-x" }, fresh())).toMatchObject({ refused: expect.stringMatching(/not exist|unknown|nosuch/) });
    expect(await w().everybody()).toEqual(before);
  });

  if (!traits.lawless) test(`${name}: refused by the target's policy: its own words, and the old password stays`, async () => {
    const account = await w().account(), p = await w().policy!(account);
    known.push(p.to);
    const how = p.change === "own" ? { from: Secret.of(account.password) } : { as: credential(w().as()) };
    const r = noted(await c().change(w().config(), link(), account, { to: Secret.of(p.to), ...how }, signal()));
    expect(r).toMatchObject({ refused: expect.stringMatching(p.words) });
    expect([await w().fits(account.name, account.password), await w().fits(account.name, p.to)]).toEqual([true, false]);
    await p.undo();
  });

  test(`${name}: the target is down: not_sent, probe unknown`, async () => {
    const account = await w().account();
    await w().stop();
    try {
      expect(await change(account, fresh())).toMatchObject({ not_sent: "unreachable", why: expect.stringContaining("refused") });
      expect(await probe(account.name, account.password)).toMatchObject({ unknown: expect.stringContaining("refused") });
    } finally { await w().start(); }
    expect(await w().fits(account.name, account.password)).toBe(true);
  });

  test(`${name}: law: a black hole is unknown to a probe and not_sent to a change, within the caller's limit`, () => proxied(async (proxy, through) => {
    const account = await w().account();
    proxy.blackHole();
    const begun = performance.now();
    expect(await c().change(w().config(), through, account, { to: Secret.of(fresh()), as: credential(w().as()) }, signal(400))).toMatchObject({ not_sent: "unreachable" });
    expect(await c().probe(w().config(), through, account, Secret.of(account.password), signal(400))).toHaveProperty("unknown");
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(await w().fits(account.name, account.password)).toBe(true);
  }));

  if (!traits.chatty) test(`${name}: law: cut after the send is unknown, is settled by probe and compare, and the same candidate again is done`, () => proxied(async (proxy, through) => {
    const account = await w().account(), to = fresh();
    const strike = (): void => { proxy.deafen(); setTimeout(() => proxy.reset(), 1_000); };
    const r = await change(account, to, w().as(), through, w().struck?.(strike) ?? c(trapped(strike)));
    expect(kindOf(r)).toBe("unknown");
    await expect.poll(() => w().fits(account.name, to), { timeout: 5_000 }).toBe(true);
    expect(await probe(account.name, to)).toBe("yes");
    const found = await c().compare?.(w().config(), link(), account, [Secret.of(account.password), Secret.of(to)], credential(w().as()), signal());
    expect(found).toEqual(traits.blind ? undefined : { match: 1 });
    expect(await change(account, to)).toBe("done");
  }));

  test(`${name}: law: wherever the wire is cut, the answer is true: not_sent = unchanged, done = changed, never refused`, () => proxied(async (proxy, through) => {
    const account = await w().account(), first = fresh();
    expect(await change(account, first, w().as(), through)).toBe("done");
    const whole = proxy.up, kinds = new Set<string>();
    let current = first;
    for (let cut = 0; cut <= whole + 40; cut += Math.ceil(whole / 14)) {
      proxy.heal();
      proxy.cutAfterUp(cut);
      const to = fresh(), kind = kindOf(await change({ ...account, password: current }, to, w().as(), through));
      kinds.add(kind);
      if (kind === "unknown") await new Promise((r) => setTimeout(r, 250));
      const now = await w().fits(account.name, to);
      expect([kind, now], `cut at ${cut} of ${whole}`).toSatisfy(([k, n]) => k === "done" ? n : k === "unreachable" ? !n : k === "unknown");
      expect(now || await w().fits(account.name, current)).toBe(true);
      if (now) current = to;
    }
    expect([...kinds].every((k) => ["unreachable", "unknown", "done"].includes(k)), [...kinds].join()).toBe(true);
    expect(kinds.has("unreachable")).toBe(true);
  }));

  if (!traits.blind) test(`${name}: compare finds the one that fits, or none; a hash it cannot compute is unknown`, async () => {
    const account = await w().account(), to = fresh(), as = credential(w().as());
    const compare = async (...passwords: string[]) =>
      noted(await c().compare?.(w().config(), link(), account, passwords.map((p) => Secret.of(p)), as, signal()));
    await change(account, to);
    expect(await compare("a", to, "b")).toEqual({ match: 1 });
    expect(await compare("a", "b")).toBe("none");
    if (traits.oneKind) return;
    await w().foreign!(account.name);
    expect(await compare(to, "a")).toMatchObject({ unknown: expect.stringContaining("not computed") });
  });

  if (!traits.nameless) test(`${name}: law: another machine in its place: identity, and no credential reaches it`, async () => {
    const impostor = await w().impostor(), through = directLink(impostor.address), account = await w().account();
    try {
      expect(await change(account, fresh(), w().as(), through)).toMatchObject({ not_sent: traits.faceless ? expect.any(String) : "identity" });
      expect(await probe(account.name, account.password, through)).toHaveProperty("unknown");
      const asked = [await c().compare?.(w().config(), through, account, [Secret.of(account.password)], credential(w().as()), signal()), await c().discover?.(w().config(), through, credential(w().as()), signal())];
      for (const said of asked) if (said !== undefined && !traits.faceless) expect(said).toMatchObject({ stranger: true });
      if (traits.faceless) for (const secret of known) expect(impostor.shown().join("\n").includes(secret), "a password was shown").toBe(false); else expect(impostor.shown()).toEqual([]);
    } finally { impostor.close(); }
  });

  test(`${name}: the Test button proves the right, changes nothing, and says what is wrong`, async () => {
    const powerless = await w().account(), before = await w().everybody();
    expect(noted(await c().test?.(w().config(), link(), credential(w().as()), signal()))).toMatchObject({ ok: true });
    expect(noted(await c().test?.(w().config(), link(), credential({ ...w().as(), password: "Wrong-1" }), signal()))).toMatchObject({ ok: false });
    expect(noted(await c().test?.(w().config(), link(), credential(powerless), signal()))).toMatchObject({ ok: false });
    expect(await w().everybody()).toEqual(before);
  });

  if (traits.lists) test(`${name}: discovery lists every account once, changes nothing, and tells nothing where its login is refused`, async () => {
    const account = await w().account(), before = await w().everybody();
    const found = noted(await c().discover!(w().config(), link(), credential(w().as()), signal(60_000)));
    if ("unknown" in found) throw new Error(found.unknown);
    expect(found.filter((f) => f.name === account.name)).toEqual([expect.objectContaining({ enabled: true })]);
    expect(new Set(found.map((f) => f.name)).size).toBe(found.length);
    expect(await w().everybody()).toEqual(before);
    expect(noted(await c().discover!(w().config(), link(), credential({ ...w().as(), password: "Wrong-1-wrong" }), signal()))).toMatchObject({ unknown: expect.stringMatching(/./), asRefused: true });
  });

  if (traits.lists) test(`${name}: law: a listing cut anywhere tells nothing, never a part of it`, () => proxied(async (proxy, through) => {
    const list = () => c().discover!(w().config(), through, credential(w().as()), signal(60_000)), whole = await list(), down = proxy.down;
    if ("unknown" in whole) throw new Error(whole.unknown);
    let told = 0;
    for (let at = 0; at <= down + 40; at += Math.ceil(down / 12)) {
      proxy.heal();
      proxy.cutAfterDown(at);
      const r = noted(await list());
      if ("unknown" in r) told += 1; else expect(r.map((f) => f.name), `cut at ${at} of ${down}`).toEqual(whole.map((f) => f.name));
    }
    expect(told).toBeGreaterThan(5);
  }), 120_000);

  test(`${name}: law: no secret in the target's log, argv or environment, nor in anything the connector said`, async () => {
    const account = await w().account(), to = fresh(), stop = await w().watch();
    expect(await change(account, to)).toBe("done");
    expect(await probe(account.name, to)).toBe("yes");
    await change(account, fresh(), { ...w().as(), password: "Wrong-2-wrong" });
    const watched = await stop(), seen = [watched, await w().log(), ...said].join("\n");
    expect(watched).toMatch(w().seenRunning);
    // Of a private key each line of its own counts.
    const lines = [...new Set(known)].flatMap((secret) => secret.split("\n").filter((l) => !l.startsWith("-----")));
    for (const secret of lines) if (secret.length > 7) expect(seen.includes(secret), "a secret was written down").toBe(false);
    expect(seen).not.toMatch(/\$6\$[./0-9A-Za-z]{1,16}\$/);
  });
};
