/** Where the proxy's own lines go. Rule: fields are plain values; never bytes of a session, never an error object with a secret's context. */
export type Level = "debug" | "info" | "warn" | "error";
export type Log = (level: Level, what: string, fields?: Readonly<Record<string, string | number | boolean | null>>) => void;

/** An error as a short text. */
export const words = (error: unknown): string => error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 500) : "unknown error";
