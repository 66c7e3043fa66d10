/** The frame of every page. Rule: no inline script or style; what scripts need stands in attributes. */
import type { Child } from "hono/jsx";
import type { Act } from "../src/domain/may.ts";
import type { Role } from "../src/domain/person.ts";
import { here } from "./here.ts";
import { Icon, Mark, type IconName } from "./icons.tsx";

export type Nav = {
  readonly name: string;
  readonly fullName: string;
  readonly roles: readonly Role[];
  readonly can: ReadonlySet<Act>;
  readonly votes: boolean;
};
/** `key`: g and this letter lead there. */
type Item = { readonly href: string; readonly key: string; readonly icon: IconName; readonly text: string; readonly shown: boolean };

const items = ({ can, votes }: Nav): readonly (readonly Item[])[] => [
  [
    { href: "/", key: "h", icon: "home", text: "Home", shown: true },
    { href: "/ask", key: "a", icon: "ask", text: "Ask for access", shown: can.has("account.ask") },
    { href: "/requests", key: "r", icon: "audit", text: "Requests", shown: true },
    { href: "/votes", key: "v", icon: "votes", text: "Votes", shown: votes },
  ],
  [
    { href: "/accounts", key: "c", icon: "accounts", text: "Accounts", shown: can.has("target.add") || can.has("audit.read") },
    { href: "/targets", key: "t", icon: "targets", text: "Targets", shown: can.has("target.add") },
    { href: "/agents", key: "i", icon: "agents", text: "Agents", shown: can.has("agent.list") },
    { href: "/bulk", key: "b", icon: "bulk", text: "Bulk changes", shown: can.has("bulk.open") || can.has("audit.read") },
    { href: "/schedules", key: "d", icon: "schedules", text: "Schedules", shown: can.has("bulk.open") || can.has("audit.read") },
    { href: "/rotations", key: "w", icon: "rotations", text: "Password changes", shown: can.has("password_policy.see") },
    { href: "/sessions", key: "s", icon: "sessions", text: "Sessions", shown: true },
  ],
  [
    { href: "/audit", key: "l", icon: "search", text: "Audit log", shown: can.has("audit.read") },
    { href: "/exposures", key: "e", icon: "lock", text: "Exposure", shown: can.has("exposure.see") },
    { href: "/notices", key: "n", icon: "mail", text: "Notices", shown: can.has("notice.see") },
    { href: "/people", key: "p", icon: "people", text: "People", shown: can.has("person.manage") },
    { href: "/locks", key: "k", icon: "locks", text: "Locks", shown: can.has("lock.see") },
    { href: "/policies", key: "o", icon: "policies", text: "Policies", shown: can.has("policy.see") },
    { href: "/platforms", key: "m", icon: "targets", text: "Command sets", shown: can.has("platform.see") },
    { href: "/password-policies", key: "u", icon: "ask", text: "Password policies", shown: can.has("password_policy.see") },
  ],
];
const Links = ({ nav }: { nav: Nav }) => {
  const { path } = here(), current = (href: string) => (href === "/" ? path === "/" : path === href || path.startsWith(`${href}/`));
  return (
    <nav aria-label="Main" class="side">
      <div>
        {items(nav)
          .map((group) => group.filter((i) => i.shown))
          .filter((group) => group.length > 0)
          .map((group) => (
            <ul>
              {group.map((i) => (
                <li>
                  <a href={i.href} data-go={i.key} aria-current={current(i.href) ? "page" : undefined}>
                    <Icon name={i.icon} />
                    {i.text}
                  </a>
                </li>
              ))}
            </ul>
          ))}
      </div>
    </nav>
  );
};

const Who = ({ nav }: { nav: Nav }) => (
  <details class="who">
    <summary>
      <span class="face" aria-hidden="true">
        {nav.name.slice(0, 1).toUpperCase()}
      </span>
      <span class="sr">Menu of {nav.name}</span>
      <span class="who-name" aria-hidden="true">
        {nav.name}
      </span>
    </summary>
    <div class="menu">
      <p>
        <strong>{nav.fullName}</strong>
        <br />
        <small>{nav.roles.join(", ") || "no role yet"}</small>
      </p>
      <a href="/me">
        <Icon name="me" />
        My keys and tokens
      </a>
      <a href="/terminal">
        <Icon name="sessions" />
        Log in a terminal
      </a>
      <a href="/api/v1/docs">
        <Icon name="audit" />
        API
      </a>
      <button class="plain" type="button" data-opens="keys" hidden>
        <Icon name="keys" />
        Keys
      </button>
      <form method="post" action="/logout">
        <Token />
        <button class="plain" type="submit">
          <Icon name="out" />
          Log out
        </button>
      </form>
    </div>
  </details>
);

