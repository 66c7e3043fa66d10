/* Comfort only: every page reads and every form works without this file. Rule: no markup is made from text; data-attributes say what to do. */
(() => {
  "use strict";
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const typing = () => /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");

  /* `/` finds; g and a letter goes. */
  const GO = { h: "/", a: "/ask", r: "/requests", v: "/votes", s: "/sessions", c: "/accounts", t: "/targets", l: "/audit" };
  let g = 0;
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || typing()) return;
    if (e.key === "/") {
      const field = document.querySelector("[data-key='/']");
      if (field) { e.preventDefault(); field.focus(); field.select(); }
      return;
    }
    if (e.key === "g") { g = e.timeStamp; return; }
    if (e.timeStamp - g < 1200 && GO[e.key] && document.querySelector(`nav.side a[href="${GO[e.key]}"]`)) location.assign(GO[e.key]);
    g = 0;
  });
  /* Esc closes the menu, a click elsewhere too. */
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape") for (const d of all("details.who[open]")) { d.open = false; d.querySelector("summary").focus(); }
  });

  document.addEventListener("click", async (e) => {
    for (const d of all("details.who[open]")) if (!d.contains(e.target)) d.open = false;
    const button = e.target.closest?.("[data-copy]");
    if (!button) return;
    const was = button.dataset.was ?? button.textContent;
    button.dataset.was = was;
    try { await navigator.clipboard.writeText(button.dataset.copy); button.textContent = "Copied"; } catch { button.textContent = "Select it"; }
    setTimeout(() => { button.textContent = was; }, 1500);
  });

  const span = (ms) => {
    if (ms < 60000) return `${Math.max(0, Math.round(ms / 1000))} s`;
    const m = Math.floor(ms / 60000), h = Math.floor(m / 60), d = Math.floor(h / 24);
    const two = (a, x, b, y) => (b > 0 ? `${a} ${x} ${b} ${y}` : `${a} ${x}`);
    return d > 0 ? two(d, "d", h % 24, "h") : h > 0 ? two(h, "h", m % 60, "min") : `${m} min`;
  };
  /* The server's clock counts; this browser's only measures. */
  const loaded = performance.now();
  const tick = () => {
    for (const box of all("[data-until]")) {
      box.began ??= box.closest("#request-view") && document.readyState === "complete" ? performance.now() : loaded;
      const left = new Date(box.dataset.until) - new Date(box.dataset.now) - (performance.now() - box.began);
      box.querySelector("progress").value = Math.max(0, left / Number(box.dataset.all)) * 100;
      box.querySelector("[data-left]").textContent = span(left);
      box.classList.toggle("warn", left < 300000 && left >= 60000);
      box.classList.toggle("bad", left < 60000);
    }
    for (const card of all("[data-hide-after]")) {
      const left = Number(card.dataset.hideAfter) - Math.floor((performance.now() - loaded) / 1000);
      if (left <= 0) { card.replaceChildren(); location.replace(card.dataset.hideTo); }
      else { const at = card.querySelector("[data-seconds]"); if (at) at.textContent = String(left); }
    }
  };
  tick();
  setInterval(tick, 1000);
  /* A shown password does not come back with the back button. */
  addEventListener("pageshow", (e) => {
    if (e.persisted) for (const card of all("[data-hide-to]")) { card.replaceChildren(); location.replace(card.dataset.hideTo); }
  });

  const minutes = (field) => {
    const out = field.parentElement.querySelector("output");
    if (out) out.textContent = span(Number(field.value) * 60000);
  };
  document.addEventListener("input", (e) => { if (e.target.matches?.("[data-minutes]")) minutes(e.target); });

  /* News of a request waits while somebody is typing into it. */
  document.addEventListener("htmx:before:request", (e) => {
    const target = e.detail?.ctx?.target, view = document.getElementById("request-view");
    if (view && target === view && typing() && view.contains(document.activeElement)) e.preventDefault();
  });
})();
