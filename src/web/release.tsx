/**
 * Where plaintext meets a page: a released password, a new token, a TOTP key being set up. Rule: the only web file that opens a Secret;
 * what it renders is no-store, and the Secret is wiped before the answer leaves.
 */
import { Fault } from "../kernel/fault.ts";
import type { BulkId, PersonId } from "../kernel/ids.ts";
import { reveal } from "../kernel/reveal.ts";
import { Secret } from "../kernel/secret.ts";
import type { Released } from "../flow/release.ts";
import type { MadeEnrolment } from "../flow/agent-enrol.ts";
import type { Enrolment } from "../identity/enrol.ts";
import type { Made } from "../identity/tokens.ts";
import { AgentPaste } from "../../views/agent-new.tsx";
import { EnrolForm } from "../../views/login.tsx";
import { ReleasePage, SharedPage } from "../../views/release.tsx";
import { TokenPage } from "../../views/me.tsx";
import { WebhookKey } from "../../views/webhooks.tsx";
import { bundleOf, namedKeys, pasteLine, type Paste } from "./agent-line.ts";
import type { Ctx, WebDeps } from "./deps.ts";
import { render } from "./render.tsx";

const noStore = (c: Ctx): void => c.header("Cache-Control", "no-store, max-age=0");
/** Hidden again after this long, by script or by the page's own refresh. */
export const SHOWN_SECONDS = 20;
/** Shown once, so there is no second look. */
const SHARED_SECONDS = 60;

const opened = (secret: Released["password"]): string => { using s = secret; return reveal(s); };

export const showPassword = (c: Ctx, deps: WebDeps, request: string, r: Released): Response | Promise<Response> => {
  using password = r.password;
  noStore(c);
  const back = `/requests/${request}`;
  return render(c, deps, { title: `Password of ${r.account}@${r.target}`, refresh: { seconds: r.others.length > 0 ? 3 * SHOWN_SECONDS : SHOWN_SECONDS, to: back } },
    <ReleasePage password={reveal(password)} account={r.account} target={r.target} until={r.until} back={back} seconds={r.others.length > 0 ? 3 * SHOWN_SECONDS : SHOWN_SECONDS} says={r.says} others={r.others.map((o) => ({ no: o.no, says: o.says, password: opened(o.password) }))} />);
};

export const showToken = (c: Ctx, deps: WebDeps, { token, made }: Made): Response | Promise<Response> => {
  using shown = token;
  noStore(c);
  return render(c, deps, { title: "New token" }, <TokenPage text={reveal(shown)} label={made.label} expiresAt={made.expiresAt} />);
};

export const showPaste = (c: Ctx, deps: WebDeps, made: MadeEnrolment, owner: string): Response | Promise<Response> => {
  noStore(c);
  const brokerKeys = namedKeys(deps.config.agentKeys ?? []), { mode, expiresAt, maxUses } = made.enrolment, sha256 = bundleOf(deps.config.root)?.sha256 ?? "";
  const { line } = apiDoors.enrolment(made, { origin: deps.config.origin, sha256, brokerKeys, mode, owner });
  return render(c, deps, { title: "Add a host" }, <AgentPaste line={line} mode={mode} owner={owner} expiresAt={expiresAt} uses={maxUses} brokerKey={brokerKeys.join(" ")} />);
};

export const showWebhookKey = (c: Ctx, deps: WebDeps, { key, name }: { key: Secret; name: string }): Response | Promise<Response> => {
  using shown = key;
  noStore(c);
  return render(c, deps, { title: "The signing key" }, <WebhookKey text={reveal(shown)} name={name} />);
};

export const showEnrolment = (c: Ctx, deps: WebDeps, e: Enrolment, form: { next: string; csrf: string; refused?: string | undefined }): Response | Promise<Response> => {
  using key = e.key;
  using uri = e.uri;
  noStore(c);
  return render(c, deps, { title: "Set up your second factor" }, <EnrolForm {...form} sealed={e.sealed} secret={reveal(key)} uri={reveal(uri)} />);
};

/** Text with passwords in it, on its way from a preview to the press that follows: sealed for this person, so that the page holds none of it. */
export const sealText = (deps: WebDeps, person: PersonId, text: string): string => {
  using secret = Secret.of(text);
  return deps.identity.vaulted.seal("sessions", `import/${person}`, secret).toString("base64url");
};
export const openText = (deps: WebDeps, person: PersonId, sealed: string): string => {
  try {
    using secret = deps.identity.vaulted.open("sessions", `import/${person}`, Buffer.from(sealed, "base64url"));
    return reveal(secret);
  } catch (cause) { throw new Fault("invalid", "This preview is not yours or was changed. Give the file again.", { cause }); }
};

/** A typed password between a preview and its press, likewise. */
export const sealSecret = (deps: WebDeps, person: PersonId, secret: Secret): string => deps.identity.vaulted.seal("sessions", `bulk/${person}`, secret).toString("base64url");
/** The caller wipes it. */
export const openSecret = (deps: WebDeps, person: PersonId, sealed: string): Secret => {
  try { return deps.identity.vaulted.open("sessions", `bulk/${person}`, Buffer.from(sealed, "base64url")); } catch (cause) {
    throw new Fault("invalid", "This preview is not yours or was changed. Fill in the form again.", { cause });
  }
};
export const showShared = (c: Ctx, deps: WebDeps, bulk: BulkId, password: Secret): Response | Promise<Response> => {
  noStore(c);
  const back = `/bulk/${bulk}`;
  return render(c, deps, { title: "The password for all of them", refresh: { seconds: SHARED_SECONDS, to: back } }, <SharedPage password={reveal(password)} back={back} seconds={SHARED_SECONDS} />);
};

/** The API's two answers that carry plaintext, as text for one JSON field (web/api/deps.ts `Doors`); what was opened is wiped. */
export const apiDoors = {
  password: (r: Released): string => opened(r.password),
  others: (r: Released) => r.others.map((o) => ({ no: o.no, says: o.says, password: opened(o.password) })),
  shared: (password: Secret): string => opened(password),
  token: ({ token }: Made): string => { using opened = token; return reveal(opened); },
  webhookKey: (key: Secret): string => opened(key),
  enrolment: (made: MadeEnrolment, paste: Omit<Paste, "token">): { token: string; line: string } => { const token = opened(made.token); return { token, line: pasteLine({ ...paste, token }) }; },
};
