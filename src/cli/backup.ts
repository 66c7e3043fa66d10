/**
 * lockstep backup. Rule: a broker that runs is asked for it; the data directory is opened here only when nothing answers on its socket, its lock
 * makes sure of that, and what was done is said.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { isSilence, type Client } from "./client.ts";
import { broker, settings } from "./server.ts";
import { isNamed, operatorHere } from "./where.ts";
import { writeWhole } from "./whole-file.ts";

type Made = { readonly file: string; readonly rows: number; readonly journal: { readonly n: number } };
type Answer = Awaited<ReturnType<Client["stream"]>>;

/** Whole, as its digest says, or not there. */
const save = ({ headers, body }: Answer, file: string): Promise<void> => writeWhole(file, async (to) => {
  const hash = createHash("sha256"), seen = new Transform({ transform(chunk: Buffer, _, done) { hash.update(chunk); done(null, chunk); } });
  try {
    await pipeline(body, seen, to);
    if (headers["content-digest"] !== `sha-256=:${hash.digest("base64")}:`) throw new Error("what arrived is not what was sent");
  } catch (cause) { throw new Fault("unavailable", `${file} was not written: ${(cause as Error).message}.`, { cause }); }
});

const fromRunning = async (client: Client, file: string): Promise<Made> => {
  const answer = await client.stream("/backups", "POST");
  await save(answer, file);
  return { file, rows: Number(answer.headers["lockstep-rows"]), journal: { n: Number(answer.headers["lockstep-journal"]) } };
};

/** Null: no broker runs on this machine's data directory. */
const fromOwn = async (run: Run, file: string): Promise<Made | null> => {
  const own = operatorHere(run.io.env);
  try { return own && await fromRunning(own, file); } catch (e) { if (isSilence(e)) return null; throw e; }
};

const stopped = async (run: Run, file: string): Promise<Made> => {
  const { config, secrets } = await settings(run);
  if (!existsSync(path.join(config.data, "journal"))) {
    throw new Fault("not_found", `There is no broker's data in ${config.data}. Name it with LOCKSTEP_DATA, or a running broker with --url.`);
  }
  return (await broker()).backupHere(config, secrets, file);
};

const make = async (run: Run, file: string): Promise<[how: string, made: Made]> => {
  if (isNamed(run.where, run.io.env)) return [`from the running broker at ${run.client.place}`, await fromRunning(run.client, file)];
  const made = await fromOwn(run, file);
  if (made) return ["from the broker that runs here, which went on", made];
  return ["from the data directory; no broker runs on it", await stopped(run, file)];
};

export const backup: Register = (program, io) => {
  const about = "an encrypted copy of everything, of one moment: from the broker that runs here or at --url, else from the data directory";
  const command = program.command("backup").description(about).argument("<file>", "a new file");
  example(command, "lockstep backup lockstep.backup", "lockstep backup lockstep.backup --url https://broker.example")
    .action(act(io, async (run, name) => {
      const file = path.resolve(name!);
      if (existsSync(file)) throw new Fault("conflict", `${file} is there already. Name a new file.`);
      const [how, made] = await make(run, file);
      run.print({ ...made, how }, () => `${made.file}: ${made.rows} rows, journal at line ${made.journal.n}, ${how}.\n`
        + `It opens with the root key alone: keep that, and a copy of the journal, somewhere else.`);
    }));
};
