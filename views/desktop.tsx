/** A desktop in the browser. Rule: the page opens nothing by being fetched; its script asks for a ticket by POST. */
import { Account, PageHead } from "./parts.tsx";
import { Frame, Scripts, Tool } from "./screen.tsx";

type Rules = { readonly [K in "clipboardIn" | "clipboardOut" | "filesIn" | "filesOut" | "recordInput"]: boolean };
type Names = { readonly request: string; readonly account: string; readonly target: string };
/** `vnc`: it keeps its own keyboard and carries no files. */
export type DesktopFacts = Names & { readonly policy: Rules; readonly vnc?: boolean };

const KEYS: readonly (readonly [keys: string, text: string])[] = [
  ["ffe3 ffe9 ffff", "Ctrl+Alt+Del"],
  ["ffe3 ffe9 ff08", "Ctrl+Alt+Backspace"],
  ["ffe9 ff09", "Alt+Tab"],
  ["ffe9 ffc1", "Alt+F4"],
  ["ffeb", "Windows"],
  ["ff61", "Print screen"],
  ["ff1b", "Escape"],
  ...Array.from({ length: 12 }, (_, i): readonly [string, string] => [(0xffbe + i).toString(16), `F${i + 1}`]),
];
/** As guacd names them; the target has one of them. */
const LAYOUTS: readonly (readonly [name: string, text: string])[] = [
  ["en-us-qwerty", "English (US)"],
  ["en-gb-qwerty", "English (UK)"],
  ["de-de-qwertz", "German"],
  ["de-ch-qwertz", "Swiss German"],
  ["fr-fr-azerty", "French"],
  ["fr-be-azerty", "Belgian"],
  ["fr-ch-qwertz", "Swiss French"],
  ["it-it-qwerty", "Italian"],
  ["es-es-qwerty", "Spanish"],
  ["es-latam-qwerty", "Spanish (Latin America)"],
  ["pt-br-qwerty", "Portuguese (Brazil)"],
  ["sv-se-qwerty", "Swedish"],
  ["da-dk-qwerty", "Danish"],
  ["hu-hu-qwertz", "Hungarian"],
  ["ja-jp-qwerty", "Japanese"],
  ["tr-tr-qwerty", "Turkish"],
  ["failsafe", "Another one (as Unicode)"],
];

const told = (p: Rules, vnc: boolean): string => {
  const not = [
    ...(p.clipboardIn ? [] : ["pasting into it"]),
    ...(p.clipboardOut ? [] : ["copying out of it"]),
    ...(p.filesIn || vnc ? [] : ["carrying files into it"]),
    ...(p.filesOut || vnc ? [] : ["carrying files out of it"]),
  ];
  return [
    `What this desktop shows and where you point${p.recordInput ? ", and every key you press," : ""} is recorded.`,
    ...(not.length === 0 ? [] : [`Your access does not include ${not.length === 1 ? not[0] : `${not.slice(0, -1).join(", ")} or ${not.at(-1)}`}.`]),
    "Disconnect ends the session; a lost connection comes back to it. Ctrl+Shift+X leaves the desktop for the buttons above.",
  ].join(" ");
};

const Keys = () => (
  <select class="small" data-keys="" aria-label="Keys your browser or your system would take for itself" hidden>
    <option value="">Keys…</option>
    {KEYS.map(([keys, text]) => (
      <option value={keys}>{text}</option>
    ))}
  </select>
);
const Layouts = () => (
  <select class="small" data-layout="" aria-label="Keyboard layout of the target">
    {LAYOUTS.map(([name, text]) => (
      <option value={name}>{text}</option>
    ))}
  </select>
);

const Tools = ({ vnc }: { vnc: boolean }) => (
  <>
    {vnc ? (
      <span hidden>
        <Layouts />
      </span>
    ) : (
      <Layouts />
    )}
    <Tool name="connect" label="Connect" />
    <Keys />
    <Tool name="cad" label="Ctrl+Alt+Del" hidden />
    <Tool name="copy" label="Copy what the desktop has on its clipboard" hidden>
      Copy
    </Tool>
    <Tool name="paste" label="Put your clipboard on the desktop's" hidden>
      Paste
    </Tool>
    <Tool name="send" label="Send a file into the desktop's drive" hidden>
      Send a file
    </Tool>
    <Tool name="drive" label="Folders and files of the desktop's drive" hidden>
      Files
    </Tool>
    <input type="file" data-files="" aria-label="Files to send" multiple hidden />
    <Tool name="full" label="Full screen" />
    <Tool name="leave" label="Disconnect" hidden />
  </>
);

/** The drive, which the desktop and this page both reach. */
const Drive = () => (
  <section class="card desk-drive" data-drive="" aria-label="Files of the desktop's drive" hidden>
    <header>
      <h2>Files</h2>
      <code data-path="">/</code>
    </header>
    <ul data-entries=""></ul>
    <p class="muted small-print">
      The drive Lockstep of the desktop. It is this session's own and is removed when the session ends; what is carried is told in the audit
      log with its size and hash.
    </p>
  </section>
);

export const DesktopPage = ({ request, account, target, policy, vnc = false }: DesktopFacts) => (
  <>
    <PageHead title={<Account account={account} target={target} />}>
      <a class="button small quiet" href={`/requests/${request}`}>
        The request
      </a>
    </PageHead>
    <link rel="stylesheet" href="/assets/terminal.css" />
    <link rel="stylesheet" href="/assets/desktop.css" />
    <noscript>
      <div class="note warn">
        <p>A desktop needs scripts, and they are off here. Allow them for this portal and open the page again.</p>
      </div>
    </noscript>
    <Frame
      data={{
        "data-issue": `/api/v1/requests/${request}/desktop`,
        "data-keep": `/requests/${request}/card`,
        "data-name": `${account}@${target}`,
        "data-request": request,
      }}
      state="Not connected"
      label={`Desktop of ${account}@${target}`}
      tools={<Tools vnc={vnc} />}
    />
    {policy.filesIn || policy.filesOut ? <Drive /> : null}
    <p class="muted small-print">
      {told(policy, vnc)}
      {vnc ? " It is carried by VNC, which has no files, no sound, and its own size and keyboard." : null}
    </p>
    <Scripts names={["screen.js", "guacamole.js", "desktop-drive.js", "desktop.js"]} />
  </>
);
