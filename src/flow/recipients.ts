/** Whom to tell, by id. Rule: a name that is nobody's is an error before anything is kept, not a mail that never leaves. */
import { Fault } from "../kernel/fault.ts";
import type { Recipients } from "../domain/bulk.ts";
import type { Reader } from "../store/db.ts";
import * as people from "../store/people.ts";

const ids = (wanted: readonly string[], known: readonly { readonly id: string; readonly name: string }[], what: string): string[] => wanted.map((w) => {
  const found = known.find((k) => k.id === w || k.name === w);
  if (!found) throw new Fault("invalid", `There is no ${what} named ${w} to notify.`);
  return found.id;
});
export const knownRecipients = async (db: Reader, r: Recipients): Promise<Recipients> => ({
  people: r.people.length === 0 ? [] : [...new Set(ids(r.people, await people.all(db), "person"))], groups: r.groups.length === 0 ? [] : [...new Set(ids(r.groups, await people.allGroups(db), "group"))],
  addresses: [...new Set(r.addresses.map((a) => a.trim()))],
});
/** By name, as a form shows them; one that is gone is left out. */
export const named = async (db: Reader, r: Recipients): Promise<Recipients> => {
  const names = (wanted: readonly string[], known: readonly { readonly id: string; readonly name: string }[]) => wanted.flatMap((w) => known.find((k) => k.id === w)?.name ?? []);
  return { people: names(r.people, r.people.length === 0 ? [] : await people.all(db)), groups: names(r.groups, r.groups.length === 0 ? [] : await people.allGroups(db)), addresses: r.addresses };
};
