/* What the pages of terminals, desktops and watchers share: xterm.js under the portal's strict policy, its letters, its colours, its size.
   Rule: no inline style is ever made. What xterm.js would write into a style element goes into an adopted style sheet, what it would write
   into a style attribute into the element's own properties. */
(() => {
  "use strict";
  const create = document.createElement.bind(document);
  const standIn = () => {
    const element = create("span"),
      sheet = new CSSStyleSheet(),
      without = () => document.adoptedStyleSheets.filter((s) => s !== sheet);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    element.hidden = true;
    Object.defineProperty(element, "textContent", { set: (css) => sheet.replaceSync(css) });
    element.remove = () => {
      document.adoptedStyleSheets = without();
      HTMLElement.prototype.remove.call(element);
    };
    return element;
  };
  document.createElement = (name, options) => (String(name).toLowerCase() === "style" ? standIn() : create(name, options));
  HTMLSpanElement.prototype.setAttribute = function setAttribute(name, value) {
    if (name === "style") this.style.cssText = value;
    else Element.prototype.setAttribute.call(this, name, value);
  };

  const LIGHT = {
    background: "#ffffff",
    foreground: "#17202e",
    cursor: "#2f5bd8",
    cursorAccent: "#ffffff",
    selectionBackground: "#bcd0ff",
    black: "#17202e",
    red: "#a8201a",
    green: "#11653f",
    yellow: "#7d4a00",
    blue: "#1d4fc4",
    magenta: "#8a1d78",
    cyan: "#0b6474",
    white: "#5b6676",
    brightBlack: "#525e70",
    brightRed: "#c22d25",
    brightGreen: "#157a4b",
    brightYellow: "#8f5a00",
    brightBlue: "#2f5bd8",
    brightMagenta: "#a01a7d",
    brightCyan: "#0d7386",
    brightWhite: "#29313e",
  };
  const DARK = {
    background: "#0b0e14",
    foreground: "#e7ebf2",
    cursor: "#8fb0ff",
    cursorAccent: "#0b0e14",
    selectionBackground: "#33456f",
    black: "#3c4757",
    red: "#ff8f87",
    green: "#7fdcae",
    yellow: "#f4c477",
    blue: "#8fb0ff",
    magenta: "#f59ada",
    cyan: "#79d5e3",
    white: "#d5dbe5",
    brightBlack: "#8a95a6",
    brightRed: "#ffa69e",
    brightGreen: "#9ce8c1",
    brightYellow: "#ffd694",
    brightBlue: "#b0c7ff",
    brightMagenta: "#fab6e4",
    brightCyan: "#9fe4ee",
    brightWhite: "#ffffff",
  };
  const dark = matchMedia("(prefers-color-scheme: dark)"),
    theme = () => (dark.matches ? DARK : LIGHT);
  const remembered = () => {
    try {
      return Number(localStorage.getItem("lockstep.letters"));
    } catch {
      return 0;
    }
  };
  const remember = (size) => {
    try {
      localStorage.setItem("lockstep.letters", String(size));
    } catch {
      /* a private window forgets */
    }
  };
  const mono = getComputedStyle(document.documentElement).getPropertyValue("--mono").trim() || "monospace";

  /* A terminal in `box`. `fixed`: it has the size it is told, and the page scrolls. */
  const open = (box, { fixed = false, input = true } = {}) => {
    const term = new window.Terminal({
      fontFamily: mono,
      fontSize: remembered() || (innerWidth < 500 ? 12 : 14),
      theme: theme(),
      minimumContrastRatio: 4.5,
      scrollback: 5000,
      disableStdin: !input,
      cursorBlink: input,
      macOptionIsMeta: true,
      rightClickSelectsWord: false,
    });
    const fit = new window.FitAddon.FitAddon();
    term.loadAddon(fit);
    term.open(box);
    dark.addEventListener("change", () => {
      term.options.theme = theme();
    });
    const resize = () => {
      if (!fixed && box.clientWidth > 0) fit.fit();
    };
    if (!fixed) new ResizeObserver(() => requestAnimationFrame(resize)).observe(box);
    return { term, resize };
  };
  const letters = (terms, by) => {
    for (const { term, resize } of terms) {
      term.options.fontSize = Math.min(32, Math.max(8, term.options.fontSize + by));
      remember(term.options.fontSize);
      resize();
    }
  };
  const full = (root) => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void root.requestFullscreen?.();
  };

  const span = (ms) => {
    const s = Math.max(0, Math.round(ms / 1000)),
      m = Math.floor(s / 60),
      h = Math.floor(m / 60);
    return h > 0 ? `${h} h ${m % 60} min` : m >= 5 ? `${m} min` : m > 0 ? `${m} min ${s % 60} s` : `${s} s`;
  };

  /* The frame around a terminal: its state, what is said, the time left. */
  const frame = (root) => {
    const at = (name) => root.querySelector(`[data-${name}]`),
      said = at("said"),
      leftBox = at("left-box");
    let until = 0,
      warned = Infinity;
    const say = (text, { lasts = 0, tone = "note" } = {}) => {
      said.replaceChildren(document.createTextNode(text));
      said.className = `term-said ${tone}`;
      said.hidden = text === "";
      if (lasts > 0)
        setTimeout(() => {
          if (said.textContent === text) said.hidden = true;
        }, lasts);
    };
    const link = (href, text) => {
      const a = document.createElement("a");
      a.href = href;
      a.textContent = text;
      said.append(" ", a);
    };
    const state = (word, text) => {
      root.dataset.now = word;
      at("state").textContent = text;
    };
    const tick = () => {
      leftBox.hidden = until === 0;
      if (until === 0) return;
      const left = until - performance.now();
      at("left").textContent = span(left);
      leftBox.className = `term-left ${left < 60_000 ? "bad" : left < 300_000 ? "warn" : ""}`;
      for (const limit of [60_000, 300_000])
        if (left <= limit && warned > limit && left > 0) {
          warned = limit;
          say(
            limit === 60_000
              ? "Less than a minute is left. Then this session ends."
              : "Less than 5 minutes are left. Then this session ends.",
            { tone: limit === 60_000 ? "bad" : "warn", lasts: 20_000 },
          );
          break;
        }
    };
    setInterval(tick, 1000);
    return {
      say,
      link,
      state,
      left: (ms) => {
        until = performance.now() + ms;
        if (ms > 300_000) warned = Infinity;
        tick();
      },
      timeless: () => {
        until = 0;
        tick();
      },
      tool: (name) => root.querySelector(`[data-tool='${name}']`),
    };
  };

  /* A ticket for a socket, by POST with this login's token; and the socket. */
  const token = () => document.querySelector("input[name='_csrf']")?.value ?? "";
  const ticket = async (url, body) => {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": token() },
      body: JSON.stringify(body),
    });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(told.detail ?? "The portal did not answer as it should."), { status: answer.status });
    return told;
  };
  const socket = (told) => {
    const made = new WebSocket(`${location.origin.replace(/^http/, "ws")}${told.socket}`, [told.protocol, `ticket.${told.ticket}`]);
    made.binaryType = "arraybuffer";
    return made;
  };

  /* What this window remembers of its session, so that a reload comes back to it. */
  const shelf = (stored) => ({
    get: () => {
      try {
        return sessionStorage.getItem(stored);
      } catch {
        return null;
      }
    },
    set: (v) => {
      try {
        if (v) sessionStorage.setItem(stored, v);
        else sessionStorage.removeItem(stored);
      } catch {
        /* then a reload does not come back */
      }
    },
  });

  /* Looking on: one socket, opened by a press or by the link that led here, over which nothing is sent but the ticket. `begin`: before anything
     is drawn; `hear`: what came; `over`: sentences for closing codes of ours; `early`: one for a reason that is known; `more`: other buttons. */
  const looking = (root, { begin, hear, over, early = () => undefined, more = {} }) => {
    const { issue, name, session } = root.dataset,
      { say, link, state, tool } = frame(root);
    let ws = null,
      heard = 0;
    const shown = (word, text) => {
      state(word, text);
      tool("connect").hidden = word === "open" || word === "connecting";
      tool("connect").textContent = word === "ended" ? "Watch again" : "Watch";
      document.title = `${word === "open" ? "Watching" : "Not watching"} ${name} · Lockstep`;
    };
    const stopped = (code, reason) => {
      ws = null;
      shown("ended", "Not watching");
      say(early(reason) ?? over[code] ?? "The connection is lost.", { tone: "ended" });
      if (code === 4000) link(`/sessions/${session}`, "See how it ended");
    };
    const watch = async () => {
      if (ws) return;
      shown("connecting", "Connecting");
      say("");
      let made;
      try {
        made = socket(await ticket(issue, {}));
      } catch (error) {
        shown("ended", "Not watching");
        say(error.message, { tone: "ended" });
        return;
      }
      begin();
      heard = performance.now();
      ws = made;
      made.onopen = () => {
        shown("open", "Watching");
        history.replaceState(null, "", location.pathname);
      };
      made.onmessage = ({ data }) => {
        heard = performance.now();
        hear(data);
      };
      made.onclose = ({ code, reason }) => {
        if (made === ws) stopped(code, reason);
      };
    };
    setInterval(() => {
      if (ws && performance.now() - heard > 45_000) {
        const old = ws;
        stopped(0);
        old.close();
      }
    }, 5000);
    const DO = { connect: () => void watch(), full: () => full(root), ...more };
    root.addEventListener("click", (e) => DO[e.target.closest?.("button")?.dataset.tool]?.());
    shown("idle", "Not watching");
    if (location.hash === "#watch" && document.referrer.startsWith(`${location.origin}/`)) void watch();
  };

  window.LockstepScreen = { open, letters, full, frame, ticket, socket, shelf, looking };
})();
