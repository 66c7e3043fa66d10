/** /targets: adding one in two steps (fetch its key, confirm and pin), its accounts, its identity. */
import { addAccount } from "../../flow/accounts.ts";
import { passwordPolicyList } from "../../flow/password-policies.ts";
import { acceptIdentity } from "../../flow/identity.ts";
import { accountCards } from "../../flow/look.ts";
import { lastTest, testTarget, type Helper } from "../../flow/target-test.ts";
import { addTarget, changeTarget, pinOf, readIdentity } from "../../flow/targets.ts";
import { gradeOf } from "../../flow/command-sets.ts";
import { desktopOf } from "../../domain/desktop.ts";
import { hasKeys, platformOf } from "../../domain/platform.ts";
import { hasDesktops } from "../../flow/desktop.ts";
import { linkThrough, pinsOf, TargetInput, type Target } from "../../domain/target.ts";
import { waysOf, wayWords } from "../../flow/through.ts";
import type { AccountId, AgentId, PersonId, TargetId } from "../../kernel/ids.ts";
import { Fault } from "../../kernel/fault.ts";
import { Secret } from "../../kernel/secret.ts";
import { target, targetList } from "../../flow/registers.ts";
import { untried } from "../../flow/untried.ts";
import { ownersOf } from "../../identity/directory.ts";
import type { Done } from "../../../views/notices.ts";
import { TargetConfirm, TargetNew, type Draft } from "../../../views/target-new.tsx";
import { TargetPage } from "../../../views/target.tsx";
import { TargetEdit } from "../../../views/target-edit.tsx";
import { TargetReset, type ResetView } from "../../../views/target-reset.tsx";
import { Targets } from "../../../views/targets.tsx";
import { throughFields } from "../../../views/through.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, whole, words, type Fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";
import { readSettings, settingFields } from "./settings-form.ts";

const EMPTY: Draft = { name: "", platform: "linux-ssh", host: "", port: null, tags: "", through: [] };
const draftOf = (f: Fields): Draft => ({ name: (f["name"] ?? "").trim(), platform: f["platform"] ?? "", host: (f["host"] ?? "").trim(), port: whole(f["port"]) ?? null, tags: f["tags"] ?? "", through: throughFields(f) });
const inputOf = (d: Draft) => TargetInput.omit({ settings: true, owner: true }).parse({ ...d, port: d.port ?? undefined, tags: words(d.tags) });

const list = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), cards = await accountCards(deps.flow.db, person);
  const lines = (await targetList(deps.flow.db, person)).map((t) => { const mine = cards.filter((a) => a.target.id === t.id); return { target: t, accounts: mine.length, blocked: mine.some((a) => a.account.block === "identity_changed") }; });
  return render(c, deps, { title: "Targets", wide: true }, <Targets list={lines} />);
};
/** How sure a platform is, where it can be chosen. */
const choiceOf = (name: string) => { const grade = gradeOf(name); return { name, ...platformOf(name), ...(grade === null ? {} : { grade }) }; };
/** What a person adds by hand, with what this very broker lacks for it. */
const offered = (deps: WebDeps) => [...deps.flow.connectors.values()].filter((k) => !k.unaided).map((k) => { const lacks = k.lacks?.(); return { ...choiceOf(k.platform), ...(lacks === undefined ? {} : { lacks }) }; });
const fresh = async (c: Ctx, deps: WebDeps) => render(c, deps, { title: "Add a target" }, <TargetNew platforms={offered(deps)} draft={EMPTY} ways={await waysOf(deps.flow.db, callerOf(c))} />);
/** Reads the key over the network and keeps nothing: pinning it is the next step. */
const fetchKey = async (c: Ctx, deps: WebDeps) => {
  const draft = draftOf(await fields(c)), input = inputOf(draft);
  const seen = await readIdentity(deps.flow, callerOf(c), input);
  return render(c, deps, { title: "Is this the machine?" }, <TargetConfirm draft={draft} seen={seen} way={await wayWords(deps.flow.db, { link: linkThrough(draft.through as AgentId[]) })} />);
};
const add = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c), input = inputOf(draftOf(f));
  if (f["same"] !== "yes") throw new Fault("invalid", "Compare the key first, and say that it is the same.");
  const made = await addTarget(deps.flow, callerOf(c), { ...input, settings: pinOf(deps.flow, input.platform, f["identity"] ?? "").settings });
  return c.redirect(`/targets/${made.id}?done=added`, 303);
};

