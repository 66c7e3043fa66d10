/** A whole journal in memory, for tests, whose journals are small. */
import { walkJournal, type Chained, type Place } from "../../src/vault/journal-lines.ts";

export const readJournal = (file: string, chunk?: number): { lines: Chained[]; places: Place[]; torn: number } => {
  const lines: Chained[] = [], places: Place[] = [], { torn } = walkJournal(file, (line, place) => { lines.push(line); places.push(place); }, chunk);
  return { lines, places, torn };
};
