/** Recordings as tests read them: at one go. */
import type { KeyObject } from "node:crypto";
import { atOnce } from "../../src/kernel/rest.ts";
import type { Frame } from "../../src/recordings/frame.ts";
import { reading, recovering, verifying, type Verdict } from "../../src/recordings/reader.ts";

export type { Verdict };
/** With its verdict; the frames' bytes are their own. */
export const readAll = (file: string, key: KeyObject, id: string): { frames: Frame[]; verdict: Verdict } => {
  const frames: Frame[] = [];
  return { verdict: atOnce(reading({ file, key, id }, (f) => { frames.push({ ...f, data: Buffer.from(f.data) }); })), frames };
};
export const readFrames = (file: string, key: KeyObject, id: string): Frame[] => readAll(file, key, id).frames;
export const verifyRecording = (file: string, key: KeyObject, id: string): Verdict => atOnce(verifying({ file, key, id }));
export const recover = (file: string, key: KeyObject, id: string): Verdict & { readonly dropped: number } => atOnce(recovering({ file, key, id }));
