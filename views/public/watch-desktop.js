/* Looking on at a desktop. Rules: nothing is sent but the ticket: what Guacamole's client would answer goes nowhere; each whole picture is drawn
   by a client of its own. */
(() => {
  "use strict";
  const root = document.getElementById("term"),
    { Guacamole } = window,
    { looking } = window.LockstepScreen ?? {};
  if (!root || !looking || !Guacamole) return;
  const box = root.querySelector("[data-box]");
  box.classList.add("desk");
  let client = null,
    parser = null;

  const fit = () => {
    if (!client) return;
    const display = client.getDisplay(),
      width = display.getWidth(),
      height = display.getHeight();
    if (width > 0 && height > 0) display.scale(Math.min(1, box.clientWidth / width, box.clientHeight / height));
  };
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(box);

  /* A tunnel with one direction. */
  const again = () => {
    const tunnel = new Guacamole.Tunnel();
    tunnel.sendMessage = () => {};
    tunnel.connect = () => tunnel.setState(Guacamole.Tunnel.State.OPEN);
    tunnel.disconnect = () => {};
    client = new Guacamole.Client(tunnel);
    const display = client.getDisplay(),
      mine = client;
    display.onresize = fit;
    client.onerror = () => {};
    client.connect();
    parser = new Guacamole.Parser();
    parser.oninstruction = (opcode, args) => {
      tunnel.oninstruction?.(opcode, args);
      if (opcode === "sync" && mine === client && display.getElement().parentElement !== box)
        display.flush(() => {
          if (mine !== client) return;
          box.replaceChildren(display.getElement());
          box.dataset.drawn = "yes";
          fit();
        });
    };
  };
  looking(root, {
    begin: () => {
      parser = null;
    },
    hear: (data) => {
      if (!data.startsWith("{")) parser?.receive(data);
      else if (JSON.parse(data).type === "again") again();
    },
    over: {
      4000: "The session has ended.",
      4003: "You may not watch this session any more.",
      4008: "The picture could not be followed. Watch again to go on from how it looks then.",
    },
    early: (reason) => (reason === "nothing is drawn yet" ? "Nothing is drawn yet. Watch again in a moment." : undefined),
  });
})();
