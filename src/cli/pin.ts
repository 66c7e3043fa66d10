/** A host key or certificate is read, shown and compared. Rule: pinned only after a person has compared its fingerprint, or gave it beforehand. */
import { Fault } from "../kernel/fault.ts";
import type { Run } from "./act.ts";
import { confirm } from "./prompt.ts";

type Identity = { readonly identity: string; readonly fingerprint: string; readonly settings: Record<string, unknown>; readonly compareWith: string };
/** No port: the platform's own. */
type Where = { readonly platform: string; readonly host: string; readonly port?: number; readonly through?: readonly string[] };

/** Of a certificate, tools write the same fingerprint in several ways. */
const bare = (text: string): string => text.replace(/^.*fingerprint=/i, "").replaceAll(":", "").toUpperCase();
const alike = (a: string, b: string): boolean => a === b || (bare(a) === bare(b) && /^[0-9A-F]{64}$/.test(bare(a)));

/** Compared by the person, or with what they brought along: the settings that pin it. */
export const pin = async (run: Run, where: Where, done: "added" | "changed"): Promise<Record<string, unknown>> => {
  const seen = await run.client.json<Identity>("POST", "/targets/read-identity", where);
  await compared(run, seen, where.port === undefined ? where.host : `${where.host}:${where.port}`, done);
  return seen.settings;
};
/** `place` shows it; resolves when it is the one the person means. */
export const compared = async (run: Run, seen: Pick<Identity, "fingerprint" | "compareWith">, place: string, done: "added" | "changed"): Promise<void> => {
  const expected = run.text("fingerprint");
  if (expected !== undefined && !alike(expected, seen.fingerprint)) throw new Fault("conflict", `${place} shows ${seen.fingerprint}, not ${expected}. Nothing was ${done}: either the fingerprint is of another key, or another machine answers there.`);
  if (expected === undefined) {
    run.say(`${place} shows ${seen.fingerprint}\nCompare it with what the machine itself says: ${seen.compareWith}`);
    if (!await confirm(run.io, "Is it the same?", "Give the fingerprint with --fingerprint SHA256:…")) throw new Fault("conflict", `Not ${done}.`);
  }
};
