/** A broker and its people in front of targets that are no hosts. Rule: what asks `World.host` is not for these. */
import { patient } from "./times.ts";
import { addLogin, PEOPLE, place, World, type Options } from "./world.ts";

export const hostless = async (o: Pick<Options, "databaseUrl" | "timescale" | "over" | "env"> = {}): Promise<World> => {
  const { home, env } = place(o), w = new World(home, env, undefined as never, [], "", { times: patient(0.2), ...o.over });
  try {
    await w.up();
    for (const p of PEOPLE) w.who[p[0]] = await addLogin(w.broker!, home, p);
    return w;
  } catch (e) { await w.down().catch(() => undefined); throw e; }
};
