/**
 * An account of the vault as a Windows machine writes it. Rule: with its domain, or alone where nobody knows it: the same name is somebody else on
 * another machine and in another domain.
 */
import type { Target } from "./target.ts";

type Place = Pick<Target, "platform" | "host" | "link" | "settings">;
/** Reached by the same name on the same way. */
const sameMachine = (a: Place, b: Place): boolean => a.host.toLowerCase() === b.host.toLowerCase() && a.link === b.link;
/** `own`: where the account lives; `on`: the machine that is told of it. `.\name` is one of `on` itself. */
export const windowsName = (name: string, own: Place, on: Place): string => {
  if (/[\\@]/.test(name)) return name;
  if (own.platform === "active-directory") return `${String(own.settings["domain"] ?? "")}\\${name}`;
  return own.platform.startsWith("windows-") && sameMachine(own, on) ? `.\\${name}` : name;
};
