/** Whether anybody would be mailed, for every form that names whom to tell. Rule: it is said before the press, not after. */
import { nobodyMailed } from "../flow/tell.ts";
import type { WebDeps } from "./deps.ts";

export const nobodyTold = (deps: WebDeps): string | null => nobodyMailed(deps.flow);
