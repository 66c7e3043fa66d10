/* The drive of a desktop, as a list of folders and files. Rule: nothing is fetched but by a press; what the policy does not give is no button. */
(() => {
  "use strict";
  const size = 500;
  /* `receive` takes a file's stream; `may` says whether the policy lets files out. */
  window.LockstepDrive = ({ box, may, receive, Guacamole }) => {
    const list = box.querySelector("[data-entries]"),
      where = box.querySelector("[data-path]"),
      INDEX = Guacamole.Object.STREAM_INDEX_MIMETYPE,
      OK = Guacamole.Status.Code.SUCCESS;
    let object = null,
      at = "/";
    const note = (text) => {
      const item = document.createElement("li");
      item.className = "muted";
      item.textContent = text;
      list.replaceChildren(item);
    };
    const download = (path, name) =>
      object.requestInputStream(path, (stream, mimetype) => receive(stream, mimetype, name));
    const line = (path, name, folder) => {
      const item = document.createElement("li");
      if (folder || may()) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "small quiet";
        button.textContent = folder ? `${name}/` : name;
        button.title = folder ? `Open ${name}` : `Download ${name}`;
        button.addEventListener("click", () => (folder ? open(path) : download(path, name)));
        item.append(button);
      } else item.textContent = name;
      return item;
    };
    const show = (path, entries) => {
      const all = Object.entries(entries)
        .map(([full, mimetype]) => ({ full, name: full.slice(full.lastIndexOf("/") + 1) || full, folder: mimetype === INDEX }))
        .filter((e) => e.name !== "." && e.name !== "..")
        .sort((a, b) => Number(b.folder) - Number(a.folder) || a.name.localeCompare(b.name));
      if (all.length === 0) note("This folder is empty.");
      else list.replaceChildren(...all.slice(0, size).map((e) => line(e.full, e.name, e.folder)));
      if (all.length > size) list.append(`… and ${all.length - size} more`);
      if (path !== "/") list.prepend(line(path.slice(0, path.lastIndexOf("/")) || "/", "..", true));
    };
    const open = (path) => {
      if (!object) return note("The desktop has not offered its drive yet.");
      at = path;
      where.textContent = path;
      note("Reading…");
      object.requestInputStream(path, (stream, mimetype) => {
        if (mimetype !== INDEX) return stream.sendAck("not a folder", Guacamole.Status.Code.UNSUPPORTED);
        const reader = new Guacamole.JSONReader(stream);
        reader.onprogress = () => stream.sendAck("OK", OK);
        reader.onend = () => {
          if (at !== path) return;
          try {
            show(path, reader.getJSON());
          } catch {
            note("This folder could not be read.");
          }
        };
        stream.sendAck("Ready", OK);
      });
    };
    return {
      offered: (offer) => {
        object = offer;
      },
      gone: () => {
        object = null;
        box.hidden = true;
      },
      toggle: () => {
        box.hidden = !box.hidden;
        if (!box.hidden) open(at);
      },
      refresh: () => {
        if (!box.hidden) open(at);
      },
    };
  };
})();
