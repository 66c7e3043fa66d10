/** Stories of a target that the broker carries no sessions to. Rule: nothing in them offers a terminal or an ssh line. */
import type { Request } from "../../src/domain/request.ts";
import { AskForm } from "../ask.tsx";
import { Home } from "../home.tsx";
import { RequestPage } from "../requests.tsx";
import { account, LONG, story, target, type Story } from "./fixed.tsx";
import { ask, home } from "./home.tsx";
import { CAN, facts, listed, STATES, STORY } from "./requests.tsx";

const OWN = { ...CAN["as the requester"]!, connect: false };
const DATABASE = { carries: false, target: target({ name: "db-1", platform: "postgres", port: 5432 }), account: account({ name: LONG }) };
const release = { ...ask, preset: "release" as const, name: "Database operators" };

const released = (state: string): Request => ({ ...STATES[state]!, terms: { ...STATES[state]!.terms, preset: "release" } });

export const SESSIONLESS: readonly Story[] = [
  ...(["approved", "checked out"] as const).map((state) =>
    story(`request ${state}, where there are no sessions`, () => (
      <RequestPage f={facts(released(state), OWN, DATABASE)} me="requester" story={STORY} sessions={[]} />
    )),
  ),
  story("home, where there are no sessions", () => (
    <Home {...home} mine={[listed(released("checked out"), 'App"Rôle', "db-1"), listed(released("approved"), "report", "db-1")]} waiting={[]} />
  )),
  story("ask, where there are no sessions", () => (
    <AskForm
      me="requester"
      carries={false}
      account='App"Rôle'
      target="db-1"
      standing={{ word: "available" }}
      policies={[release]}
      chosen={release}
      holders={[]}
    />
  )),
];
