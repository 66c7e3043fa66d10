/** How people reach the SSH proxy. Rule: the broker's own host key travels with it, so that nobody has to trust the first answer of a port. */
import { z } from "@hono/zod-openapi";
import { endpoint, type Endpoint } from "./endpoint.ts";

const Door = z.object({
  host: z.string(), port: z.int(), person: z.string().openapi({ description: "the first part of the user name: person@account@target" }),
  hostKeys: z.array(z.string()).openapi({ description: "public keys of the broker, as in known_hosts; empty where it does not say" }),
}).openapi("SshDoor");

export const ssh: readonly Endpoint[] = [endpoint({
  method: "get", path: "/ssh", tag: "sessions", summary: "Where to point an ssh client", answer: Door,
  run: ({ config }, { caller: { person } }) => Promise.resolve({
    host: config.sshHost, port: config.sshPort, person: person.name, hostKeys: [...config.sshHostKeys ?? []],
  }),
})];
