/* Starts the player. Rule: the recording is asked for by POST with this session's token: watching is an act and is written down. */
(() => {
  "use strict";
  const box = document.getElementById("player"), token = document.querySelector("input[name='_csrf']")?.value ?? "";
  if (!box || !window.AsciinemaPlayer) return;
  const source = { url: box.dataset.cast, fetchOpts: { method: "POST", headers: { "X-CSRF-Token": token } } };
  const look = { fit: "width", idleTimeLimit: 2, preload: true, controls: true, theme: "asciinema", poster: "npt:0:01" };
  window.AsciinemaPlayer.create(source, box, look);
})();
