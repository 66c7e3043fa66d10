/** The forms that add a dependent. Rule: the names of their fields are those the page's reader knows. */
import type { Child } from "hono/jsx";
import { ACTIONS, FORMS, FORM_SAYS, KEEPERS, KEEPER_SAYS } from "./dependent-words.ts";
import { Field, Post, Unfold } from "./parts.tsx";

/** A target on which something can be done, and what. */
export type Doer = { readonly name: string; readonly does: readonly string[] };
type Props = { at: string; targets: readonly string[] };
const Where = ({ targets }: { targets: readonly string[] }) => (
  <Field label="On" hint="Done there by its administrative account.">
    <select name="target" required>
      {targets.map((t) => (
        <option value={t}>{t}</option>
      ))}
    </select>
  </Field>
);
const GoOn = () => (
  <label class="check">
    <input type="checkbox" name="go_on" value="yes" /> If it fails, go on with what comes after it
  </label>
);
/** What every one of the forms asks, around what it asks by itself. */
const Adds = ({ at, targets, does, children }: Props & { does: string; children: Child }) => (
  <Post action={at}>
    <input type="hidden" name="does" value={does} />
    <Where targets={targets} />
    {children}
    <GoOn />
    <button class="small" type="submit">
      Add
    </button>
  </Post>
);
const Service = (p: Props) => (
  <Adds {...p} does="service">
    <Field label="Service" hint="As `service NAME restart` knows it; on Windows its short name.">
      <input name="unit" required maxlength={100} autocomplete="off" />
    </Field>
    <Field label="What">
      <select name="action">
        {ACTIONS.map((a) => (
          <option value={a}>{a}</option>
        ))}
      </select>
    </Field>
    <Field label="When">
      <select name="phase">
        <option value="after">after the change</option>
        <option value="before">before the change</option>
      </select>
    </Field>
  </Adds>
);
const File = (p: Props) => (
  <Adds {...p} does="rewrite">
    <Field label="File" hint="Its whole path. Only root may be able to change the folders it is in.">
      <input name="path" required maxlength={240} placeholder="/etc/app/app.conf" autocomplete="off" />
    </Field>
    <Field label="Line" hint="As it stands in the file, with {{password}} where the password is. Exactly one line must look like it.">
      <input name="line" required maxlength={400} placeholder="password = {{password}}" autocomplete="off" />
    </Field>
    <Field label="Written">
      <select name="form">
        {FORMS.map((f) => (
          <option value={f}>{FORM_SAYS[f]}</option>
        ))}
      </select>
    </Field>
  </Adds>
);
const List = (p: Props) => (
  <Adds {...p} does="steps">
    <Field label="List" hint="As it is called under follow in the target's command set.">
      <input name="list" required maxlength={31} autocomplete="off" />
    </Field>
  </Adds>
);
const Logon = (p: Props) => (
  <Adds {...p} does="logon">
    <Field label="What logs on">
      <select name="of">
        {KEEPERS.map((k) => (
          <option value={k}>{KEEPER_SAYS[k]}</option>
        ))}
      </select>
    </Field>
    <Field label="Its name" hint="A service's short name, a task's whole path. It must run as this account, and goes on doing so.">
      <input name="keeper" required maxlength={240} placeholder="\Backup\Nightly" autocomplete="off" />
    </Field>
  </Adds>
);
export const AddDependent = ({ at, targets }: { at: string; targets: readonly Doer[] }) => {
  const on = (does: string): string[] => targets.filter((t) => t.does.includes(does)).map((t) => t.name),
    [services, files, lists, logons] = [on("service"), on("rewrite"), on("steps"), on("logon")];
  return (
    <div class="acts">
      {services.length === 0 ? null : (
        <Unfold label="Add a service">
          <Service at={at} targets={services} />
        </Unfold>
      )}
      {files.length === 0 ? null : (
        <Unfold label="Add a file">
          <File at={at} targets={files} />
        </Unfold>
      )}
      {logons.length === 0 ? null : (
        <Unfold label="Add what logs on by itself">
          <Logon at={at} targets={logons} />
        </Unfold>
      )}
      {lists.length === 0 ? null : (
        <Unfold label="Add a device's list">
          <List at={at} targets={lists} />
        </Unfold>
      )}
    </div>
  );
};
