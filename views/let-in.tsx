/** Letting a terminal in. Rule: the code is typed from the terminal's own screen and never shown here; the page says from where it asks. */
import { here } from "./here.ts";
import { Ago, Empty, Field, PageHead, Post, sshTo } from "./parts.tsx";

export type TerminalView = { readonly id: string; readonly address: string; readonly askedAt: Date };
export type TerminalsView = { readonly name: string; readonly address: string; readonly waiting: readonly TerminalView[] };

const Elsewhere = ({ address }: { address: string }) => (
  <p class="note warn">
    That is another address than your browser's ({address}). Right only if your terminal runs on another machine or network.
  </p>
);
const Waits = ({ t, name, address }: { t: TerminalView; name: string; address: string }) => (
  <li>
    <div>
      <p>
        A terminal at <b class="mono wrap">{t.address}</b> asks to log in as <b>{name}</b>, <Ago at={t.askedAt} />.
      </p>
      {t.address === address ? null : <Elsewhere address={address} />}
    </div>
    <Post action={`/terminal/${t.id}/deny`} class="inline">
      <button type="submit" class="small quiet" aria-label={`Not me: keep out the terminal at ${t.address}`}>
        Not me: keep out
      </button>
    </Post>
  </li>
);

const Approve = () => (
  <Post action="/terminal">
    <Field
      label="Code on your terminal's screen"
      hint="Eight letters, such as BCDF-GHJK. The terminal with this code is let in; the others are not."
    >
      <input name="code" class="code" required maxlength={12} autocomplete="off" autocapitalize="characters" spellcheck={false} />
    </Field>
    <p class="note warn">
      Whoever has that terminal is you from then on, with all your access. If somebody sent you this code or asked you to type it, it is
      their terminal: keep it out.
    </p>
    <label class="check">
      <input type="checkbox" name="mine" value="yes" required />I started this terminal, and I read the code from its screen myself.
    </label>
    <button type="submit">Let this terminal in</button>
  </Post>
);

export const Terminals = ({ name, address, waiting }: TerminalsView) => (
  <>
    <PageHead
      title="Log in a terminal"
      sub="Your ssh client shows a code when you leave its password empty. Type it here and the terminal is in."
    />
    {waiting.length === 0 ? (
      <Empty title="No terminal waits for you">
        Start <code>{sshTo(name, here().ssh)}</code>, leave the password empty, and reload this page when it shows a code.
      </Empty>
    ) : (
      <section class="card narrow">
        <ul class="rows">
          {waiting.map((t) => (
            <Waits t={t} name={name} address={address} />
          ))}
        </ul>
        <Approve />
      </section>
    )}
  </>
);
