/* The web terminal. Rules: typed bytes are numbered and kept until the other side has taken them, so a lost connection loses none and sends
   none twice; what is shown is counted, so a page that is behind is waited for; nothing is opened but by a press, or by coming back to one's
   own session. */
(() => {
  "use strict";
  const root = document.getElementById("term"),
    { open, letters, full, frame, ticket, socket, shelf } = window.LockstepScreen ?? {};
  if (!root || !open) return;
  const { issue, name, request, keep } = root.dataset,
    { say, link, state, left, timeless, tool } = frame(root),
    box = root.querySelector("[data-box]"),
    own = open(box),
    { term } = own;
  const LEFT = 4000,
    AHEAD = 49_152,
    PIECE = 16_384,
    TELL = 16_384,
    RETRY = [300, 700, 1500, 3000],
    remembered = shelf(`lockstep.terminal.${request}`);
  let ws = null,
    session = remembered.get(),
    hello = null,
    phase = "idle",
    replaying = false,
    drawn = 0,
    told = 0,
    heard = 0,
    lostAt = 0,
    tries = 0,
    ctrl = false,
    busy = false,
    backlog = 0,
    opening = false;
  /* Typed and not yet taken: [{ at, bytes }]; `posted` of `typed` bytes were sent. */
  let kept = [],
    typed = 0,
    posted = 0,
    took = 0;

  const shown = (word, text) => {
    phase = word;
    state(word, text);
    tool("connect").hidden = word === "open" || word === "connecting" || word === "away";
    tool("connect").textContent = word === "ended" ? "Connect again" : "Connect";
    tool("leave").hidden = word !== "open" && word !== "away";
    document.title = `${word === "ended" ? "Ended: " : word === "away" ? "Not connected: " : ""}${name} · terminal · Lockstep`;
  };
  const tell = (message) => {
    if (ws?.readyState === WebSocket.OPEN) ws.send(JSON.stringify(message));
  };
  const size = () => ({ cols: Math.min(1000, term.cols), rows: Math.min(1000, term.rows) });

  const post = () => {
    if (phase !== "open" || ws?.readyState !== WebSocket.OPEN) return;
    for (const { at, bytes } of kept) {
      if (at + bytes.length <= posted) continue;
      if (posted - took > AHEAD) return;
      ws.send(posted > at ? bytes.subarray(posted - at) : bytes);
      posted = at + bytes.length;
    }
  };
  const type = (bytes) => {
    if (phase !== "open" || replaying) return;
    for (let from = 0; from < bytes.length; from += PIECE) {
      const piece = bytes.slice(from, from + PIECE);
      kept.push({ at: typed, bytes: piece });
      typed += piece.length;
    }
    busy = true;
    post();
  };
  const taken = (count) => {
    took = Math.max(took, count);
    kept = kept.filter(({ at, bytes }) => at + bytes.length > took);
    post();
  };

  const encode = new TextEncoder();
  term.onData((text) => {
    if (ctrl && text.length === 1) {
      text = String.fromCharCode(text.toUpperCase().charCodeAt(0) & 31);
      armed(false);
    }
    type(encode.encode(text));
  });
  term.onBinary((text) => type(Uint8Array.from(text, (c) => c.charCodeAt(0))));
  term.onResize(() => {
    if (phase === "open") tell({ type: "resize", ...size() });
  });

  const draw = (data) => {
    const again = backlog > 0,
      bytes = new Uint8Array(data),
      on = ws;
    if (again) {
      backlog = 0;
      replaying = true;
      term.reset();
    }
    term.write(bytes, () => {
      if (again) replaying = false;
      if (on !== ws) return;
      drawn += bytes.length;
      if (drawn - told >= TELL) {
        told = drawn;
        tell({ type: "seen", bytes: drawn });
      }
    });
  };

  const ended = (sentence) => {
    remembered.set(null);
    session = hello = null;
    timeless();
    shown("ended", "Ended");
    say(sentence, { tone: "ended" });
    link(`/requests/${request}`, "Back to the request");
  };
  const greet = (message) => {
    hello = message;
    if (!message.again) {
      kept = [];
      typed = posted = took = 0;
      term.reset();
    }
    took = posted = message.took;
    kept = kept.filter(({ at, bytes }) => at + bytes.length > took);
    typed = Math.max(typed, took);
    session = message.session;
    remembered.set(session);
    history.replaceState(null, "", location.pathname);
    tries = 0;
    shown("open", "Connected");
    say(message.again ? "You are back in your session." : message.banner, { lasts: message.again ? 4000 : 0 });
    left(message.remainingMs);
    post();
    term.focus();
  };
  const hear = (message) => {
    heard = performance.now();
    switch (message.type) {
      case "hello":
        greet(message);
        return;
      case "replay":
        backlog = 1;
        return;
      case "took":
        taken(message.bytes);
        return;
      case "left":
        left(message.remainingMs);
        return;
      case "say":
        say(message.text, { tone: "warn", lasts: 8000 });
        return;
      case "ended":
        ended(message.sentence);
        return;
    }
  };

  const lost = (why) => {
    ws = null;
    if (phase === "ended" || phase === "idle") return;
    if (!hello && !session) return ended(why || "The connection could not be opened. Connect again in a moment.");
    if (phase !== "away") {
      lostAt = performance.now();
      shown("away", "Connection lost");
    }
    const grace = hello?.graceMs ?? 60_000;
    if (performance.now() - lostAt > grace + 2000) return ended("Your connection did not come back in time, so your session has ended.");
    const goesOn = Math.max(0, Math.ceil((grace - (performance.now() - lostAt)) / 1000));
    say(`The connection is lost. Your session goes on for ${goesOn} s while this page tries to come back.`, { tone: "warn" });
    setTimeout(() => void connect(true), RETRY[Math.min(tries++, RETRY.length - 1)]);
  };
  const refused = (error, again) => {
    if (error.status === 401) {
      shown("ended", "Logged out");
      say("Your login to the portal has ended.", { tone: "ended" });
      link(`/login?next=${encodeURIComponent(location.pathname)}`, "Log in again");
      return;
    }
    if (error.status === undefined || error.status === 429 || error.status >= 500)
      return again ? lost() : ended("The portal cannot be reached right now. Connect again in a moment.");
    ended(error.message);
  };
  const connect = async (again) => {
    /* A try that was put off may find that the session has ended meanwhile. */
    if (ws || opening || (again && !session)) return;
    opening = true;
    if (!again) {
      session = null;
      hello = null;
      shown("connecting", "Connecting");
      say("");
    }
    let made;
    try {
      made = socket(await ticket(issue, again ? { session } : {}));
    } catch (error) {
      opening = false;
      return refused(error, again);
    }
    opening = false;
    if (phase === "ended") return made.close();
    ws = made;
    drawn = told = backlog = 0;
    heard = performance.now();
    made.onopen = () => {
      own.resize();
      tell({ type: "start", ...size() });
    };
    made.onmessage = ({ data }) => {
      if (made !== ws) return;
      if (typeof data === "string") hear(JSON.parse(data));
      else {
        heard = performance.now();
        draw(data);
      }
    };
    made.onclose = ({ code }) => {
      if (made !== ws) return;
      if (code === 4001) {
        ws = null;
        shown("ended", "Elsewhere");
        remembered.set(null);
        timeless();
        return say("This session is continued in another window.", { tone: "ended" });
      }
      lost();
    };
  };
  /* A network that went away without a word. */
  setInterval(() => {
    if (ws && hello && performance.now() - heard > hello.beatMs * 2.5) {
      const old = ws;
      lost();
      old.close();
    }
  }, 1000);
  addEventListener("offline", () => {
    if (ws && phase === "open") {
      const old = ws;
      lost();
      old.close();
    }
  });
  addEventListener("online", () => {
    if (phase === "away" && !ws) void connect(true);
  });
  /* Typing here is using the portal: the login does not fall asleep over it. */
  setInterval(() => {
    if (busy) {
      busy = false;
      void fetch(keep, { headers: { "hx-request-type": "partial" } }).catch(() => {});
    }
  }, 240_000);

  const leave = () => {
    const old = ws;
    ws = null;
    if (old) old.close(LEFT);
    ended("You have disconnected. The checkout is still yours until its time is up or you give it back.");
  };
  const armed = (on) => {
    ctrl = on;
    root.querySelector("[data-press='ctrl']")?.setAttribute("aria-pressed", String(on));
  };
  const mayIn = () => hello?.clipboardIn !== false && !tool("paste").hidden,
    mayOut = () => hello?.clipboardOut !== false && !tool("copy").hidden;
  const NO_IN = "Pasting into this session is not part of your access.",
    NO_OUT = "Copying out of this session is not part of your access.";
  const copy = async () => {
    if (!mayOut()) return say(NO_OUT, { tone: "warn", lasts: 8000 });
    if (!term.hasSelection()) return say("Select something first: drag over it with the mouse.", { lasts: 4000 });
    try {
      await navigator.clipboard.writeText(term.getSelection());
      say("Copied.", { lasts: 2000 });
    } catch {
      say("This browser does not let a page copy here. Select, then use its own menu.", { lasts: 6000 });
    }
  };
  const paste = async () => {
    if (!mayIn()) return say(NO_IN, { tone: "warn", lasts: 8000 });
    try {
      term.paste(await navigator.clipboard.readText());
    } catch {
      say("This browser does not let a page read the clipboard here. Press Ctrl+Shift+V in the terminal.", { lasts: 6000 });
    }
    term.focus();
  };
  box.addEventListener(
    "paste",
    (e) => {
      if (!mayIn()) {
        e.preventDefault();
        e.stopImmediatePropagation();
        say(NO_IN, { tone: "warn", lasts: 8000 });
      }
    },
    true,
  );
  for (const kind of ["copy", "cut"])
    document.addEventListener(
      kind,
      (e) => {
        if (!mayOut() && root.contains(e.target)) {
          e.preventDefault();
          e.stopImmediatePropagation();
          say(NO_OUT, { tone: "warn", lasts: 8000 });
        }
      },
      true,
    );
  /* The edge around the letters is the terminal too. */
  box.addEventListener("mousedown", (e) => {
    if (e.target !== box) return;
    e.preventDefault();
    term.focus();
  });
  term.onSelectionChange(() => {
    if (!mayOut() && term.hasSelection()) {
      term.clearSelection();
      say(NO_OUT, { tone: "warn", lasts: 8000 });
    }
  });
  term.attachCustomKeyEventHandler((e) => {
    if (!e.ctrlKey || !e.shiftKey || e.altKey || e.metaKey) return true;
    const key = e.key.toUpperCase();
    if (key === "V") return false;
    if (key !== "C" && key !== "X") return true;
    e.preventDefault();
    if (e.type === "keydown") {
      if (key === "C") void copy();
      else root.querySelector(".term-tools button:not([hidden])").focus();
    }
    return false;
  });

  const DO = {
    connect: () => void connect(false),
    leave,
    smaller: () => letters([own], -1),
    larger: () => letters([own], 1),
    full: () => full(root),
    copy: () => void copy(),
    paste: () => void paste(),
  };
  const PRESS = { esc: "\x1b", tab: "\t", up: "A", down: "B", right: "C", left: "D", pipe: "|", slash: "/", dash: "-" };
  const arrow = (letter) => `\x1b${term.modes.applicationCursorKeysMode ? "O" : "["}${letter}`;
  root.addEventListener("click", (e) => {
    const button = e.target.closest?.("button");
    if (!button) return;
    if (button.dataset.tool) DO[button.dataset.tool]?.();
    const key = button.dataset.press;
    if (key === undefined) return;
    if (key === "ctrl") armed(!ctrl);
    else type(encode.encode(/^(up|down|left|right)$/.test(key) ? arrow(PRESS[key]) : PRESS[key]));
    term.focus();
  });

  shown("idle", "Not connected");
  /* Coming back after a reload, or from the portal's own Connect; a link from elsewhere opens nothing. */
  if (session) {
    lostAt = performance.now();
    shown("away", "Coming back");
    void connect(true);
  } else if (location.hash === "#connect" && document.referrer.startsWith(`${location.origin}/`)) void connect(false);
})();
