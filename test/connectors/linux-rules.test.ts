/** The rules of a Linux host, out of its files. Rule: what is not said, or not asked by PAM, is not invented. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { filesIn, rulesOf } from "../../src/connectors/linux-rules.ts";

const of = (files: Record<string, string>): string => Object.entries(files).map(([name, text]) => `== lockstep ${name}\n${text}`).join("");
const PAM = "password requisite pam_pwquality.so retry=3 ucredit=-2\npassword [success=1 default=ignore] pam_unix.so obscure use_authtok remember=5\n";

test("quality, memory, days and lock-out are read as the host counts them", () => {
  const text = of({
    "/etc/security/pwquality.conf": "# minlen = 99\nminlen = 14\ndcredit = -1 # one\nocredit=0\nminclass = 3\nmaxrepeat = 2\n", "/etc/pam.d/common-password": PAM,
    "/etc/security/faillock.conf": "deny = 4\nunlock_time = 120\n", "/etc/pam.d/common-auth": "auth required pam_faillock.so preauth\n",
  });
  expect(rulesOf(text, "app1:$y$x:20000:7:90:7:::\n")).toEqual({ minLength: 14, upper: 2, digit: 1, classes: 3, maxRepeat: 2, remembers: 5, minAgeDays: 7, maxAgeDays: 90, lockAfter: 4, lockSeconds: 120 });
});
test("a file nobody asks is no rule: pwquality.conf without the module, faillock.conf without its own", () => {
  const text = of({ "/etc/security/pwquality.conf": "minlen = 14\n", "/etc/security/faillock.conf": "deny = 2\n", "/etc/pam.d/common-password": "password required pam_unix.so\n", "/etc/pam.d/common-auth": "auth required pam_unix.so\n# auth required pam_faillock.so deny=1\n" });
  expect(rulesOf(text, "app1:!:20000:0:99999:7:::\n")).toEqual({});
});
test("what the module is told in the stack wins over its file; its own defaults count where nothing is said", () => {
  expect(rulesOf(of({ "/etc/pam.d/common-password": "password requisite pam_pwquality.so minlen=16\n", "/etc/security/pwquality.conf": "minlen = 9\n" }), "a:x:::::::")).toEqual({ minLength: 16 });
  expect(rulesOf(of({ "/etc/pam.d/system-auth": "auth required pam_faillock.so preauth\npassword requisite pam_pwquality.so\npassword required pam_pwhistory.so\n" }), "a:x:::::::")).toEqual({ minLength: 8, remembers: 10, lockAfter: 3, lockSeconds: 600 });
});
test("whatever a host prints, the answer is numbers and nothing throws", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), fc.string({ maxLength: 80 }), (text, shadow) => {
    for (const v of Object.values(rulesOf(`== lockstep /etc/pam.d/common-password\npassword requisite pam_pwquality.so\n${text}`, shadow))) expect(Number.isFinite(v)).toBe(true);
    expect(filesIn(text).size).toBeLessThanOrEqual(text.split("== lockstep ").length);
  }), { numRuns: 300 });
});
