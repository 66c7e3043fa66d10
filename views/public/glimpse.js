/* Small pictures of desktops in the list of sessions. Rules: drawn here, from the beginning of each recording, and kept nowhere; asked for by a
   press, by POST with this session's token: watching is an act and is written down; one at a time. */
(() => {
  "use strict";
  const button = document.querySelector("[data-glimpses]"),
    { Guacamole } = window,
    token = document.querySelector("input[name='_csrf']")?.value ?? "";
  if (!button || !Guacamole) return;
  const WIDE = 240,
    HIGH = 150;
  const say = (place, text) => {
    place.textContent = text;
    place.hidden = false;
  };
  const small = (display) => {
    const canvas = document.createElement("canvas"),
      whole = display.flatten(),
      scale = Math.min(WIDE / whole.width, HIGH / whole.height);
    canvas.width = Math.round(whole.width * scale);
    canvas.height = Math.round(whole.height * scale);
    const at = canvas.getContext("2d");
    at.imageSmoothingQuality = "high";
    at.drawImage(whole, 0, 0, canvas.width, canvas.height);
    return canvas;
  };
  const draw = (text) =>
    new Promise((done) => {
      const tunnel = new Guacamole.Tunnel();
      tunnel.sendMessage = tunnel.disconnect = () => {};
      tunnel.connect = () => tunnel.setState(Guacamole.Tunnel.State.OPEN);
      const client = new Guacamole.Client(tunnel),
        parser = new Guacamole.Parser(),
        display = client.getDisplay();
      client.onerror = () => {};
      client.connect();
      parser.oninstruction = (opcode, args) => tunnel.oninstruction?.(opcode, args);
      parser.receive(text);
      /* What was cut off in the middle of a picture would be waited for for ever. */
      const late = setTimeout(() => done(display), 2000);
      display.flush(() => {
        clearTimeout(late);
        done(display);
      });
    });
  const one = async (place) => {
    const r = await fetch(place.dataset.glimpse, { method: "POST", headers: { "X-CSRF-Token": token } });
    if (!r.ok) return say(place, "no picture");
    const display = await draw(await r.text());
    if (display.getWidth() < 1 || display.getHeight() < 1) return say(place, "nothing drawn");
    const canvas = small(display);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "The desktop at the beginning of this session");
    place.replaceChildren(canvas);
    place.hidden = false;
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    for (const place of document.querySelectorAll("[data-glimpse][hidden]")) await one(place).catch(() => say(place, "no picture"));
    button.hidden = true;
  });
})();
