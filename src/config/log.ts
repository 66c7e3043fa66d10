/** The broker's own log lines, JSON on stderr. Rule: plain values only; an object of a class is refused, so no error drags its context along. */
import { pino } from "pino";

type Facts = Readonly<Record<string, string | number | boolean | null>>;
export type Log = (level: "debug" | "info" | "warn" | "error", message: string, facts?: Facts) => void;

const plain = (facts: Facts): Facts => Object.fromEntries(Object.entries(facts).map(([k, v]) => [k, v === null || typeof v !== "object" ? v : "[refused: not a plain value]"]));

export const makeLog = (level: string): Log => {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 2, sync: true }));
  return (at, message, facts = {}) => logger[at](plain(facts), message);
};
