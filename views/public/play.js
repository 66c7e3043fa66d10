/* Starts the player. Rule: the recording is asked for once, by POST with this session's token: watching is an act and is written down. */
(() => {
  "use strict";
  const box = document.getElementById("player"), controls = document.querySelector(".player-controls");
  const token = document.querySelector("input[name='_csrf']")?.value ?? "";
  if (!box || !window.AsciinemaPlayer) return;
  const speed = controls.querySelector("[data-speed]"), idle = controls.querySelector("[data-idle]"), link = controls.querySelector("[data-link]");
  const LONGEST = 2;
  let player = null, text = "", moments = [], skipping = false;
  const second = () => { const m = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash); return m ? Number(m[1]) : null; };
  /* The player leaves out of its own time what it skips. Here a second is one of the recording, as in links, commands and hits. */
  const recorded = (shown) => {
    let last = 0, left = 0;
    for (const at of moments) {
      const cut = Math.max(0, at - last - LONGEST);
      if (at - left - cut > shown) break;
      left += cut;
      last = at;
    }
    return shown + left;
  };
  /* To the player a pause is behind it only when it begins after the moment that ends it: so a moment is told as just over, and a second within a
     pause as one before anything of it is left out, with time to see what stood there. */
  const within = (at) => {
    const last = moments.findLast((m) => m <= at) ?? 0, next = moments.find((m) => m > at) ?? Infinity;
    return next - last > LONGEST ? Math.min(at + 0.001, last + LONGEST / 2) : at + 0.001;
  };
  const now = async () => {
    const at = player ? Number(await player.getCurrentTime()) || 0 : 0;
    return skipping ? recorded(at) : at;
  };
  const show = (startAt, play) => {
    player?.dispose();
    box.replaceChildren();
    const look = { fit: "width", controls: true, theme: "asciinema", preload: true, ...(startAt === null ? { poster: "npt:0:01" } : {}) };
    skipping = idle.checked;
    const begin = skipping ? { startAt: within(startAt ?? 0), idleTimeLimit: LONGEST } : { startAt: startAt ?? 0 };
    const options = { ...look, ...begin, speed: Number(speed.value), autoPlay: play };
    player = window.AsciinemaPlayer.create({ data: text }, box, options);
  };
  const again = async () => { if (text) show(await now(), true); };
  speed.addEventListener("change", again);
  idle.addEventListener("change", again);
  addEventListener("hashchange", () => { const at = second(); if (at !== null && text) show(at, true); });
  /* A command of this channel: this page has the recording already. */
  document.addEventListener("click", (e) => {
    const to = e.target.closest?.("a[data-second]");
    if (!to || !text || to.dataset.channel !== box.dataset.channel || e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    history.replaceState(history.state, "", new URL(to.href).hash);
    show(Number(to.dataset.second), true);
  });
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
    moments = [...text.matchAll(/^\[([\d.]+)/gm)].map((m) => Number(m[1]));
    if (text === "") { box.textContent = "Nothing is recorded in this session yet."; return; }
    controls.hidden = false;
    const at = second();
    show(at, at !== null);
  };
  void load();
})();
