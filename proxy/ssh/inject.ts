/**
 * The one place of the SSH proxy where an account's password or private key is opened. Rule: (law) it goes to connectSsh and nowhere else, which reveals it
 * only after the target has proved a pinned host key; it is wiped whatever happens.
 */
import { openBox } from "../../src/crypto/box.ts";
import type { Client } from "../../src/wires/ssh.ts";
import { authOf, connectSsh } from "../../src/wires/ssh.ts";
import type { Grant } from "../channel.ts";
import { BOX } from "../channel.ts";
import type { Deps } from "../deps.ts";

/** A client logged in as the granted account. Rejects with SshFailure; `signal` calls it off. */
export const dialTarget = async (grant: Grant, deps: Deps, signal: AbortSignal): Promise<Client> => {
  using secret = openBox(deps.box.privateKey, BOX.password(grant.session), grant.password);
  return await connectSsh({
    link: deps.reach(grant), username: grant.username, auth: authOf(secret), hostKeys: grant.hostKeys,
    timeoutMs: deps.waits.dial, keepaliveMs: deps.waits.heartbeat, signal,
  });
};
