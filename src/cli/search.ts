/** lockstep search. */
import { act, example, type Register } from "./act.ts";
import { withQuery } from "./client.ts";
import { table } from "./print.ts";

type Hit = { readonly kind: string; readonly id: string; readonly name: string; readonly says: string };
export const search: Register = (program, io) => {
  example(program.command("search").description("accounts, targets, people, requests and sessions you may see").argument("<words...>"), "lockstep search nginx")
    .action(act(io, (run, words) => run.show<{ items: readonly Hit[] }>("GET", withQuery("/search", { q: (words as unknown as string[]).join(" ") }), undefined, ({ items }) =>
      table(["kind", "name", "what", "id"], items.map((h) => [h.kind, h.name, h.says, h.id]), "Nothing you may see matches. Try fewer words."))));
};
