/** How an approved or held account is used. Rule: only the ways it gives, each with what it needs. */
import { here } from "./here.ts";
import { Copy, sshTo } from "./parts.tsx";
import type { CardFacts } from "./request-moves.tsx";

export const sshLine = (account: string, target: string, me: string, ssh: { host: string; port: number }): string =>
  sshTo(`${me}@${account}@${target}`, ssh);
const Shell = ({ f }: { f: CardFacts }) => (
  <>
    {f.policy.terms.channels.includes("shell") ? (
      <p>
        <a class="button small" href={`/requests/${f.request.id}/terminal#connect`}>
          Connect in the browser
        </a>
      </p>
    ) : null}
    <span class="label">With your own client</span>
    <Copy text={sshLine(f.account.name, f.target.name, f.requester.name, here().ssh)} label="the ssh command" />
  </>
);
export const Connect = ({ f }: { f: CardFacts }) => (
  <div class="connect">
    {f.can.desktop ? (
      <p>
        <a class="button small" href={`/requests/${f.request.id}/desktop#connect`}>
          Open the desktop
        </a>
      </p>
    ) : null}
    {f.can.connect ? <Shell f={f} /> : null}
  </div>
);

/** Where the broker carries no sessions: what to do with the password instead. */
export const OwnClient = ({ f }: { f: CardFacts }) =>
  f.carries ? null : (
    <p class="muted">
      Show the password and log in as <code class="wrap">{f.account.name}</code> at{" "}
      <code class="wrap">
        {f.target.host}:{f.target.port}
      </code>{" "}
      with your own client. The broker carries no sessions there; give it back when you are done, and the password is changed.
    </p>
  );
