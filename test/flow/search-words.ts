/** One search as the auditor makes it. */
import { searchSessions, type Answer, type SearchAsk } from "../../src/flow/session-search.ts";
import type { Caller } from "../../src/flow/record.ts";
import type { World } from "./world.ts";

export type SearchWish = Omit<SearchAsk, "text">;
export const look = (w: World, text: string, more: Partial<SearchWish> = {}, who: Caller = w.auditor): Promise<Answer> => searchSessions(w.deps, who, { text, filter: {}, limit: 50, ...more });
