/** /search: everything one may see, in one page. */
import { search } from "../../flow/search.ts";
import { may } from "../../domain/may.ts";
import { SearchPage } from "../../../views/search.tsx";
import { callerOf } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const page = async (c: Ctx, deps: WebDeps) => {
  const q = (c.req.query("q") ?? "").trim().slice(0, 100),
    { person } = me(c);
  return render(
    c,
    deps,
    { title: "Search", wide: true },
    <SearchPage q={q} me={person.name} opens={may(person, "person.manage")} {...await search(deps.flow.db, callerOf(c), q)} />,
  );
};
export const SEARCH: readonly Route[] = [{ method: "GET", path: "/search", act: "logged_in", handle: page }];
