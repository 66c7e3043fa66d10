/* Comfort only: every page reads and every form works without this file. Rule: no markup is made from text; data-attributes say what to do. */
(() => {
  "use strict";
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  document.documentElement.classList.add("scripts");
  const typing = () => { const on = document.activeElement; return /^(INPUT|TEXTAREA|SELECT)$/.test(on?.tagName ?? "") && on.type !== "checkbox"; };

  /* `/` finds; g and a letter goes where the menu goes; ? says which. */
  let g = 0;
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || typing()) return;
    if (e.key === "/") {
      const field = document.querySelector("[data-key='/']");
      if (field) { e.preventDefault(); field.focus(); field.select(); }
      return;
    }
    if (e.key === "?") { document.getElementById("keys")?.showModal(); return; }
    if (e.key === "g") { g = e.timeStamp; return; }
    const to = e.timeStamp - g < 1200 && all("nav.side a[data-go]").find((a) => a.dataset.go === e.key);
    g = 0;
    if (to) { e.stopImmediatePropagation(); location.assign(to.href); }
  });
  for (const b of all("[data-opens]")) {
    b.hidden = false;
    b.addEventListener("click", () => { b.closest("details").open = false; document.getElementById(b.dataset.opens).showModal(); });
  }
  /* j and k walk the rows of a list, x ticks one, Enter opens it. */
  const row = (step) => {
    const rows = all("[data-list] tbody tr"), at = rows.findIndex((r) => r.ariaSelected === "true");
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
    if (!next) return;
    for (const r of rows) r.ariaSelected = r === next ? "true" : null;
    next.querySelector("a")?.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || typing()) return;
    if (e.key === "j") row(1);
    if (e.key === "k") row(-1);
    if (e.key === "x") document.querySelector("[data-list] tr[aria-selected='true'] input[type='checkbox']")?.click();
  });
  /* One tick for all that are shown; the server works it out by itself without this. */
  document.addEventListener("change", (e) => {
    const name = e.target.dataset?.picksAll;
    if (name) for (const box of all(`input[name='${name}']`, e.target.form)) box.checked = e.target.checked;
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
  const SOON = ["Less than 5 minutes left: finish, then give it back.", "Less than a minute left: sessions are cut when time is up."];
  const tick = () => {
    for (const box of all("[data-until]")) {
      box.began ??= box.closest("#request-view") && document.readyState === "complete" ? performance.now() : loaded;
      const left = new Date(box.dataset.until) - new Date(box.dataset.now) - (performance.now() - box.began);
      box.querySelector("progress").value = Math.max(0, left / Number(box.dataset.all)) * 100;
      box.querySelector("[data-left]").textContent = span(left);
      box.classList.toggle("warn", left < 300000 && left >= 60000);
      box.classList.toggle("bad", left < 60000);
      const soon = box.querySelector("[data-soon]"), words = left < 60000 ? SOON[1] : left < 300000 ? SOON[0] : "";
      if (soon && soon.textContent.trim() !== words) soon.textContent = words;
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

  /* What was pressed says that it is under way, and for how long; a second press does nothing. A file (data-stays) leaves the page. */
  const begin = (form, button) => {
    form.ariaBusy = "true";
    if (!button) return;
    button.ariaBusy = "true";
    if (!button.firstElementChild) button.dataset.was ??= button.textContent;
    button.began = performance.now();
  };
  const finish = (form) => {
    form.ariaBusy = null;
    for (const b of all("button[aria-busy]", form)) {
      b.ariaBusy = null;
      if ("was" in b.dataset) { b.textContent = b.dataset.was; delete b.dataset.was; }
    }
  };
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (form.ariaBusy === "true") { e.preventDefault(); e.stopImmediatePropagation(); return; }
    if (form.method === "post" && !("stays" in form.dataset)) begin(form, e.submitter);
  }, true);
  setInterval(() => {
    for (const b of all("button[aria-busy][data-was]")) {
      const s = Math.floor((performance.now() - b.began) / 1000);
      if (s > 0) b.textContent = `${b.dataset.was} · ${s} s`;
    }
  }, 500);
  const finishAll = () => { for (const form of all("form[aria-busy]")) finish(form); };
  /* Back on this page, or stopped by hand: it may be pressed again. */
  addEventListener("pageshow", (e) => { if (e.persisted) finishAll(); });
  document.addEventListener("keydown", (e) => { if (e.key === "Escape") finishAll(); });
  const busy = (on) => (e) => {
    const from = e.detail?.ctx?.sourceElement, target = e.detail?.ctx?.target;
    if (target instanceof Element) target.ariaBusy = on ? "true" : null;
    if (!on && from instanceof HTMLFormElement) finish(from);
  };

  /* News of a request waits while somebody is typing into it. */
  document.addEventListener("htmx:before:request", (e) => {
    const target = e.detail?.ctx?.target, view = document.getElementById("request-view");
    if (view && target === view && typing() && view.contains(document.activeElement)) e.preventDefault();
    else busy(true)(e);
  });
  document.addEventListener("htmx:finally:request", busy(false));

  /* What was said of the last form is said once: not again by the address, and not beside a newer state. */
  const here = new URL(location.href);
  if (here.searchParams.has("done")) { here.searchParams.delete("done"); history.replaceState(history.state, "", here); }
  document.addEventListener("htmx:after:swap", (e) => {
    if (e.detail?.ctx?.target?.matches?.("#request-view, [id^=card-]")) for (const said of all("#notice > .ok")) said.remove();
  });
})();
