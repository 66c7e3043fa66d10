/** The closure certificate, on the request and as a page to print. Rule: it says what is not known in the same size as what is. */
import type { Certificate, Line } from "../src/domain/certificate.ts";
import { here } from "./here.ts";
import { Ago, Badge, Exact, Facts, PageHead, type Tone } from "./parts.tsx";

const STATE: Record<Certificate["state"], readonly [Tone, string]> = {
  unused: ["quiet", "nothing to close"],
  in_use: ["busy", "in use"],
  open: ["warn", "not all is known"],
  failed: ["bad", "not closed"],
  closed: ["ok", "closed"],
};
const WHAT: Record<Line["what"], string> = { used: "Used", new: "New password", old: "Old password", logins: "Open logins" };
const TONE: Record<Line["tone"], readonly [Tone, string]> = {
  ok: ["ok", "known"],
  bad: ["bad", "wrong"],
  open: ["warn", "not known"],
};

const Lines = ({ lines, exact }: { lines: readonly Line[]; exact: boolean }) => (
  <dl class="facts">
    {lines.map((l) => (
      <div>
        <dt>{WHAT[l.what]}</dt>
        <dd>
          <Badge tone={TONE[l.tone][0]}>{TONE[l.tone][1]}</Badge> {l.says}{" "}
          {l.at === null ? null : exact ? (
            <Exact at={l.at} />
          ) : (
            <small class="muted">
              <Ago at={l.at} />
            </small>
          )}
        </dd>
      </div>
    ))}
  </dl>
);
/** On the request's page. */
export const Closure = ({ certificate: c, id }: { certificate: Certificate; id: string }) =>
  c.state === "unused" ? null : (
    <section class="card closure">
      <header>
        <h2>Closure</h2>
        <Badge tone={STATE[c.state][0]}>{STATE[c.state][1]}</Badge>
      </header>
      <p>{c.says}</p>
      <Lines lines={c.lines} exact={false} />
      <p class="small-print">
        <a href={`/requests/${id}/certificate`}>The certificate, to print</a>
      </p>
    </section>
  );

type PageFacts = {
  readonly certificate: Certificate;
  readonly id: string;
  readonly account: string;
  readonly requester: string;
  readonly reason: string;
  readonly ticket: string;
};
export const CertificatePage = ({ certificate: c, id, account, requester, reason, ticket }: PageFacts) => (
  <>
    <PageHead
      title="Closure certificate"
      sub={
        <>
          Request <code>{id}</code>
        </>
      }
    >
      <a class="button small quiet" href={`/requests/${id}`}>
        The request
      </a>
    </PageHead>
    <section class="card">
      <header>
        <h2 class="wrap">{account}</h2>
        <Badge tone={STATE[c.state][0]}>{STATE[c.state][1]}</Badge>
      </header>
      <p>
        <b>{c.says}</b>
      </p>
      <Facts
        rows={[
          ["Person", requester],
          ["Reason", reason || "none given"],
          ticket ? ["Ticket", ticket] : null,
          c.rotation ? ["Change", <code>{c.rotation}</code>] : null,
        ]}
      />
      <Lines lines={c.lines} exact />
    </section>
    <p class="muted small-print">
      As this broker knows it at <Exact at={here().now} />. Only the logins named above are ended; a console or another service of the
      same account is not seen from here. The events behind every line are in the audit log.
    </p>
  </>
);
