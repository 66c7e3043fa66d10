/* Starts the player. Rule: the recording is asked for once, by POST with this session's token: watching is an act and is written down. */
(() => {
  "use strict";
  const box = document.getElementById("player"), controls = document.querySelector(".player-controls");
  const token = document.querySelector("input[name='_csrf']")?.value ?? "";
  if (!box || !window.AsciinemaPlayer) return;
  const speed = controls.querySelector("[data-speed]"), idle = controls.querySelector("[data-idle]"), link = controls.querySelector("[data-link]");
  let player = null, text = "";
  const second = () => { const m = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash); return m ? Number(m[1]) : null; };
  /* Asked of the player itself: what is skipped does not count. */
  const now = async () => (player ? Number(await player.getCurrentTime()) || 0 : 0);
  const show = (startAt, play) => {
    player?.dispose();
    box.replaceChildren();
    const look = { fit: "width", controls: true, theme: "asciinema", preload: true, ...(startAt === null ? { poster: "npt:0:01" } : {}) };
    const options = { ...look, speed: Number(speed.value), startAt: startAt ?? 0, autoPlay: play, ...(idle.checked ? { idleTimeLimit: 2 } : {}) };
    player = window.AsciinemaPlayer.create({ data: text }, box, options);
  };
  const again = async () => { if (text) show(await now(), true); };
  speed.addEventListener("change", again);
  idle.addEventListener("change", again);
  addEventListener("hashchange", () => { const at = second(); if (at !== null && text) show(at, true); });
  link.addEventListener("click", async () => {
    const url = new URL(location.href), said = link.textContent;
    url.hash = `t=${Math.round((await now()) * 10) / 10}`;
    try { await navigator.clipboard.writeText(url.href); link.textContent = "Copied"; } catch {
      location.hash = url.hash;
      link.textContent = "It is in the address now";
    }
    setTimeout(() => { link.textContent = said; }, 1500);
  });
  const load = async () => {
    const body = new URLSearchParams({ channel: box.dataset.channel });
    const r = await fetch(box.dataset.cast, { method: "POST", headers: { "X-CSRF-Token": token }, body });
    if (!r.ok) { box.textContent = "The recording cannot be shown. The session's facts say what is known of it."; return; }
    text = await r.text();
    if (text === "") { box.textContent = "Nothing is recorded in this session yet."; return; }
    controls.hidden = false;
    const at = second();
    show(at, at !== null);
  };
  void load();
})();
