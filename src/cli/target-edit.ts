/** lockstep targets edit. Rule: only what is named changes; another address or key is compared by a person first, and waits for a second one. */
import { Fault } from "../kernel/fault.ts";
import type { Run } from "./act.ts";
import { seg } from "./client.ts";
import { pin } from "./pin.ts";
import type { Person, Target } from "./shapes.ts";

const tagsOf = (run: Run): { tags?: readonly string[] } => {
  const tags = run.many("tag"), none = run.options["tags"] === false;
  if (none && tags.length > 0) throw new Fault("invalid", "--tag and --no-tags together: say one of them.");
  return none ? { tags: [] } : tags.length > 0 ? { tags } : {};
};
const ownerOf = async (run: Run): Promise<{ owner?: string }> => {
  const owner = run.text("owner");
  return owner === undefined ? {} : { owner: (await run.client.json<Person>("GET", `/people/${seg(owner)}`)).id };
};
const throughOf = (run: Run): readonly string[] | undefined => {
  const through = run.many("through"), direct = run.flag("direct");
  if (direct && through.length > 0) throw new Fault("invalid", "--through and --direct together: say one of them.");
  return direct ? [] : through.length > 0 ? through : undefined;
};
/** What a target is reached by. The key is read again wherever it may be another one. */
const placeOf = async (run: Run, t: Target): Promise<object> => {
  const host = run.text("host") ?? t.host, port = Number(run.text("port") ?? t.port), sudo = run.options["sudo"];
  const through = throughOf(run), moved = host !== t.host || port !== t.port || run.flag("key"), settings = typeof sudo === "boolean" ? { ...t.settings, sudo } : t.settings;
  const platform = run.text("platform"), key = moved ? await pin(run, { platform: platform ?? t.platform, host, port, through: through ?? t.through }, "changed") : {};
  return { ...(through === undefined ? {} : { through }), ...(platform === undefined || platform === t.platform ? {} : { platform }), ...(host === t.host ? {} : { host }), ...(port === t.port ? {} : { port }), ...(moved || settings !== t.settings ? { settings: { ...settings, ...key } } : {}) };
};

const said = (before: Target) => (t: Target): string => {
  const changed = `${t.name}: ${t.host}:${t.port}, tags ${t.tags.join(", ") || "none"}.`;
  return t.identityHash === before.identityHash ? changed : `${changed}\nIt is another machine now: its accounts are blocked until its owner or another admin accepts, not by you. They run: lockstep targets accept-identity ${t.name}`;
};
export const edit = async (run: Run, name: string): Promise<unknown> => {
  const before = await run.client.json<Target>("GET", `/targets/${seg(name)}`), body = { ...tagsOf(run), ...await ownerOf(run), ...await placeOf(run, before) };
  if (Object.keys(body).length === 0) throw new Fault("invalid", "Nothing to change: say --tag, --no-tags, --owner, --host, --port, --through, --direct, --key, --platform, --sudo or --no-sudo with something new.");
  return run.show<Target>("PATCH", `/targets/${seg(before.id)}`, body, said(before));
};
