/* A desktop in the browser. Rules: nothing is opened but by a press, or by coming back to one's own session; the tunnel's own state is what the
   page shows (Guacamole's client stays "connected" for ever when a tunnel closes without a word); text that is no instruction is ours, and begins
   with a brace. */
(() => {
  "use strict";
  const root = document.getElementById("term"),
    { Guacamole } = window,
    { full, frame, ticket, socket, shelf } = window.LockstepScreen ?? {};
  if (!root || !frame || !Guacamole) return;

  /* Guacamole's tunnel over our socket. */
  class Tunnel extends Guacamole.Tunnel {
    constructor(made, screen, hear, drawn) {
      super();
      this.made = made;
      const parser = new Guacamole.Parser();
      /* Layers below zero are no part of the picture: the pointer is drawn on one before anything is connected. */
      parser.oninstruction = (opcode, args) => {
        this.oninstruction?.(opcode, args);
        if (opcode === "img" && !args[2].startsWith("-")) drawn();
      };
      this.connect = () => {
        this.setState(Guacamole.Tunnel.State.CONNECTING);
        made.onopen = () => made.send(JSON.stringify({ type: "start", ...screen() }));
        made.onmessage = ({ data }) => {
          if (!data.startsWith("{")) return parser.receive(data);
          const message = JSON.parse(data);
          if (message.type === "hello") this.setState(Guacamole.Tunnel.State.OPEN);
          hear(message);
        };
        made.onclose = ({ code, reason }) => {
          if (this.state !== Guacamole.Tunnel.State.CLOSED) this.setState(Guacamole.Tunnel.State.CLOSED);
          hear({ type: "closed", code, reason, by: this });
        };
      };
      this.sendMessage = (...parts) => {
        if (made.readyState !== WebSocket.OPEN || !this.isConnected() || parts.length === 0) return;
        made.send(`${parts.map((p) => `${[...String(p)].length}.${String(p)}`).join(",")};`);
      };
      this.disconnect = () => {
        this.setState(Guacamole.Tunnel.State.CLOSED);
        made.close(4000);
      };
    }
  }

  const start = () => {
    const { issue, name, request, keep } = root.dataset,
      { say, link, state, left, timeless, tool } = frame(root),
      box = root.querySelector("[data-box]"),
      keys = root.querySelector("[data-keys]"),
      layout = root.querySelector("[data-layout]");
    box.classList.add("desk");
    box.tabIndex = 0;
    const remembered = shelf(`lockstep.desktop.${request}`);
    const RETRY = [300, 700, 1500, 3000];
    let client = null,
      tunnel = null,
      hello = null,
      session = remembered.get(),
      lostAt = 0,
      tries = 0,
      heard = 0,
      phase = "idle",
      busy = false,
      opening = false,
      drawn = false;
    try {
      layout.value = localStorage.getItem("lockstep.layout") || "en-us-qwerty";
    } catch {
      /* a private window forgets */
    }

    const shown = (word, text) => {
      phase = word;
      state(word, text);
      const live = word === "open" || word === "connecting" || word === "away";
      tool("connect").hidden = live;
      tool("connect").textContent = word === "ended" ? "Connect again" : "Connect";
      layout.hidden = live;
      for (const one of [tool("cad"), keys]) one.hidden = word !== "open";
      tool("leave").hidden = word !== "open" && word !== "away";
      tool("paste").hidden = word !== "open" || !hello?.clipboardIn;
      tool("send").hidden = word !== "open" || !hello?.filesIn;
      tool("drive").hidden = word !== "open" || !drive || !(hello?.filesIn || hello?.filesOut);
      if (word !== "open") drive?.gone();
      if (word !== "open") tool("copy").hidden = true;
      document.title = `${word === "ended" ? "Ended: " : word === "away" ? "Not connected: " : ""}${name} · desktop · Lockstep`;
    };
    const screen = () => ({
      width: Math.max(320, Math.min(4096, Math.floor(box.clientWidth))),
      height: Math.max(240, Math.min(4096, Math.floor(box.clientHeight))),
      dpi: Math.round(96 * Math.min(2, Math.max(1, devicePixelRatio > 1.5 ? 1 : 1))),
      layout: layout.value,
    });

    const fit = () => {
      if (!client) return;
      const display = client.getDisplay(),
        width = display.getWidth(),
        height = display.getHeight();
      if (width > 0 && height > 0) display.scale(Math.min(1, box.clientWidth / width, box.clientHeight / height));
    };
    let sizing = 0;
    const resize = () => {
      fit();
      clearTimeout(sizing);
      sizing = setTimeout(() => {
        if (phase !== "open" || !client) return;
        const { width, height } = screen();
        client.sendSize(width, height);
      }, 300);
    };
    new ResizeObserver(() => requestAnimationFrame(resize)).observe(box);

    const ended = (sentence) => {
      if (phase === "ended") return;
      hello = session = null;
      remembered.set(null);
      timeless();
      keyboard.reset();
      shown("ended", "Ended");
      say(sentence, { tone: "ended" });
      link(`/requests/${request}`, "Back to the request");
    };
    /* The connection is lost; what was drawn stays, and the session goes on for a while. */
    const lost = (why) => {
      tunnel = null;
      if (phase === "ended" || phase === "idle") return;
      if (!session || (!drawn && phase !== "away")) return ended(why || "The connection to the broker was lost, so your session has ended.");
      if (phase !== "away") {
        lostAt = performance.now();
        keyboard.reset();
        shown("away", "Connection lost");
      }
      const grace = hello?.graceMs ?? 60_000,
        gone = performance.now() - lostAt;
      if (gone > grace + 2000) return ended("Your connection did not come back in time, so your session has ended.");
      const goesOn = Math.max(0, Math.ceil((grace - gone) / 1000));
      say(`The connection is lost. Your session goes on for ${goesOn} s while this page tries to come back.`, { tone: "warn" });
      setTimeout(() => void connect(true), RETRY[Math.min(tries++, RETRY.length - 1)]);
    };
    const closed = ({ code, reason, by }) => {
      if (by !== tunnel) return;
      if (code !== 4001) return lost(reason);
      remembered.set(null);
      session = tunnel = null;
      timeless();
      shown("ended", "Elsewhere");
      say("This session is continued in another window.", { tone: "ended" });
    };
    const hear = (message) => {
      heard = performance.now();
      switch (message.type) {
        case "hello":
          hello = message;
          session = message.session;
          history.replaceState(null, "", location.pathname);
          left(message.remainingMs);
          return;
        case "left":
          left(message.remainingMs);
          return;
        case "say":
          say(message.text, { tone: "warn", lasts: 8000 });
          return;
        case "ended":
          ended(message.sentence);
          return;
        case "closed":
          closed(message);
          return;
      }
    };
    const picture = () => {
      if (drawn) return;
      drawn = true;
      tries = 0;
      remembered.set(session);
      shown("open", "Connected");
      box.querySelector(".desk-waits")?.remove();
      /* The window may have changed since it was asked for. */
      resize();
      say(hello?.again ? "You are back in your session." : "", { lasts: hello?.again ? 4000 : 0 });
      box.focus({ preventScroll: true });
    };

    /* The clipboards of both sides, as far as the policy and the browser let. */
    let copied = "",
      given = "";
    const keepCopied = async () => {
      try {
        await navigator.clipboard.writeText(copied);
        tool("copy").hidden = true;
        return true;
      } catch {
        return false;
      }
    };
    const copyOut = (stream, mimetype) => {
      if (!mimetype.startsWith("text/")) return stream.sendAck("only text is taken", Guacamole.Status.Code.UNSUPPORTED);
      const reader = new Guacamole.StringReader(stream);
      let text = "";
      reader.ontext = (part) => {
        text += part;
      };
      reader.onend = () => {
        if (text === "" || text === given) return;
        copied = text;
        tool("copy").hidden = false;
        void keepCopied();
      };
    };
    const copy = async () => {
      if (await keepCopied()) say("Copied.", { lasts: 2000 });
      else say("This browser does not let a page copy here.", { tone: "warn", lasts: 6000 });
      box.focus({ preventScroll: true });
    };
    const give = (text) => {
      if (phase !== "open" || !hello?.clipboardIn || text === "" || text === given) return;
      given = text;
      const writer = new Guacamole.StringWriter(client.createClipboardStream("text/plain"));
      for (let at = 0; at < text.length; at += 4096) writer.sendText(text.slice(at, at + 4096));
      writer.sendEnd();
    };
    const paste = async () => {
      try {
        given = "";
        give(await navigator.clipboard.readText());
        say("On the desktop's clipboard. Paste it there as you usually do.", { lasts: 3000 });
      } catch {
        say("This browser does not let a page read the clipboard here.", { tone: "warn", lasts: 6000 });
      }
      box.focus({ preventScroll: true });
    };
    /* Asked for nothing: only where the person has let this portal read it before. */
    const giveQuietly = async () => {
      try {
        if (phase !== "open" || !hello?.clipboardIn) return;
        const { state: allowed } = await navigator.permissions.query({ name: "clipboard-read" });
        if (allowed === "granted") give(await navigator.clipboard.readText());
      } catch {
        /* then the button does it */
      }
    };

    /* Files: sent into the desktop's drive; what is put into its Download folder comes here. */
    const files = root.querySelector("[data-files]");
    const send = async (file) => {
      const stream = client.createFileStream(file.type || "application/octet-stream", file.name),
        writer = new Guacamole.BlobWriter(stream);
      writer.onprogress = (_blob, at) => say(`Sending ${file.name}: ${Math.floor((at / Math.max(1, file.size)) * 100)} %`);
      writer.onerror = () => say(`${file.name} was not taken.`, { tone: "warn", lasts: 8000 });
      await new Promise((done) => {
        writer.oncomplete = () => {
          writer.sendEnd();
          say(`${file.name} is in the drive Lockstep of the desktop.`, { lasts: 5000 });
          done();
        };
        stream.onack = ((ack) => (status) => {
          ack?.(status);
          if (status.isError()) {
            say(`${file.name} was not taken: ${status.message}.`, { tone: "warn", lasts: 8000 });
            done();
          }
        })(stream.onack);
        writer.sendBlob(file);
      });
    };
    files.addEventListener("change", async () => {
      for (const file of [...files.files]) await send(file);
      files.value = "";
      drive?.refresh();
      box.focus({ preventScroll: true });
    });
    const receive = (stream, mimetype, filename) => {
      const reader = new Guacamole.BlobReader(stream, mimetype);
      reader.onprogress = () => stream.sendAck("OK", Guacamole.Status.Code.SUCCESS);
      reader.onend = () => {
        const a = document.createElement("a");
        a.href = URL.createObjectURL(reader.getBlob());
        a.download = filename;
        a.click();
        setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
        say(`${filename} was received.`, { lasts: 5000 });
      };
      stream.sendAck("Ready", Guacamole.Status.Code.SUCCESS);
    };

    const place = document.querySelector("[data-drive]"),
      drive = place && window.LockstepDrive({ box: place, may: () => hello?.filesOut === true, receive, Guacamole });
    const wire = (made) => {
      const mine = new Tunnel(made, screen, (message) => (message.type === "closed" || mine === tunnel) && hear(message), picture);
      tunnel = mine;
      client = new Guacamole.Client(tunnel);
      const display = client.getDisplay(),
        element = display.getElement(),
        mouse = new Guacamole.Mouse(element),
        touch = new Guacamole.Mouse.Touchscreen(element);
      const moved = (now) => {
        busy = true;
        client.sendMouseState(now, true);
      };
      mouse.onmousedown = mouse.onmouseup = mouse.onmousemove = moved;
      touch.onmousedown = touch.onmouseup = touch.onmousemove = moved;
      mouse.onmouseout = () => display.showCursor(false);
      display.onresize = fit;
      client.onerror = () => {};
      client.onclipboard = copyOut;
      client.onfile = receive;
      client.onfilesystem = (object) => drive?.offered(object);
      copied = given = "";
      const waits = document.createElement("p");
      waits.className = "desk-waits";
      waits.textContent = "Waiting for the desktop to be drawn…";
      box.replaceChildren(waits, element);
      client.connect();
    };
    const refused = (error, again) => {
      if (error.status === 401) {
        shown("ended", "Logged out");
        say("Your login to the portal has ended.", { tone: "ended" });
        link(`/login?next=${encodeURIComponent(location.pathname)}`, "Log in again");
        return;
      }
      if (again && (error.status === undefined || error.status === 429 || error.status >= 500)) return lost();
      ended(error.status === undefined ? "The portal cannot be reached right now. Connect again in a moment." : error.message);
    };
    const connect = async (again) => {
      if (opening || phase === "open" || phase === "connecting" || (again && (!session || tunnel))) return;
      opening = true;
      drawn = false;
      try {
        localStorage.setItem("lockstep.layout", layout.value);
      } catch {
        /* a private window forgets */
      }
      if (!again) {
        session = hello = null;
        shown("connecting", "Connecting");
        say("");
      }
      try {
        const told = await ticket(issue, again ? { session } : {});
        opening = false;
        if (phase !== "ended") wire(socket(told));
      } catch (error) {
        opening = false;
        refused(error, again);
      }
    };
    /* A network that went away without a word. */
    const cut = () => {
      const old = tunnel;
      lost();
      old.made.close();
    };
    setInterval(() => {
      if (tunnel && hello && performance.now() - heard > hello.beatMs * 2.5) cut();
    }, 1000);
    addEventListener("offline", () => {
      if (tunnel && phase === "open") cut();
    });
    addEventListener("online", () => {
      if (phase === "away" && !tunnel) void connect(true);
    });

    const keyboard = new Guacamole.Keyboard(box);
    const CTRL = [0xffe3, 0xffe4],
      SHIFT = [0xffe1, 0xffe2],
      held = new Set();
    keyboard.onkeydown = (keysym) => {
      held.add(keysym);
      busy = true;
      if ((keysym === 0x78 || keysym === 0x58) && CTRL.some((k) => held.has(k)) && SHIFT.some((k) => held.has(k))) {
        keyboard.reset();
        tool("leave").focus();
        return false;
      }
      if (phase === "open") client.sendKeyEvent(1, keysym);
      return phase !== "open";
    };
    keyboard.onkeyup = (keysym) => {
      held.delete(keysym);
      if (phase === "open") client.sendKeyEvent(0, keysym);
    };
    /* The portal's own shortcuts are no keys of the desktop's. */
    for (const kind of ["keydown", "keypress", "keyup"]) box.addEventListener(kind, (e) => e.stopPropagation());
    box.addEventListener("focus", () => void giveQuietly());
    box.addEventListener("blur", () => keyboard.reset());
    box.addEventListener("mousedown", () => box.focus({ preventScroll: true }));
    box.addEventListener("contextmenu", (e) => e.preventDefault());
    const press = (keysyms) => {
      if (phase !== "open") return;
      for (const k of keysyms) client.sendKeyEvent(1, k);
      for (const k of keysyms.toReversed()) client.sendKeyEvent(0, k);
      box.focus({ preventScroll: true });
    };
    keys.addEventListener("change", () => {
      press(
        keys.value
          .split(" ")
          .filter((k) => k !== "")
          .map((k) => Number.parseInt(k, 16)),
      );
      keys.value = "";
    });

    const leave = () => {
      const old = tunnel;
      ended("You have disconnected. The checkout is still yours until its time is up or you give it back.");
      old?.disconnect();
    };
    const DO = {
      connect: () => void connect(),
      leave,
      copy: () => void copy(),
      paste: () => void paste(),
      send: () => files.click(),
      drive: () => drive?.toggle(),
      full: () => full(root),
      cad: () => press([0xffe3, 0xffe9, 0xffff]),
    };
    root.addEventListener("click", (e) => {
      const name = e.target.closest?.("button")?.dataset.tool;
      if (name) DO[name]?.();
    });
    /* Working here is using the portal: the login does not fall asleep over it. */
    setInterval(() => {
      if (!busy) return;
      busy = false;
      void fetch(keep, { headers: { "hx-request-type": "partial" } }).catch(() => {});
    }, 240_000);

    shown("idle", "Not connected");
    const own = document.referrer.startsWith(`${location.origin}/`);
    if (session) {
      lostAt = performance.now();
      shown("away", "Coming back");
      void connect(true);
    } else if (location.hash === "#connect" && own) void connect();
  };
  start();
})();
