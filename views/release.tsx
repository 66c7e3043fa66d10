/** A password on the screen. Rule: characters that look alike are told apart by colour AND by name; nothing here outlives the page. */
import { Copy, Exact, PageHead } from "./parts.tsx";

const KINDS = [
  ["upper", /\p{Lu}/u],
  ["lower", /\p{Ll}/u],
  ["digit", /\p{Nd}/u],
] as const;
const kindOf = (c: string): string => KINDS.find(([, test]) => test.test(c))?.[0] ?? "symbol";

export const Letters = ({ text }: { text: string }) => (
  <output class="letters" aria-label="The password">
    {[...text].map((c) => (
      <span class={kindOf(c)}>{c}</span>
    ))}
  </output>
);

const Spelled = ({ password }: { password: string }) => (
  <>
    <Letters text={password} />
    <p class="legend" aria-hidden="true">
      <span class="upper">ABC</span> capital <span class="lower">abc</span> small <span class="digit">123</span> digit{" "}
      <span class="symbol">#/?</span> symbol
    </p>
    <Copy text={password} label="the password" />
  </>
);

/** A key is one text, kept whole. */
const KeyText = ({ text, label }: { text: string; label: string }) => (
  <>
    <textarea class="mono" readonly rows={8} aria-label={label} spellcheck={false}>
      {text}
    </textarea>
    <p>
      <button type="button" class="small quiet" data-copy={text}>
        Copy the private key
      </button>
    </p>
  </>
);
const KeyWarning = () => (
  <p class="note warn">
    Whoever has this text gets in as long as it is in force, without being asked for anything else. Keep it in a file that nobody but you can read
    (mode 0600), or in an agent's memory alone, and delete it when you give the account back.
  </p>
);
const isKey = (text: string): boolean => text.startsWith("-----BEGIN ");
const Shown = ({ text, label }: { text: string; label: string }) =>
  isKey(text) ? (
    <KeyText text={text} label={label} />
  ) : (
    <>
      <Letters text={text} />
      <Copy text={text} label={label} />
    </>
  );

type Other = { readonly password: string; readonly no: number; readonly says: string };
/** Under broken glass: what else may be in force. */
const Others = ({ list }: { list: readonly Other[] }) => (
  <>
    {list.map((o) => (
      <div class="candidate">
        <p>
          If that one does not open it, version {o.no}: {o.says}.
        </p>
        <Shown text={o.password} label={`version ${o.no}`} />
      </div>
    ))}
  </>
);

export const ReleasePage = ({
  password,
  account,
  target,
  until,
  back,
  seconds,
  says = null,
  others = [],
}: {
  password: string;
  account: string;
  target: string;
  until: Date;
  back: string;
  seconds: number;
  says?: string | null;
  others?: readonly Other[];
}) => (
  <>
    <PageHead
      title={`${account}@${target}`}
      sub={
        <>
          Yours until <Exact at={until} />. That you looked is in the audit log.
        </>
      }
    />
    <section class="card shown" data-hide-after={String(seconds)} data-hide-to={back}>
      {says === null ? null : <p class="note warn">Likeliest: {says}.</p>}
      {isKey(password) ? <KeyText text={password} label="The private key" /> : <Spelled password={password} />}
      {isKey(password) ? <KeyWarning /> : null}
      <Others list={others} />
      {says === null ? null : <p class="muted">The broker touches the target no more for 10 minutes from your look, so that these stay true.</p>}
      <p class="muted">
        This page hides it after <b data-seconds="">{seconds}</b> s and goes back to the request. The {isKey(password) ? "key" : "password"} is
        changed when you give the account back.
      </p>
      <p>
        <a class="button" href={back}>
          Hide it now
        </a>
      </p>
    </section>
  </>
);

/** One password generated for many accounts. */
export const SharedPage = ({ password, back, seconds }: { password: string; back: string; seconds: number }) => (
  <>
    <PageHead
      title="The password for all of them"
      sub="It is shown this once. That you know it is written down for every account as its turn comes."
    />
    <section class="card shown" data-hide-after={String(seconds)} data-hide-to={back}>
      <Spelled password={password} />
      <p class="muted">
        This page hides it after <b data-seconds="">{seconds}</b> s and goes on to the change. It opens an account once that account shows as
        changed, and the broker changes it again within hours, because you know it.
      </p>
      <p>
        <a class="button" href={back}>
          Hide it, and follow the change
        </a>
      </p>
    </section>
  </>
);
