/** lockstep completion. Rule: made from the program's own tree, so it knows exactly the commands and options there are; it runs nothing and asks no broker. */
import type { Command } from "commander";
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register } from "./act.ts";

type Place = { readonly path: string; readonly words: readonly string[]; readonly says: readonly (readonly [string, string])[] };

const optionsOf = (c: Command): [string, string][] => c.options.filter((o) => o.long).map((o) => [o.long!, o.description]);
/** Every command with what may follow it: its commands, its options, and the program's own. */
export const placesOf = (program: Command): Place[] => {
  const own = optionsOf(program);
  const walk = (c: Command, path: readonly string[]): Place[] => {
    const says: [string, string][] = [...c.commands.map((x): [string, string] => [x.name(), x.description()]), ...(c === program ? [] : optionsOf(c)), ...own, ["--help", "what it does, with an example"]];
    return [{ path: path.join(" "), words: says.map(([w]) => w), says }, ...c.commands.flatMap((x) => walk(x, [...path, x.name()]))];
  };
  return walk(program, []);
};

const bash = (places: readonly Place[]): string => `# lockstep completion for bash: source <(lockstep completion bash)
_lockstep() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in -*) continue ;; esac
    case " $(_lockstep_after "$path") " in *" $word "*) path="\${path:+$path }$word" ;; esac
  done
  COMPREPLY=($(compgen -W "$(_lockstep_after "$path")" -- "$current"))
}
_lockstep_after() {
  case "$1" in
${places.map((p) => `    "${p.path}") echo "${p.words.join(" ")}" ;;`).join("\n")}
  esac
}
complete -o default -F _lockstep lockstep
`;
const zsh = (places: readonly Place[]): string => `#compdef lockstep
# lockstep completion for zsh: source <(lockstep completion zsh)
autoload -U +X bashcompinit && bashcompinit
${bash(places).split("\n").slice(1).join("\n")}`;

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
/** fish asks by what was seen before: the last command of a path, and none of what comes below it. */
const fish = (places: readonly Place[]): string => `# lockstep completion for fish: lockstep completion fish | source
complete -c lockstep -f
${places.flatMap(({ path, says }) => {
    const parts = path.split(" ").filter(Boolean), below = says.map(([w]) => w).filter((w) => !w.startsWith("-"));
    const seen = parts.length === 0 ? ["__fish_use_subcommand"] : [...parts.map((w) => `__fish_seen_subcommand_from ${w}`), ...(below.length > 0 ? [`not __fish_seen_subcommand_from ${below.join(" ")}`] : [])];
    return says.map(([word, what]) => `complete -c lockstep -n ${quoted(seen.join("; and "))} ${word.startsWith("--") ? `-l ${word.slice(2)}` : `-a ${word}`} -d ${quoted(what)}`);
  }).join("\n")}
`;
const SHELLS = { bash, zsh, fish } as const;

export const completion: Register = (program, io) => {
  example(program.command("completion").description("completion for your shell, to be sourced").argument("<shell>", "bash, zsh or fish"), "source <(lockstep completion bash)")
    .action(act(io, async (run, shell) => {
      if (!Object.hasOwn(SHELLS, shell!)) throw new Fault("invalid", `There is no completion for ${shell!}: bash, zsh or fish.`);
      const places = placesOf(program);
      run.print(places.map(({ path, words }) => ({ path, words })), () => SHELLS[shell as keyof typeof SHELLS](places).trimEnd());
      return Promise.resolve();
    }));
};
