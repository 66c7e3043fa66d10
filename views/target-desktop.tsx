/** The desktop of a target, in two steps. Rule: nothing is pinned that a person has not looked at. */
import type { Desktop, DesktopSecurity, RdpDesktop } from "../src/domain/desktop.ts";
import type { Target } from "../src/domain/target.ts";
import { Token } from "./layout.tsx";
import { Empty, Facts, Field, PageHead, Press } from "./parts.tsx";

const SECURITY: Record<DesktopSecurity, string> = {
  nla: "NLA: the password is asked for before anything is drawn",
  tls: "TLS: the machine's own login takes the password inside TLS",
};
type Named = { readonly target: Pick<Target, "id" | "name" | "host"> };

const Remove = ({ target }: Named) => (
  <footer class="moves">
    <Press action={`/targets/${target.id}/desktop/remove`} look="danger">
      It has no desktop any more
    </Press>
  </footer>
);
const NowVnc = ({ target, port }: Named & { port: number }) => (
  <section class="card">
    <Facts
      rows={[
        ["VNC server", <code>{`127.0.0.1:${port}`}</code>],
        ["Reached", `through the account's own SSH login, over the pinned host key of ${target.name}`],
        ["Password", "the server's own, from the account's file ~/.vnc/passwd, where it has one; Lockstep does not change it"],
      ]}
    />
    <Remove target={target} />
  </section>
);
const Now = ({ target, desktop }: Named & { desktop: RdpDesktop }) => (
  <section class="card">
    <Facts
      rows={[
        ["RDP server", <code>{`${target.host}:${desktop.port}`}</code>],
        [
          "Certificate",
          <>
            {desktop.certificates.map((f) => (
              <code class="block wrap">{f}</code>
            ))}
          </>,
        ],
        ["Security", SECURITY[desktop.security]],
        ["Domain of the login", desktop.domain || "none: the machine's own accounts"],
      ]}
    />
    <Remove target={target} />
  </section>
);

/** `vnc`: its accounts have an SSH login through which one can be reached. */
type TargetDesktopFacts = Named & { readonly desktop: Desktop | null; readonly port: number | null; readonly vnc: boolean };
const VncForm = ({ target, port }: Named & { port: number }) => (
  <section class="card narrow">
    <h2>Or a VNC server on the host itself</h2>
    <p>
      VNC proves nothing of itself, so it has to listen on the host's own loopback address. The broker logs in there by SSH as the account, and
      carries the desktop through that login.
    </p>
    <form method="post" action={`/targets/${target.id}/desktop/vnc`}>
      <Token />
      <Field label="Port of the VNC server" hint="5901 for display :1.">
        <input type="number" name="port" required min="1" max="65535" value={port} />
      </Field>
      <p class="note warn">Where passwords go is changed by this, so the accounts of {target.name} stop until somebody else accepts it.</p>
      <button type="submit">Use this VNC server</button>
    </form>
  </section>
);
const rdpOf = (d: Desktop | null): RdpDesktop | null => (d?.kind === "rdp" ? d : null);
export const TargetDesktop = ({ target, desktop, port, vnc }: TargetDesktopFacts) => (
  <>
    <PageHead
      title={<span class="wrap">Desktop of {target.name}</span>}
      sub={`An RDP ${vnc ? "or VNC " : ""}server beside whatever else it is; its accounts log in there too.`}
    >
      <a class="button small quiet" href={`/targets/${target.id}`}>
        The target
      </a>
    </PageHead>
    {desktop === null ? (
      <Empty title="No desktop yet">
        Say on which port its RDP server listens. The broker reads its certificate, without logging in.
      </Empty>
    ) : desktop.kind === "vnc" ? (
      <NowVnc target={target} port={desktop.port} />
    ) : (
      <Now target={target} desktop={desktop} />
    )}
    <section class="card narrow">
      <form method="post" action={`/targets/${target.id}/desktop`}>
        <Token />
        <div class="pair">
          <Field label="Port of the RDP server">
            <input type="number" name="port" required min="1" max="65535" value={port ?? rdpOf(desktop)?.port ?? 3389} />
          </Field>
          <Field label="Domain of the login (optional)" hint="Empty: the machine's own accounts.">
            <input name="domain" maxlength={128} value={rdpOf(desktop)?.domain ?? ""} autocapitalize="none" spellcheck={false} />
          </Field>
        </div>
        <button type="submit">Read its certificate</button>
      </form>
    </section>
    {vnc ? <VncForm target={target} port={desktop?.kind === "vnc" ? desktop.port : 5901} /> : null}
  </>
);

type Seen = { readonly port: number; readonly fingerprint: string; readonly security: DesktopSecurity; readonly compareWith: string };
export const DesktopConfirm = ({ target, seen, domain }: Named & { seen: Seen; domain: string }) => (
  <>
    <PageHead title="Is this the machine?" sub="Compare, then pin. The password is sent to nothing else." />
    <section class="card narrow">
      <p>
        The RDP server of <b class="wrap">{target.name}</b> at <code>{`${target.host}:${seen.port}`}</code> shows this certificate:
      </p>
      <output class="fingerprint wrap">{seen.fingerprint}</output>
      <p class="muted">Compare it with what the machine itself says, on its console or over a way you trust:</p>
      <pre>{seen.compareWith}</pre>
      <p>{SECURITY[seen.security]}.</p>
      <form method="post" action={`/targets/${target.id}/desktop/pin`}>
        <Token />
        {Object.entries({ port: String(seen.port), certificate: seen.fingerprint, security: seen.security, domain }).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <label class="check">
          <input type="checkbox" name="same" value="yes" required /> I compared it: it is the same
        </label>
        <p class="note warn">Where passwords go is changed by this, so the accounts of {target.name} stop until somebody else accepts it.</p>
        <div class="moves">
          <button type="submit">Pin it</button>
          <a class="button quiet" href={`/targets/${target.id}/desktop`}>
            No, back
          </a>
        </div>
      </form>
    </section>
  </>
);
