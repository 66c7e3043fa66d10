/** Command sets, as others see them. */
export { CommandSet, GRADES, LISTS, WIRES, nameFits, wordLike } from "./schema.ts";
export type { Alternative, Grade, Is, ListName, Step, WireName } from "./schema.ts";
export { LONGEST_TEXT, mistakeText, parseCommandSet, type Mistake, type Parsed } from "./parse.ts";
export { begin, dueAt, hangUp, hear, textOf, wake, type Over, type Part, type Rules, type Sent, type Talk } from "./machine.ts";
export { FRESH_SET, GRADE_SAYS, type KeptSet, type PlatformTest, type TestSaid } from "./kept.ts";
export { transcriptText, type Said, type Transcript } from "./transcript.ts";
export { lineText, shownScreen, shownTranscript, type Piece } from "./shown.ts";
export { inferCommandSet, type About, type Inferred } from "./infer.ts";
export { asksSecret } from "./infer-words.ts";
export { lastLine, visible, withoutEcho } from "./screen.ts";
