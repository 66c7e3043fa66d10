/** The caller's own affairs: who they are, their tokens. Rule: a token made by a token is never wider and never outlives it. */
import { z } from "@hono/zod-openapi";
import { Fault } from "../../kernel/fault.ts";
import type { TokenId } from "../../kernel/ids.ts";
import { ACTS, may } from "../../domain/may.ts";
import { makeToken, revokeToken, TokenInput, tokensOf, type Bearer } from "../../identity/tokens.ts";
import type { ApiDeps } from "./deps.ts";
import { Done, endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { PersonOut, personOut, TokenOut, tokenOut } from "./shapes.ts";

const tag = "me",
  DAY = 86_400_000;

const who: Endpoint = endpoint({
  method: "get",
  path: "/me",
  tag,
  summary: "Who you are, and what your roles allow",
  answer: z.object({ person: PersonOut, may: z.array(z.string()), token: TokenOut.nullable() }),
  run: (_deps, { caller: { person }, bearer }) =>
    Promise.resolve({ person: personOut(person), may: ACTS.filter((a) => may(person, a)), token: bearer && tokenOut(bearer.token) }),
});

const tokens: Endpoint = endpoint({
  method: "get",
  path: "/me/tokens",
  tag,
  summary: "Your tokens",
  query: Paging,
  answer: pageOf(TokenOut),
  run: async ({ identity }, { caller, query }) => {
    const p = cut(await tokensOf(identity, caller.person), query, (t) => t.id);
    return { ...p, items: p.items.map(tokenOut) };
  },
});

const narrowed = (deps: ApiDeps, input: TokenInput, { token }: Bearer): TokenInput => {
  const left = Math.floor((token.expiresAt.getTime() - deps.flow.clock.now().getTime()) / DAY);
  if (left < 1) throw new Fault("forbidden", "This token ends within a day, and a token it makes cannot outlive it. Make the new one in the portal.");
  return { ...input, days: Math.min(input.days, left), networks: token.networks.length > 0 ? [...token.networks] : input.networks };
};

const make: Endpoint = endpoint({
  method: "post",
  path: "/me/tokens",
  tag,
  summary: "Make a token",
  says: "Shown in this answer and never again. Made with a token, it ends no later and is bound to the same networks.",
  body: TokenInput,
  answer: z.object({ secret: z.string(), token: TokenOut }).openapi("MadeToken"),
  status: 201,
  secret: true,
  run: async (deps, { caller, body, bearer }) => {
    const made = await makeToken(deps.identity, caller.person, bearer ? narrowed(deps, body, bearer) : body, {
      address: caller.address,
      means: caller.means,
    });
    return { secret: deps.doors.token(made), token: tokenOut(made.made) };
  },
});

const revoke: Endpoint = endpoint({
  method: "delete",
  path: "/me/tokens/{id}",
  tag,
  summary: "Revoke a token",
  params: Id,
  answer: Done,
  run: async ({ identity }, { caller, params }) => {
    await revokeToken(identity, caller.person, params.id as TokenId, { address: caller.address, means: caller.means });
    return { ok: true as const };
  },
});

export const me: readonly Endpoint[] = [who, tokens, make, revoke];
