/** The small pieces every page is made of. Rule: one look per meaning; colour never carries a meaning alone. */
import type { Child } from "hono/jsx";
import { here } from "./here.ts";
import { Token } from "./layout.tsx";

export type Tone = "ok" | "warn" | "bad" | "busy" | "quiet";
export const Badge = ({ tone, children }: { tone: Tone; children?: Child }) => <span class={`badge ${tone}`}>{children}</span>;

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
];
/** 95 min -> "1 h 35 min"; below a minute in seconds. */
export const span = (ms: number): string => {
  if (ms < 60_000) return `${Math.max(0, Math.round(ms / 1000))} s`;
  const parts: string[] = [];
  let rest = ms;
  for (const [size, name] of UNITS) {
    const n = Math.floor(rest / size);
    if (n > 0 && parts.length < 2) parts.push(`${n} ${name}`);
    else if (parts.length > 0) break;
    rest -= n * size;
  }
  return parts.join(" ");
};
export const size = (n: number): string =>
  n < 1_024 ? `${n} B` : n < 1_048_576 ? `${(n / 1_024).toFixed(1)} KiB` : `${(n / 1_048_576).toFixed(1)} MiB`;
export const minutes = (n: number): string => span(n * 60_000);
const exact = (d: Date): string =>
  d
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");

/** Relative to now, the exact moment on hover. */
export const Ago = ({ at, none = "never" }: { at: Date | null; none?: string }) => {
  if (at === null) return <span class="muted">{none}</span>;
  const ms = at.getTime() - here().now.getTime(),
    words = Math.abs(ms) < 5_000 ? (ms > 0 ? "now" : "just now") : ms > 0 ? `in ${span(ms)}` : `${span(-ms)} ago`;
  return (
    <time datetime={at.toISOString()} title={exact(at)}>
      {words}
    </time>
  );
};
/** The moment itself; the day is left out when it is today. */
export const Exact = ({ at }: { at: Date }) => {
  const iso = at.toISOString(),
    today = here().now.toISOString().slice(0, 10) === iso.slice(0, 10);
  return (
    <time datetime={iso} title={exact(at)}>
      {today ? "" : `${iso.slice(0, 10)} `}
      {iso.slice(11, 16)} UTC
    </time>
  );
};

/** What is left of a checkout; lockstep.js keeps it running between two loads. */
export const TimeLeft = ({ from, until }: { from: Date; until: Date }) => {
  const all = Math.max(1, until.getTime() - from.getTime()),
    left = Math.max(0, until.getTime() - here().now.getTime()),
    tone = left < 60_000 ? "bad" : left < 300_000 ? "warn" : "";
  return (
    <div class={`left ${tone}`} data-until={until.toISOString()} data-now={here().now.toISOString()} data-all={String(all)}>
      <progress max="100" value={String(Math.round((left / all) * 1000) / 10)} aria-label="Time left" />
      <p>
        <b data-left="">{span(left)}</b> left, until <Exact at={until} />
      </p>
      <p class="soon" role="status" data-soon="">
        {tone === "bad" ? LAST_MINUTE : tone === "warn" ? FIVE_MINUTES : ""}
      </p>
    </div>
  );
};
/** lockstep.js says the same when the moment comes while the page is open. */
const FIVE_MINUTES = "Less than 5 minutes left: finish, then give it back.";
const LAST_MINUTE = "Less than a minute left: sessions are cut when time is up.";

/** The stock client's line for whoever is named before the last @. */
export const sshTo = (whom: string, { host, port }: { host: string; port: number }): string =>
  `ssh ${port === 22 ? "" : `-p ${port} `}${whom}@${host}`;
/** A line to take away. Without scripts it is selectable text. */
export const Copy = ({ text, label }: { text: string; label: string }) => (
  <div class="copy">
    <code tabindex={0}>{text}</code>
    <button type="button" class="small quiet" data-copy={text} aria-label={`Copy ${label}`}>
      Copy
    </button>
  </div>
);

export const PageHead = ({ title, sub, children }: { title: Child; sub?: Child; children?: Child }) => (
  <header class="page-head">
    <div>
      <h1>{title}</h1>
      {sub ? <p class="muted">{sub}</p> : null}
    </div>
    {children ? <div class="acts">{children}</div> : null}
  </header>
);
export const Empty = ({ title, children }: { title: string; children?: Child }) => (
  <div class="empty">
    <strong>{title}</strong>
    <p>{children}</p>
  </div>
);
export const Facts = ({ rows }: { rows: readonly (readonly [string, Child] | null)[] }) => (
  <dl class="facts">
    {rows.map((r) =>
      r === null ? null : (
        <div>
          <dt>{r[0]}</dt>
          <dd>{r[1]}</dd>
        </div>
      ),
    )}
  </dl>
);
/** A form that posts, with its token. `swap`: htmx puts the answer in that element's place. `stays`: it is a file. */
type PostProps = { action: string; swap?: string; class?: string; files?: boolean; stays?: boolean; children?: Child };
export const Post = ({ action, swap, class: name, files, stays, children }: PostProps) => {
  const { nonce } = here();
  const live = swap === undefined ? {} : { "hx-post": action, "hx-target": swap, "hx-swap": "outerHTML", "hx-nonce": nonce };
  const kind = files ? "multipart/form-data" : undefined;
  return (
    <form method="post" action={action} class={name} enctype={kind} data-stays={stays ? "" : undefined} {...live}>
      <Token />
      {children}
    </form>
  );
};
/** A form of one button. */
type PressProps = { action: string; look?: string; swap?: string; label?: string; children?: Child };
export const Press = ({ action, look = "", swap, label, children }: PressProps) => (
  <Post action={action} class="inline" {...(swap === undefined ? {} : { swap })}>
    <button type="submit" class={`small ${look}`.trim()} aria-label={label}>
      {children}
    </button>
  </Post>
);
export const Field = ({ label, hint, children }: { label: string; hint?: Child; children?: Child }) => (
  <label class="field">
    <span>{label}</span>
    {children}
    {hint ? <small>{hint}</small> : null}
  </label>
);
/** A step that needs a word first: opens in place, works without scripts. */
export const Unfold = ({ label, tone, open, children }: { label: string; tone?: "bad" | "quiet"; open?: boolean; children?: Child }) => (
  <details class="unfold" open={open ? true : undefined}>
    <summary class={`button small ${tone ?? "quiet"}`}>{label}</summary>
    <div class="folded">{children}</div>
  </details>
);
const NUMBERS = ["No", "Tries", "Version", "Accounts", "Line"];
/** `list`: j and k go from row to row, Enter opens. */
export const Table = ({ head, children, label, list }: { head: readonly string[]; children?: Child; label: string; list?: boolean }) => (
  <div class="table" role="region" aria-label={label} tabindex={0} data-list={list ? "" : undefined}>
    <table>
      <thead>
        <tr>
          {head.map((h) => (
            <th scope="col" class={NUMBERS.includes(h) ? "num" : undefined}>
              {h}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);
export const Account = ({ account, target, href }: { account: string; target: string; href?: string }) => {
  const name = (
    <>
      <b>{account}</b>
      <span class="at">@{target}</span>
    </>
  );
  return href === undefined ? (
    <span class="account">{name}</span>
  ) : (
    <a class="account" href={href}>
      {name}
    </a>
  );
};
/** A thing by its name, leading to its page. */
export const Named = ({ href, name }: { href: string; name: string }) => (
  <a href={href}>
    <b class="wrap">{name}</b>
  </a>
);