/** What it must show, as a person reads it: the kind of key before an SSH fingerprint. */
const fingerprints = (deps: WebDeps, t: Target): string[] => pinsOf(t).map((p) => [...(p.includes(" ") ? [p.split(" ")[0]] : []), pinOf(deps.flow, t.platform, p).fingerprint].join(" "));
/** Where nothing is pinned: who vouches for it, or that nobody does. */
const proofOf = (t: Target): string | null => pinsOf(t).length > 0 ? null
  : t.settings["tls"] === "authority" ? `any certificate of its authority for ${t.host}` : t.settings["tls"] === "off" ? "nothing: a plain connection, on the broker's own machine alone" : "nothing";
const desktopWords = (deps: WebDeps, t: Target): string | null => {
  const d = desktopOf(t);
  if (d?.kind === "vnc") return `VNC on its own loopback address, port ${d.port}, through SSH`;
  return d !== null ? `RDP on port ${d.port}, with the certificate ${d.certificates.join(" or ")}` : hasDesktops(deps.flow, t.platform) ? "none" : null;
};
const page = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), t = await target(deps.flow.db, person, param(c, "id"));
  const accounts = (await accountCards(deps.flow.db, person)).filter((a) => a.target.id === t.id).map((a) => a.account);
  return render(c, deps, { title: t.name }, <TargetPage target={t} way={await wayWords(deps.flow.db, t)} lacks={deps.flow.connectors.get(t.platform)?.lacks?.() ?? null} accounts={accounts} blocked={accounts.some((a) => a.block === "identity_changed")} fingerprints={fingerprints(deps, t)} proof={proofOf(t)} desktop={desktopWords(deps, t)} keys={hasKeys(t)} passwordPolicies={(await passwordPolicyList(deps.flow.db, callerOf(c))).map((l) => l.policy.name)} owner={(await ownersOf(deps.flow.db)).find((p) => p.id === t.owner)?.name ?? null} />);
};

const move = (verb: (deps: WebDeps, c: Ctx, id: TargetId, f: Fields) => Promise<Done>) => async (c: Ctx, deps: WebDeps) => {
  const { id } = await target(deps.flow.db, me(c).person, param(c, "id"));
  return c.redirect(`/targets/${id}?done=${await verb(deps, c, id, await fields(c))}`, 303);
};
const pick = (text: string | undefined): AccountId | null => (text === undefined || text === "" ? null : text as AccountId);
const account = move(async ({ flow }, c, id, f) => {
  const typed = f["password"] ?? "";
  await addAccount(flow, callerOf(c), { target: id, name: (f["name"] ?? "").trim(), passwordPolicy: f["passwordPolicy"], password: typed === "" ? undefined : Secret.of(typed), adopt: f["adopt"] === "yes" });
  return "added";
});

/** Anybody active who may own a target, and whoever owns it now. */
const owners = async (deps: WebDeps, t: Target) =>
  (await ownersOf(deps.flow.db)).filter((p) => p.id === t.owner || !p.disabled).map((p) => ({ id: p.id as string, name: p.name }));
/** A device may go by another command set. */
const setsFor = (deps: WebDeps, t: Target) => (gradeOf(t.platform) === null ? [] : [...deps.flow.connectors.keys()].filter((name) => gradeOf(name) !== null).map(choiceOf));
const edit = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), t = await target(deps.flow.db, person, param(c, "id")), accounts = (await accountCards(deps.flow.db, person)).filter((a) => a.target.id === t.id).length;
  const settings = settingFields(deps.flow.connectors.get(t.platform)!.config, t.settings);
  return render(c, deps, { title: `Edit ${t.name}` }, <TargetEdit target={t} settings={settings} owners={await owners(deps, t)} accounts={accounts} platforms={setsFor(deps, t)} ways={await waysOf(deps.flow.db, callerOf(c))} />);
};
const about = move(async ({ flow }, c, id, f) => {
  await changeTarget(flow, callerOf(c), id, { tags: words(f["tags"]), ...(f["owner"] ? { owner: f["owner"] as PersonId } : {}) });
  return "noted-change";
});
const where = move(async ({ flow }, c, id, f) => {
  const t = await target(flow.db, me(c).person, id), { host, port } = TargetInput.pick({ host: true, port: true }).required().parse({ host: (f["host"] ?? "").trim(), port: whole(f["port"]) });
  const platform = f["platform"] || t.platform;
  const after = await changeTarget(flow, callerOf(c), id, { host, port, through: throughFields(f), ...(platform === t.platform ? {} : { platform }), settings: readSettings(flow.connectors.get(t.platform)!.config, t.settings, f) });
  return after.identityNo === t.identityNo ? "changed" : "where";
});