const Top = ({ nav }: { nav: Nav }) => (
  <header class="top">
    <a class="brand" href="/" aria-label="Lockstep, home">
      <Mark />
      <span>Lockstep</span>
    </a>
    <form class="find" action="/search" method="get" role="search">
      <Icon name="search" />
      <input
        type="search"
        name="q"
        placeholder="Search accounts, requests, people"
        aria-label="Search everything"
        data-key="/"
        autocomplete="off"
      />
      <kbd>/</kbd>
    </form>
    <Who nav={nav} />
  </header>
);

/** The form's proof that it is this session's own. */
export const Token = () => <input type="hidden" name="_csrf" value={here().csrf} />;

const Head = ({ title, refresh, plainRefresh }: { title: string; refresh?: Refresh | undefined; plainRefresh?: number | undefined }) => {
  const { nonce } = here();
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="htmx-config" content={'extensions:"hx-csp,sse",includeIndicatorCSS:false,history:false'} />
      {refresh === undefined ? null : (
        <meta http-equiv="refresh" content={typeof refresh === "number" ? String(refresh) : `${refresh.seconds};url=${refresh.to}`} />
      )}
      {plainRefresh === undefined ? null : (
        <noscript>
          <meta http-equiv="refresh" content={String(plainRefresh)} />
        </noscript>
      )}
      <title>{`${title} · Lockstep`}</title>
      <link rel="icon" href="/assets/favicon.svg" type="image/svg+xml" />
      <link rel="stylesheet" href="/assets/pico.css" />
      <link rel="stylesheet" href="/assets/base.css" />
      <link rel="stylesheet" href="/assets/lockstep.css" />
      <link rel="stylesheet" href="/assets/narrow.css" />
      <script nonce={nonce} src="/assets/htmx.js" defer></script>
      <script nonce={nonce} src="/assets/hx-csp.js" defer></script>
      <script nonce={nonce} src="/assets/hx-sse.js" defer></script>
      <script nonce={nonce} src="/assets/lockstep.js" defer></script>
    </head>
  );
};

type Refresh = number | { readonly seconds: number; readonly to: string };
type Props = {
  readonly title: string;
  readonly nav: Nav | null;
  readonly wide?: boolean;
  readonly refresh?: Refresh | undefined;
  readonly plainRefresh?: number | undefined;
  readonly notice?: string | undefined;
  readonly children?: Child;
};

const EVERYWHERE = [
  ["/", "search everything"],
  ["j k", "next and previous row of a list"],
  ["x", "tick the row"],
  ["Enter", "open the row"],
  ["Esc", "close"],
] as const;
const keysOf = (nav: Nav): readonly (readonly [string, string])[] => [
  ...EVERYWHERE,
  ...items(nav)
    .flat()
    .filter((i) => i.shown)
    .map((i) => [`g ${i.key}`, i.text] as const),
];
/** Opened by `?` and from the menu; nothing here is only here. */
const Keys = ({ nav }: { nav: Nav }) => (
  <dialog id="keys" aria-labelledby="keys-title">
    <article class="card">
      <header>
        <h2 id="keys-title">Keys</h2>
        <form method="dialog">
          <button type="submit" class="small quiet">
            Close
          </button>
        </form>
      </header>
      <dl class="keys">
        {keysOf(nav).map(([key, what]) => (
          <div>
            <dt>
              {key.split(" ").map((k) => (
                <kbd>{k}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </article>
  </dialog>
);

export const Layout = ({ title, nav, wide, refresh, plainRefresh, notice, children }: Props) => (
  <html lang="en">
    <Head title={title} refresh={refresh} plainRefresh={plainRefresh} />
    <body class={nav ? "app" : "door"}>
      <a class="skip" href="#main">Skip to content</a>
      {nav ? (
        <>
          <Top nav={nav} />
          <details class="drawer">
            <summary>
              <Icon name="menu" />
              Menu
            </summary>
            <Links nav={nav} />
          </details>
          <Links nav={nav} />
        </>
      ) : null}
      <main id="main" class={wide ? "wide" : undefined}>
        <div id="notice" role="status" aria-live="polite">
          {notice === undefined ? null : <p class="notice ok">{notice}</p>}
        </div>
        {children}
      </main>
      {nav ? <Keys nav={nav} /> : null}
    </body>
  </html>
);
