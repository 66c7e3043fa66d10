/** What a Linux host itself asks of passwords, read from its files. Rule: text in, numbers out; what is not said, or not in effect, is left out rather than guessed. */
import type { TargetRules } from "./connector.ts";

/** Printed before each file, so that one command brings all of them. */
const MARK = "== lockstep ";
const FILES = [
  "/etc/login.defs", "/etc/security/pwquality.conf", "/etc/security/pwquality.conf.d/*.conf", "/etc/security/faillock.conf", "/etc/pam.d/common-password", "/etc/pam.d/common-auth", "/etc/pam.d/system-auth",
];
/** No name of ours or of the target stands in it. */
export const READ_RULES = `for f in ${FILES.join(" ")}; do [ -r "$f" ] && echo "${MARK}$f" && cat "$f"; done; :`;

export const filesIn = (text: string): ReadonlyMap<string, string> => new Map(text.split(MARK).slice(1).map((part) => {
  const end = part.indexOf("\n");
  return [part.slice(0, end).trim(), part.slice(end + 1)] as const;
}));
/** A setting is a few words; a longer line is none. */
const LONGEST = 512;
const lines = (text: string): string[] => text.split("\n").map((l) => l.replace(/#.*/, "").trim()).filter((l) => l !== "" && l.length <= LONGEST);
/** `minlen = 12` and `PASS_MIN_DAYS 0` alike; the last one counts. */
const numbers = (text: string): Map<string, number> => new Map(lines(text).flatMap((l) => {
  const m = /^([A-Za-z_]+)\s*[=\s]\s*(-?\d+)$/.exec(l);
  return m ? [[m[1]!, Number(m[2])] as const] : [];
}));
/** Arguments of a module in a stack: `pam_pwquality.so retry=3 minlen=12`; null where it is not in it. */
const module = (stack: string, name: string): Map<string, number> | null => {
  const line = lines(stack).find((l) => l.includes(`${name}.so`));
  return line === undefined ? null : new Map([...line.matchAll(/\b([a-z_]+)=(-?\d+)/g)].map((m) => [m[1]!, Number(m[2])] as const));
};
const given = (all: Record<string, number | undefined>): TargetRules => Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined && Number.isFinite(v)));
/** Credits below zero are how many there must be at least. */
const atLeast = (credit: number | undefined): number | undefined => (credit !== undefined && credit < 0 ? -credit : undefined);
const set = (n: number | undefined): number | undefined => (n === undefined || n <= 0 ? undefined : n);

/** pwquality counts only where PAM asks it; its own default length is 8. */
const quality = (files: ReadonlyMap<string, string>, stack: string): Record<string, number | undefined> => {
  const args = module(stack, "pam_pwquality");
  if (args === null) return {};
  const conf = new Map([...files].filter(([name]) => name.includes("pwquality")).flatMap(([, text]) => [...numbers(text)])), q = (k: string) => args.get(k) ?? conf.get(k);
  return { minLength: q("minlen") ?? 8, lower: atLeast(q("lcredit")), upper: atLeast(q("ucredit")), digit: atLeast(q("dcredit")), symbol: atLeast(q("ocredit")), classes: set(q("minclass")), maxRepeat: set(q("maxrepeat")) };
};

/** `shadow`: the account's own line, whose days count before the defaults for new accounts. */
export const rulesOf = (text: string, shadow: string): TargetRules => {
  const files = filesIn(text), stack = `${files.get("/etc/pam.d/common-password") ?? ""}\n${files.get("/etc/pam.d/system-auth") ?? ""}`, auth = `${files.get("/etc/pam.d/common-auth") ?? ""}\n${files.get("/etc/pam.d/system-auth") ?? ""}`;
  const fields = shadow.split("\n")[0]!.split(":"), days = (i: number): number | undefined => (/^\d+$/.test(fields[i] ?? "") ? Number(fields[i]) : undefined), max = days(4);
  const lock = module(auth, "pam_faillock"), conf = numbers(files.get("/etc/security/faillock.conf") ?? ""), remember = module(stack, "pam_pwhistory")?.get("remember") ?? (module(stack, "pam_pwhistory") ? 10 : module(stack, "pam_unix")?.get("remember"));
  return given({
    ...quality(files, stack), minAgeDays: set(days(3)), maxAgeDays: max !== undefined && max < 99_999 ? max : undefined, remembers: set(remember),
    lockAfter: lock === null ? undefined : lock.get("deny") ?? conf.get("deny") ?? 3, lockSeconds: lock === null ? undefined : lock.get("unlock_time") ?? conf.get("unlock_time") ?? 600,
  });
};
