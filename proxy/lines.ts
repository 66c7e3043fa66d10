/** JSON lines over a stream, both sides. Rule: a line is bounded and parsed by a schema, or the connection ends. */
import type { Duplex } from "node:stream";
import type { z } from "zod";
import { LINE } from "./channel.ts";

/** Calls `on` for each parsed line; the first bad or endless one destroys the stream with an error that quotes nothing of it. */
export const readLines = <S extends z.ZodType>(stream: Duplex, schema: S, on: (message: z.infer<S>) => void): void => {
  let held: Buffer = Buffer.alloc(0);
  stream.on("data", (data: Buffer) => {
    held = held.length === 0 ? data : Buffer.concat([held, data]);
    for (let end = held.indexOf(10); end >= 0 && !stream.destroyed; end = held.indexOf(10)) {
      const parsed = parse(schema, held.subarray(0, end));
      held = held.subarray(end + 1);
      if (parsed === undefined) stream.destroy(new Error("a line that is not of this protocol"));
      else on(parsed);
    }
    if (held.length > LINE) stream.destroy(new Error("a line without an end"));
  });
};

const parse = <S extends z.ZodType>(schema: S, line: Buffer): z.infer<S> | undefined => {
  try { return schema.safeParse(JSON.parse(line.toString("utf8"))).data; } catch { return undefined; }
};

export const writeLine = (stream: Duplex, message: object): void => {
  if (!stream.destroyed && stream.writable) stream.write(`${JSON.stringify(message)}\n`);
};
