/** lockstep login, logout. Rule: a token is tried before it is kept, and never printed. */
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register } from "./act.ts";
import { client, nameOf } from "./client.ts";
import { dropLogin, keepLogin } from "./logins.ts";
import { fromStdin, secret } from "./prompt.ts";
import type { Person } from "./shapes.ts";
import { placeOf } from "./where.ts";

type Me = { readonly person: Person; readonly token: { readonly label: string; readonly expiresAt: string } | null };

export const login: Register = (program, io) => {
  example(program.command("login").description("keep a token for later commands; make one in the portal under your name").option("--token-stdin", "read the token from stdin"),
    "lockstep login --url https://broker.example", "lockstep login --token-stdin < token.txt")
    .action(act(io, async (run) => {
      const place = placeOf(run.where, io.env);
      if ("socket" in place) throw new Fault("invalid", "The broker's own socket is for the operator of this machine and needs no login: it makes backups and reads the broker's health. To log in as a person, leave --socket out.");
      const token = (run.flag("tokenStdin") ? await fromStdin(io) : await secret(io, `Token for ${nameOf(place)}`, "Give it with --token-stdin.")).trim();
      const me = await client(place, token).json<Me>("GET", "/me"), file = keepLogin(io.env, nameOf(place), token);
      run.print(me, () => `Logged in at ${nameOf(place)} as ${me.person.name} (${me.person.roles.join(", ")}). The token is kept in ${file}, for you alone.`);
    }));
  example(program.command("logout").description("forget the token of this address (it stays valid: revoke it with lockstep token revoke)"), "lockstep logout")
    .action(act(io, (run) => {
      const place = nameOf(placeOf(run.where, io.env)), ok = dropLogin(io.env, place);
      run.print({ ok }, () => (ok ? `The token for ${place} is forgotten here.` : `There was no login for ${place}.`));
      return Promise.resolve();
    }));
  example(program.command("me").description("who you are at this broker, and what your roles allow"), "lockstep me")
    .action(act(io, (run) => run.show<Me & { readonly may: readonly string[] }>("GET", "/me", undefined, (me) => `${me.person.name} (${me.person.roles.join(", ")}) at ${run.client.place}\nmay: ${me.may.join(", ") || "ask where a policy lets them"}`)));
};
