/**
 * Windows' own programs, as an agent runs them. Rules: by their whole path, because a bare name is looked for in other folders too; a secret goes by
 * standard input alone; what C# leaves behind while it is compiled (Add-Type) goes into the agent's own folder, which is closed to others.
 */
import { inputOf, POWERSHELL } from "../../src/connectors/windows-script.ts";
import type { Secret } from "../../src/kernel/secret.ts";
import { runChild, type Ended } from "../../src/wires/child.ts";

const ROOT = "C:\\Windows";
export type Programs = { readonly powershell: string; readonly icacls: string };
export const PROGRAMS: Programs = {
  powershell: `${ROOT}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`,
  icacls: `${ROOT}\\System32\\icacls.exe`,
};
/** Modules of Windows alone, whatever the account that runs this keeps in its own folder. */
const environment = (temp: string): Readonly<Record<string, string>> => ({
  SystemRoot: ROOT,
  windir: ROOT,
  PATH: `${ROOT}\\System32;${ROOT}`,
  PSModulePath: `${ROOT}\\System32\\WindowsPowerShell\\v1.0\\Modules`,
  TEMP: temp,
  TMP: temp,
});
export type Shell = {
  /** What the script told. `temp`: where one that compiles may put down files. */
  run(script: string, values: readonly (string | Secret)[], signal: AbortSignal, temp?: string): Promise<string>;
  icacls(args: readonly string[], signal: AbortSignal): Promise<Ended>;
};
export const shell = (p: Programs): Shell => ({
  run: async (script, values, signal, temp = `${ROOT}\\Temp`) =>
    (await runChild(p.powershell, POWERSHELL(script), { input: inputOf(...values).toString("latin1"), signal, env: environment(temp) })).stdout,
  icacls: (args, signal) => runChild(p.icacls, args, { input: "", signal, env: environment(`${ROOT}\\Temp`) }),
});
