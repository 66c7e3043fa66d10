/** A target for crowds: an SSH server in this process that takes any password and writes down what is opened on it. Rule: no shell, no files, no network. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { newKeyPair, receive, sshServer } from "../../src/wires/ssh.ts";
import type { ServerChannel } from "../../src/wires/ssh.ts";
import type { FakeAccount } from "./fake-broker.ts";
import { APP_PASSWORD } from "./ssh-lab.ts";

export type SmallTarget = { readonly account: FakeAccount; readonly opened: Map<string, number>; connections: number; close(): void };

/** `exit`: how a command ends there, a status or a signal's name. */
export const smallTarget = async (exit: number | string = 0): Promise<SmallTarget> => {
  const key = newKeyPair(),
    opened = new Map<string, number>(),
    note = (what: string): void => {
      opened.set(what, (opened.get(what) ?? 0) + 1);
    };
  const answer = (channel: ServerChannel): void => {
    channel.on("error", () => undefined).resume();
    channel.write("$ ");
  };
  const server = createServer((socket) => {
    target.connections += 1;
    socket.on("error", () => undefined);
    receive(
      sshServer({ hostKeys: [key.private] }, (c) => {
        c.on("error", () => undefined).on("authentication", (a) => {
          if (a.method === "password") a.accept();
          else a.reject(["password"]);
        });
        c.on("session", (accept) => {
          const session = accept()
            .on("pty", (ok) => ok?.())
            .on("shell", (ok) => {
              note("shell");
              answer(ok());
            })
            .on("subsystem", (_ok, no, { name }) => {
              note(`subsystem ${name}`);
              no?.();
            });
          session.on("exec", (ok) => {
            note("exec");
            const channel = ok();
            answer(channel);
            channel.exit(exit as never);
            channel.end();
          });
          session.on("x11", () => note("x11")).on("auth-agent", () => note("agent"));
        });
        c.on("tcpip", (_ok, no) => {
          note("direct-tcpip");
          no();
        }).on("openssh.streamlocal", (_ok, no) => {
          note("streamlocal");
          no();
        });
        c.on("request", (_ok, no, name) => {
          note(name);
          no?.();
        });
      }),
      socket,
    );
  });
  await new Promise<void>((up) => {
    server.listen(0, "127.0.0.1", up);
  });
  const { port } = server.address() as AddressInfo;
  const account = { host: "127.0.0.1", port, username: "app1", hostKeys: [key.public], password: APP_PASSWORD };
  const target: SmallTarget = {
    account,
    opened,
    connections: 0,
    close: () => {
      server.close();
    },
  };
  return target;
};
