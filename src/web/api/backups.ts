/** Backups of the running broker. Rule: the sealed file goes to whoever asked; no caller names a place on the server. */
import { Fault } from "../../kernel/fault.ts";
import { operableRaw, type Endpoint } from "./endpoint.ts";

export const backups: readonly Endpoint[] = [operableRaw({
  method: "post", path: "/backups", tag: "broker", summary: "An encrypted copy of everything, of one moment", operator: true,
  type: "application/octet-stream",
  says: "For admins. It opens with the root key alone. `Lockstep-Rows` and `Lockstep-Journal` say what is in it; compare the bytes with "
    + "`Content-Digest`. Restore it with: lockstep restore FILE",
  raw: async ({ own }, { caller }, c) => {
    if (!own) throw new Fault("unavailable", "There is no data directory behind this API.");
    const { body, size, digest, rows, journal, id } = await own.backup(caller);
    return c.body(body, 200, {
      "Content-Type": "application/octet-stream", "Content-Length": String(size), "Content-Digest": `sha-256=:${digest}:`,
      "Content-Disposition": `attachment; filename="lockstep-${id}.backup"`,
      "Lockstep-Rows": String(rows), "Lockstep-Journal": String(journal.n),
    });
  },
})];
