/** The frame that views/public/screen.js draws a terminal into. Rule: it is true before scripts run, and not there without. */
import type { Child } from "hono/jsx";
import { here } from "./here.ts";

export const Scripts = ({ names }: { names: readonly string[] }) => {
  const { nonce } = here();
  return (
    <>
      {names.map((name) => (
        <script nonce={nonce} src={`/assets/${name}`} defer></script>
      ))}
    </>
  );
};
export const Styles = () => (
  <>
    <link rel="stylesheet" href="/assets/xterm.css" />
    <link rel="stylesheet" href="/assets/terminal.css" />
  </>
);

type ToolProps = { readonly name: string; readonly label: string; readonly children?: Child; readonly hidden?: boolean };
export const Tool = ({ name, label, children, hidden }: ToolProps) => (
  <button type="button" class="small quiet" data-tool={name} title={label} aria-label={label} hidden={hidden ? true : undefined}>
    {children ?? label}
  </button>
);
export const Letters = () => (
  <>
    <Tool name="smaller" label="A− smaller letters">
      A−
    </Tool>
    <Tool name="larger" label="A+ larger letters">
      A+
    </Tool>
    <Tool name="full" label="Full screen" />
  </>
);

const KEYS: readonly (readonly [key: string, text: string, name: string])[] = [
  ["esc", "Esc", "Esc, Escape"],
  ["tab", "Tab", "Tab"],
  ["ctrl", "Ctrl", "Ctrl, for the next key"],
  ["up", "↑", "Up"],
  ["down", "↓", "Down"],
  ["left", "←", "Left"],
  ["right", "→", "Right"],
  ["pipe", "|", "Pipe"],
  ["slash", "/", "Slash"],
  ["dash", "-", "Dash"],
];
const Keys = () => (
  <div class="term-keys" role="group" aria-label="Keys a phone does not have">
    {KEYS.map(([key, text, name]) => (
      <button type="button" class="small quiet" data-press={key} aria-label={name}>
        {text}
      </button>
    ))}
  </div>
);

type FrameProps = {
  readonly data: Readonly<Record<string, string>>;
  readonly tools: Child;
  /** What stands there until a script says otherwise. */
  readonly state: string;
  readonly label: string;
  readonly keys?: boolean;
};
export const Frame = ({ data, tools, state, label, keys }: FrameProps) => (
  <section class="term scripted" id="term" {...data}>
    <div class="term-bar" role="toolbar" aria-label="Terminal">
      <p class="term-state" role="status">
        <span class="dot" aria-hidden="true"></span>
        <span data-state="">{state}</span>
      </p>
      <p class="term-left" data-left-box="" hidden>
        <b data-left=""></b> left
      </p>
      <div class="term-tools">{tools}</div>
    </div>
    <div class="term-said" data-said="" role="alert" hidden></div>
    <div class="term-box" data-box="" role="group" aria-label={label}></div>
    {keys ? <Keys /> : null}
  </section>
);
