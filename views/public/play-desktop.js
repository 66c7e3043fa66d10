/* Plays a desktop's recording. Rule: it is asked for once, by POST with this session's token: watching is an act and is written down. */
(() => {
  "use strict";
  const box = document.getElementById("player"), bar = document.querySelector("[data-controls]");
  const token = document.querySelector("input[name='_csrf']")?.value ?? "";
  if (!box || !bar || !window.Guacamole) return;
  const of = (name) => bar.querySelector(`[data-${name}]`), said = box.querySelector("[data-said]");
  const play = of("play"), seek = of("seek"), time = of("time"), speed = of("speed"), idle = of("idle"), link = of("link");
  const STEP = 100, PAUSE = 2_000, LEFT = 500;
  let recording = null, length = 0, at = 0, going = false, busy = false, wanted = null, pauses = [], begun = 0;
  const clock = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000)), two = (n) => String(n).padStart(2, "0"), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
  };
  const show = () => {
    seek.value = String(at);
    time.textContent = `${clock(at)} / ${clock(length)}`;
    play.textContent = going ? "Pause" : "Play";
    box.dataset.at = String(Math.round(at));
  };
  /* One seek at a time; what is wanted meanwhile is the last that was asked for. */
  const go = (to) => {
    at = Math.min(length, Math.max(0, to));
    show();
    if (busy) { wanted = at; return; }
    busy = true;
    recording.seek(at, () => {
      busy = false;
      box.dataset.drawn = String(Math.round(at));
      if (wanted !== null) { const next = wanted; wanted = null; go(next); }
    });
  };
  const run = (on) => {
    if (on && at >= length) go(0);
    going = on;
    begun = performance.now();
    show();
  };
  setInterval(() => {
    if (!going || !recording) return;
    const now = performance.now();
    let to = at + (now - begun) * Number(speed.value);
    begun = now;
    const gap = idle.checked ? pauses.find(([from, until]) => to > from + LEFT && to < until - LEFT) : undefined;
    if (gap) to = gap[1] - LEFT;
    go(to);
    if (to >= length) run(false);
  }, STEP);
  play.addEventListener("click", () => run(!going));
  seek.addEventListener("input", () => go(Number(seek.value)));
  const full = () => { if (document.fullscreenElement) void document.exitFullscreen(); else void box.requestFullscreen(); };
  const KEYS = { " ": () => run(!going), ArrowLeft: () => go(at - 5_000), ArrowRight: () => go(at + 5_000), f: full };
  document.addEventListener("keydown", (e) => {
    const does = Object.hasOwn(KEYS, e.key) ? KEYS[e.key] : undefined;
    const typing = e.target.closest("input:not([type='range']), select, textarea, button, a, summary");
    if (!does || !recording || typing || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    does();
  });
  const second = () => { const m = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash); return m ? Number(m[1]) * 1_000 : null; };
  addEventListener("hashchange", () => { const to = second(); if (to !== null && recording) go(to); });
  /* A line of what was typed leads to its moment. */
  document.addEventListener("click", (e) => {
    const to = e.target.closest?.("a[data-second]");
    if (!to || !recording || e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    go(Number(to.dataset.second) * 1_000);
    run(true);
  });
  link.addEventListener("click", async () => {
    const url = new URL(location.href), was = link.textContent;
    url.hash = `t=${Math.round(at / 100) / 10}`;
    try { await navigator.clipboard.writeText(url.href); link.textContent = "Copied"; } catch {
      location.hash = url.hash;
      link.textContent = "It is in the address now";
    }
    setTimeout(() => { link.textContent = was; }, 1_500);
  });

  const fit = () => {
    const display = recording.getDisplay(), width = display.getWidth(), height = display.getHeight();
    if (width > 0 && height > 0) display.scale(Math.min(1, box.clientWidth / width, document.fullscreenElement ? box.clientHeight / height : 1));
  };
  addEventListener("resize", () => { if (recording) fit(); });
  document.addEventListener("fullscreenchange", () => { if (recording) fit(); });
  /* Where nothing was drawn for long, by the times guacd sent. */
  const pausesIn = (text) => {
    const times = [...text.matchAll(/4\.sync,\d+\.(\d+)/g)].map((m) => Number(m[1])), first = times[0] ?? 0;
    return times.slice(1).map((t, i) => [times[i] - first, t - first]).filter(([a, b]) => b - a > PAUSE);
  };
  const load = async () => {
    const r = await fetch(box.dataset.stream, { method: "POST", headers: { "X-CSRF-Token": token } });
    if (!r.ok) { said.textContent = "The recording cannot be shown. The session's facts say what is known of it."; return; }
    const text = await r.text();
    if (text === "") { said.textContent = "Nothing was drawn in this session."; return; }
    pauses = pausesIn(text);
    recording = new window.Guacamole.SessionRecording(new Blob([text]));
    const display = recording.getDisplay();
    display.onresize = fit;
    recording.onerror = (why) => { said.textContent = `The recording cannot be shown: ${why}`; box.prepend(said); };
    recording.onload = () => {
      length = recording.getDuration();
      seek.max = String(length);
      said.remove();
      box.append(display.getElement());
      bar.hidden = false;
      const from = second();
      go(from ?? Math.min(length, 1_000));
      box.dataset.now = "ready";
      if (from !== null) run(true);
    };
    recording.connect?.();
  };
  void load();
})();
