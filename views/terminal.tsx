/** A terminal in the browser. Rule: the page opens nothing by being fetched; its script asks for a ticket by POST. */
import { here } from "./here.ts";
import { Account, Copy, PageHead } from "./parts.tsx";
import { sshLine } from "./connect.tsx";
import { Frame, Letters, Scripts, Styles, Tool } from "./screen.tsx";

type Rules = { readonly clipboardIn: boolean; readonly clipboardOut: boolean; readonly recordInput: boolean };
type Names = { readonly request: string; readonly account: string; readonly target: string; readonly me: string };
export type TerminalFacts = Names & { readonly policy: Rules };

const told = (p: Rules): string => {
  const kept = p.clipboardIn ? "copying out of it" : p.clipboardOut ? "pasting into it" : "copying or pasting";
  return [
    `What this terminal shows${p.recordInput ? " and what you type" : ""} is recorded. Auditors may watch while you work.`,
    ...(p.clipboardIn && p.clipboardOut ? [] : [`Your access does not include ${kept}.`]),
    "Ctrl+Shift+C copies, Ctrl+Shift+V pastes, Ctrl+Shift+X leaves the terminal for the buttons above.",
  ].join(" ");
};

const Tools = ({ policy }: { policy: Rules }) => (
  <>
    <Tool name="connect" label="Connect" />
    <Letters />
    <Tool name="copy" label="Copy the selection" hidden={!policy.clipboardOut}>
      Copy
    </Tool>
    <Tool name="paste" label="Paste" hidden={!policy.clipboardIn} />
    <Tool name="leave" label="Disconnect" hidden />
  </>
);

const NoScripts = ({ line }: { line: string }) => (
  <noscript>
    <div class="note warn">
      <p>The web terminal needs scripts, and they are off here. Use your own SSH client instead:</p>
      <Copy text={line} label="the ssh command" />
    </div>
  </noscript>
);

export const TerminalPage = ({ request, account, target, me, policy }: TerminalFacts) => (
  <>
    <PageHead title={<Account account={account} target={target} />}>
      <a class="button small quiet" href={`/requests/${request}`}>
        The request
      </a>
    </PageHead>
    <Styles />
    <NoScripts line={sshLine(account, target, me, here().ssh)} />
    <Frame
      data={{
        "data-issue": `/api/v1/requests/${request}/terminal`,
        "data-keep": `/requests/${request}/card`,
        "data-name": `${account}@${target}`,
        "data-request": request,
      }}
      state="Not connected"
      label={`Terminal of ${account}@${target}`}
      keys
      tools={<Tools policy={policy} />}
    />
    <p class="muted small-print">{told(policy)}</p>
    <Scripts names={["xterm.js", "xterm-fit.js", "screen.js", "terminal.js"]} />
  </>
);
