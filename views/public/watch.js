/* Looking on. Rules: nothing is sent but the ticket; each channel has a screen of the size the person has; what comes is drawn and never answered. */
(() => {
  "use strict";
  const root = document.getElementById("term"),
    { open, letters, looking } = window.LockstepScreen ?? {};
  if (!root || !open) return;
  const box = root.querySelector("[data-box]"),
    list = root.querySelector("[data-channels]"),
    screens = new Map();
  let last = null,
    chosen = false;
  box.classList.add("scrolls");

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
    if (message.type === "piece") last = screenOf(message);
    if (message.type === "more") last = screens.get(message.channel) ?? null;
  };
  list.addEventListener("change", () => {
    chosen = true;
    choose(Number(list.value));
  });
  looking(root, {
    begin: () => {
      for (const s of screens.values()) {
        s.term.dispose();
        s.box.remove();
        s.option.remove();
      }
      screens.clear();
      chosen = false;
    },
    hear: (data) => {
      if (typeof data === "string") hear(JSON.parse(data));
      else last?.term.write(new Uint8Array(data));
    },
    over: {
      4000: "The session has ended.",
      4003: "You may not watch this session any more.",
      4008: "Your connection was too slow to follow. Watch again to go on from the last screen.",
    },
    more: { smaller: () => letters([...screens.values()], -1), larger: () => letters([...screens.values()], 1) },
  });
})();