const resetPage = async (c: Ctx, deps: WebDeps, result: ResetView["result"]) => {
  const { person } = me(c), t = await target(deps.flow.db, person, param(c, "id"));
  const accounts = (await accountCards(deps.flow.db, person)).filter((a) => a.target.id === t.id).map((a) => a.account);
  return render(c, deps, { title: `Remote reset of ${t.name}` }, <TargetReset target={t} way={await wayWords(deps.flow.db, t)} accounts={accounts} last={await lastTest(deps.flow.db, callerOf(c), t.id)} result={result} rights={platformOf(t.platform).rights} />);
};
const test = (which: Helper) => async (c: Ctx, deps: WebDeps) => {
  const { id } = await target(deps.flow.db, me(c).person, param(c, "id"));
  return resetPage(c, deps, { which, tested: await testTarget(deps.flow, callerOf(c), id, which) });
};
const chosen = async (c: Ctx, deps: WebDeps) => {
  const { id } = await target(deps.flow.db, me(c).person, param(c, "id")), f = await fields(c);
  await changeTarget(deps.flow, callerOf(c), id, { administrative: pick(f["administrative"]), reconcile: pick(f["reconcile"]) });
  return c.redirect(`/targets/${id}/reset?done=changed`, 303);
};

const at = "/targets/:id";
export const TARGETS: readonly Route[] = [
  { method: "GET", path: "/targets", act: "target.add", handle: list },
  { method: "GET", path: "/targets/new", act: "target.add", handle: fresh },
  { method: "POST", path: "/targets/new", act: "target.add", handle: fetchKey },
  { method: "POST", path: "/targets", act: "target.add", handle: add },
  { method: "GET", path: at, act: "target.manage", verb: true, handle: page },
  { method: "GET", path: `${at}/edit`, act: "target.manage", verb: true, handle: edit },
  { method: "POST", path: `${at}/about`, act: "target.manage", verb: true, handle: about },
  { method: "POST", path: `${at}/where`, act: "target.manage", verb: true, handle: where },
  { method: "GET", path: `${at}/reset`, act: "target.manage", verb: true, handle: (c, deps) => resetPage(c, deps, null) },
  { method: "POST", path: at, act: "target.manage", verb: true, handle: chosen },
  { method: "POST", path: `${at}/accounts`, act: "account.manage", verb: true, handle: account },
  { method: "POST", path: `${at}/test`, act: "target.manage", verb: true, handle: test("administrative") },
  { method: "POST", path: `${at}/test-reconcile`, act: "target.manage", verb: true, handle: test("reconcile") },
  { method: "POST", path: `${at}/accept`, act: "target.manage", verb: true, handle: move(async ({ flow }, c, id, f) => { await acceptIdentity(flow, callerOf(c), id, f["identity"] ?? ""); return await untried(flow.db, await target(flow.db, me(c).person, id)) === null ? "accepted" : "accepted-untried"; }) },
  { method: "POST", path: `${at}/lock`, act: "lock.set", verb: true, handle: move(async ({ flow }, c, id) => { await changeTarget(flow, callerOf(c), id, { locked: true }); return "blocked"; }) },
  { method: "POST", path: `${at}/unlock`, act: "lock.set", verb: true, handle: move(async ({ flow }, c, id) => { await changeTarget(flow, callerOf(c), id, { locked: false }); return "unblocked"; }) },
];
