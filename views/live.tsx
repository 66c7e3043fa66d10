/** What renews itself while it is going on. Rule: the stream says "changed", the page asks for its part again; without scripts a link does. */
import { here } from "./here.ts";

/** `at`: the page. `part`: what is asked for again, below it. `swaps`: the id of what it takes the place of. */
export const Live = ({ at, part, swaps }: { at: string; part: string; swaps: string }) => {
  const { nonce } = here();
  return (
    <div id="live" {...{ "hx-sse:connect": `${at}/live`, "hx-nonce": nonce }}>
      <div
        hx-get={`${at}/${part}`}
        hx-trigger="changed from:#live throttle:1s"
        hx-target={`#${swaps}`}
        hx-swap="outerHTML"
        hx-nonce={nonce}
      ></div>
    </div>
  );
};

export const Reload = ({ at }: { at: string }) => (
  <noscript>
    <p class="muted">
      Without scripts this page does not renew itself. <a href={at}>Reload</a>
    </p>
  </noscript>
);
