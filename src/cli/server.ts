/** What is done on the server itself: serve, init, backup, restore, take-over, config check. Rule: the broker is loaded only by these, so every other command starts fast. */
import { Secret } from "../kernel/secret.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { line } from "./io.ts";
import { facts } from "./print.ts";
import { fromStdin, newSecret } from "./prompt.ts";

export const broker = () => import("../operate.ts");
export const settings = async (run: Run) => (await import("../config/env.ts")).parseEnv(run.io.env);

export const serve: Register = (program, io) => {
  example(program.command("serve").description("run the broker"), "LOCKSTEP_DATA=/var/lib/lockstep lockstep serve").action(act(io, async (run) => {
    const { config, secrets } = await settings(run);
    await (await broker()).serveForever(config, secrets, (text) => { line(io.stdout, text); });
  }));
};

export const init: Register = (program, io) => {
  example(program.command("init").description("make the first administrator; the broker is not running").argument("<name>", "login name").option("--full-name <text>").option("--password-stdin", "read the password from stdin"), "lockstep init ada --full-name \"Ada L.\"")
    .action(act(io, async (run, name) => {
      const { config, secrets } = await settings(run);
      using password = Secret.of(run.flag("passwordStdin") ? await fromStdin(io) : await newSecret(io, `Password for ${name!}`, "Give it with --password-stdin."));
      await (await broker()).initFirstAdmin(config, secrets, name!, run.text("fullName") ?? name!, password);
      run.print({ ok: true, name }, () => `${name!} is the first administrator. Start with: lockstep serve`);
    }));
};

export const config: Register = (program, io) => {
  const group = program.command("config").description("settings");
  example(group.command("check").description("reports every mistake at once"), "lockstep config check").action(act(io, async (run) => {
    const { config: c } = await settings(run);
    run.print(c, () => facts(Object.entries(c).map(([k, v]) => [k, typeof v === "string" || typeof v === "number" ? v : v === undefined ? null : JSON.stringify(v)] as const)));
  }));
};
