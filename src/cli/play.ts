/** lockstep play: a recorded session again, at this terminal. Rule: what it prints is filtered (play-safe.ts); input that was recorded is not shown. */
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { seg, withQuery, whole } from "./client.ts";
import { line, pause } from "./io.ts";
import { safely } from "./play-safe.ts";

type Frame = readonly [at: number, code: string, text: string];
const positive = (text: string | undefined, what: string): number => {
  const n = Number(text);
  if (!(n > 0)) throw new Fault("invalid", `${what} is a number above 0.`);
  return n;
};

const perform = async (run: Run, frames: readonly Frame[]): Promise<void> => {
  const speed = positive(run.text("speed"), "--speed"), idle = positive(run.text("idle"), "--idle"), safe = safely();
  let at = 0;
  for (const [time, code, text] of frames) {
    const wait = Math.min(Math.max(0, time - at), idle) / speed;
    at = time;
    if (wait > 0) await pause(wait * 1_000);
    if (code === "o") run.io.stdout.write(safe(text));
    if (code === "m") run.say(`\r\n[${text}]`);
  }
  run.io.stdout.write("\x1b[0m\x1b[?25h\n");
};

export const play: Register = (program, io) => {
  example(program.command("play").description("play a recorded session (auditors)").argument("<session>", "ses_…, or dem_… for a recorded change").option("--speed <n>", "times as fast", "1").option("--idle <seconds>", "longest pause", "2").option("--channel <n>").option("--cast", "print the asciicast itself"),
    "lockstep play ses_… --speed 4", "lockstep play ses_… --cast > session.cast")
    .action(act(io, async (run, id) => {
      const { body, headers } = await run.client.stream(withQuery(`/${id!.startsWith("dem_") ? "demonstrations" : "sessions"}/${seg(id!)}/cast`, { channel: run.text("channel") })), text = await whole(body), complete = headers["recording-complete"] === "true";
      if (!complete) run.say("This recording ends early or its chain is broken; what follows is what could be checked.");
      if (text.trim() === "") throw new Fault("not_found", "There is nothing recorded in this channel.");
      if (run.flag("cast") || run.json) return void io.stdout.write(text);
      const [, ...rest] = text.trim().split("\n");
      await perform(run, rest.map((l) => JSON.parse(l) as Frame));
      line(io.stderr, "End of the recording.");
    }));
};
