/* Looking on. Rules: nothing is sent but the ticket; each channel has a screen of the size the person has; what comes is drawn and never answered. */
(() => {
  "use strict";
  const root = document.getElementById("term"),
    { open, letters, full, frame, ticket, socket } = window.LockstepScreen ?? {};
  if (!root || !open) return;
  const { issue, name, session } = root.dataset,
    { say, link, state, tool } = frame(root),
    box = root.querySelector("[data-box]"),
    list = root.querySelector("[data-channels]"),
    screens = new Map();
  let ws = null,
    last = null,
    chosen = false,
    heard = 0;
  box.classList.add("scrolls");

  const shown = (word, text) => {
    state(word, text);
    tool("connect").hidden = word === "open" || word === "connecting";
    tool("connect").textContent = word === "ended" ? "Watch again" : "Watch";
    document.title = `${word === "open" ? "Watching" : "Not watching"} ${name} · Lockstep`;
  };
  const choose = (channel) => {
    for (const [no, s] of screens) s.box.hidden = no !== channel;
    list.value = String(channel);
  };
  const title = ({ channel, kind, command, over }) =>
    `${channel}. ${command ? `${kind}: ${command.slice(0, 60)}` : kind}${over ? " (over)" : ""}`;
  const screenOf = (piece) => {
    let s = screens.get(piece.channel);
    if (!s) {
      const place = document.createElement("div"),
        option = document.createElement("option");
      box.append(place);
      s = { ...open(place, { fixed: true, input: false }), box: place, option };
      s.term.options.convertEol = !piece.terminal;
      screens.set(piece.channel, s);
      option.value = String(piece.channel);
      list.append(option);
      list.hidden = screens.size < 2;
      if (!chosen) choose(piece.channel);
    }
    s.option.textContent = title(piece);
    if (piece.reset !== "no") s.term.reset();
    if (piece.cols > 0 && piece.rows > 0 && (s.term.cols !== piece.cols || s.term.rows !== piece.rows))
      s.term.resize(Math.min(1000, piece.cols), Math.min(1000, piece.rows));
    return s;
  };
  const hear = (message) => {
    heard = performance.now();
    if (message.type === "piece") last = screenOf(message);
    if (message.type === "more") last = screens.get(message.channel) ?? null;
  };
  const over = {
    4000: "The session has ended.",
    4003: "You may not watch this session any more.",
    4008: "Your connection was too slow to follow. Watch again to go on from the last screen.",
  };
  const stopped = (code) => {
    ws = null;
    shown("ended", "Not watching");
    say(over[code] ?? "The connection is lost.", { tone: "ended" });
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
    for (const s of screens.values()) {
      s.term.dispose();
      s.box.remove();
      s.option.remove();
    }
    screens.clear();
    chosen = false;
    heard = performance.now();
    ws = made;
    made.onopen = () => {
      shown("open", "Watching");
      history.replaceState(null, "", location.pathname);
    };
    made.onmessage = ({ data }) => {
      if (typeof data === "string") hear(JSON.parse(data));
      else last?.term.write(new Uint8Array(data));
    };
    made.onclose = ({ code }) => {
      if (made === ws) stopped(code);
    };
  };
  setInterval(() => {
    if (ws && performance.now() - heard > 45_000) {
      const old = ws;
      stopped(0);
      old.close();
    }
  }, 5000);
  list.addEventListener("change", () => {
    chosen = true;
    choose(Number(list.value));
  });
  const DO = {
    connect: () => void watch(),
    smaller: () => letters([...screens.values()], -1),
    larger: () => letters([...screens.values()], 1),
    full: () => full(root),
  };
  root.addEventListener("click", (e) => DO[e.target.closest?.("button")?.dataset.tool]?.());
  shown("idle", "Not watching");
  if (location.hash === "#watch" && document.referrer.startsWith(`${location.origin}/`)) void watch();
})();
