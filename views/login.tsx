/** Logging in: name and password, then the code, or the second factor's set-up. Rule: one thing per page, nothing else to press. */
import type { Child } from "hono/jsx";
import { Mark } from "./icons.tsx";
import { Field, Unfold } from "./parts.tsx";

const Door = ({ title, refused, children }: { title: string; refused?: string | undefined; children?: Child }) => (
  <section class="card door-card">
    <p class="brand">
      <Mark />
      <span>Lockstep</span>
    </p>
    <h1>{title}</h1>
    {refused === undefined ? null : (
      <div class="notice bad" role="alert">
        {refused}
      </div>
    )}
    {children}
  </section>
);

export const LoginForm = ({ next, refused, name }: { next: string; refused?: string | undefined; name?: string | undefined }) => (
  <Door title="Log in" refused={refused}>
    <form method="post" action="/login">
      <input type="hidden" name="next" value={next} />
      <Field label="Name">
        <input
          name="name"
          value={name ?? ""}
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          autofocus={name === undefined}
          maxlength={64}
        />
      </Field>
      <Field label="Password">
        <input name="password" type="password" autocomplete="current-password" required autofocus={name !== undefined} maxlength={1000} />
      </Field>
      <button type="submit">Log in</button>
    </form>
    <p class="muted small-print">Every login is written to the audit log.</p>
  </Door>
);

const Code = () => (
  <Field label="Six-digit code">
    <input class="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]{6,7}" maxlength={7} required autofocus />
  </Field>
);

export const TotpForm = ({ next, csrf, refused }: { next: string; csrf: string; refused?: string | undefined }) => (
  <Door title="Second step" refused={refused}>
    <p class="muted">Type the code your authenticator app shows for Lockstep now.</p>
    <form method="post" action="/login/code">
      <input type="hidden" name="_csrf" value={csrf} />
      <input type="hidden" name="next" value={next} />
      <Code />
      <button type="submit">Continue</button>
    </form>
    <p class="small-print">
      <a href="/login">Start again</a>
    </p>
  </Door>
);

/** `secret` and `uri` come from web/release.tsx, the page's only door to plaintext. */
export const EnrolForm = ({
  next,
  csrf,
  sealed,
  secret,
  uri,
  refused,
}: {
  next: string;
  csrf: string;
  sealed: string;
  secret: string;
  uri: string;
  refused?: string | undefined;
}) => (
  <Door title="Set up your second factor" refused={refused}>
    <p class="muted">Your role can approve access or run the broker, so a password alone is not enough. This is done once.</p>
    <ol class="steps">
      <li>
        Open an authenticator app and add an account by key:
        <output class="totp-key">{secret.replace(/(.{4})/g, "$1 ").trim()}</output>
        <Unfold label="On this device">
          <a href={uri}>Open in an app</a>
          <p class="wrap">
            <code>{uri}</code>
          </p>
        </Unfold>
      </li>
      <li>Type the code it shows:</li>
    </ol>
    <form method="post" action="/login/enrol">
      <input type="hidden" name="_csrf" value={csrf} />
      <input type="hidden" name="next" value={next} />
      <input type="hidden" name="sealed" value={sealed} />
      <Code />
      <button type="submit">Confirm and go on</button>
    </form>
    <p class="small-print">
      <a href="/login">Start again</a>
    </p>
  </Door>
);
