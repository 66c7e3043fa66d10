/** Recordings another broker's name is on, whose files lie here: after a restore, or under a new hostname. Rule: what is not here may lie on another broker; it is left as it is. */
import { existsSync } from "node:fs";
import path from "node:path";
import { rest } from "../kernel/rest.ts";
import * as transcripts from "../store/transcripts.ts";
import type { Foreign, Place, ToIndex } from "../store/transcripts.ts";
import type { Deps } from "./deps.ts";

const PAGE = 500;
/** In sweeps: between two walks, and until one that was begun and does not end is taken from whoever began it. */
const PAUSE = 20, ABANDONED = 60;

/** `begun`: since when what another began stands as it does. It is this process that has watched it: two brokers' clocks need not agree. */
type Walk = { after: Place | null; until: number; begun: Map<string, number> };
const walks = new WeakMap<Deps["db"], Walk>();
const walkOf = (db: Deps["db"]): Walk => {
  const w = walks.get(db) ?? { after: null, until: -Infinity, begun: new Map() };
  walks.set(db, w);
  return w;
};

/** A broker that lives may be at work on what is begun. */
const mayTake = (deps: Deps, w: Walk, f: Foreign): boolean => {
  if (!f.begun) return true;
  const is = `${f.id} ${f.seen}`, since = w.begun.get(is) ?? deps.clock.mono();
  w.begun.set(is, since);
  return deps.clock.mono() - since >= deps.times.sweep * ABANDONED;
};

/** The first from where the last call came to whose file is here and that `take` gets; null: none, and none is looked for again for a while. */
export const foreignHere = async (deps: Deps, dir: string, take: (f: Foreign) => Promise<ToIndex | null>): Promise<ToIndex | null> => {
  const w = walkOf(deps.db);
  if (deps.clock.mono() < w.until) return null;
  for (;;) {
    const page = await transcripts.foreign(deps.db, deps.node, w.after, PAGE);
    for (const f of page) {
      w.after = f.place;
      if (!existsSync(path.join(dir, path.basename(f.file))) || !mayTake(deps, w, f)) continue;
      const taken = await take(f);
      if (taken) return taken;
    }
    if (page.length < PAGE) break;
    await rest();
  }
  w.after = null;
  w.until = deps.clock.mono() + deps.times.sweep * PAUSE;
  return null;
};
