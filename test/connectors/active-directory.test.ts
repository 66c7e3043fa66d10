/** What can be said of Active Directory without a controller: names, encoding, the error table. Rule: the controller itself, with the contract, is test/slow/active-directory.test.ts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { activeDirectory } from "../../src/connectors/active-directory.ts";
import { afterSend, atProbe, notSent } from "../../src/connectors/active-directory/answers.ts";
import { fileTime } from "../../src/connectors/active-directory/look.ts";
import { binder, domainIn, naming, unicodePwd, unsuited } from "../../src/connectors/active-directory/settings.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { LdapFailure } from "../../src/wires/ldap.ts";

const c = activeDirectory(), PRINT = "AB:".repeat(32).slice(0, -1), config = c.config.parse({ certificates: [PRINT], domain: "corp.example.com" });
const bind = (data: string) => new LdapFailure("answer", `80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data ${data}, v1db1`, { code: 49 });
const answer = (code: number, words: string) => new LdapFailure("answer", words, { code });

test("law: login-proves — every sub-code of a refused bind: wrong is no, right but not let in is yes, locked out is neither, and what is new is unknown", () => {
  const said = (data: string) => atProbe(bind(data), []);
  expect(["525", "52e", "52E"].map(said)).toEqual(["no", "no", "no"]);
  expect(["530", "531", "532", "533", "701", "773"].map(said)).toEqual(Array(6).fill("yes"));
  expect(said("775")).toEqual({ unknown: expect.stringContaining("locked out") });
  expect([said("57"), said("0"), atProbe(answer(49, "no words"), []), atProbe(answer(51, "data 52e,"), []), atProbe(new LdapFailure("closed", "cut"), []), atProbe(new Error("x"), [])]
    .every((a) => typeof a === "object" && "unknown" in a)).toBe(true);
});
test("what came before a change and what came after it: only a definite answer refuses", () => {
  expect(notSent(bind("52e"), [])).toEqual({ not_sent: "auth_of_as", why: expect.stringContaining("a wrong password, or no such account") });
  expect([notSent(new LdapFailure("identity", "another"), []).not_sent, notSent(new LdapFailure("unreachable", "gone"), []).not_sent, notSent(answer(52, "busy"), []).not_sent]).toEqual(["identity", "unreachable", "unreachable"]);
  expect(afterSend(answer(19, "0000052D: SvcErr: DSID-031A12D2, problem 5003"), [])).toEqual({ refused: expect.stringContaining("does not meet the domain's rules") });
  expect([afterSend(answer(50, "00000005: SecErr"), []), afterSend(answer(53, "0000001F: SvcErr"), []), afterSend(answer(10, "0000202B: RefErr"), [])].every((r) => typeof r === "object" && "refused" in r)).toBe(true);
  expect([afterSend(answer(51, "busy"), []), afterSend(answer(52, "unavailable"), []), afterSend(answer(80, "other"), []), afterSend(new LdapFailure("closed", "cut"), [])].every((r) => typeof r === "object" && "unknown" in r)).toBe(true);
  expect(afterSend(answer(19, "0000052D: it was S3cret-1 there"), ["S3cret-1"])).toEqual({ refused: expect.not.stringContaining("S3cret-1") });
});

describe("names and passwords", () => {
  test("a name is a sAMAccountName or a principal name; what reads as two things is neither", () => {
    for (const name of ["svc", "svc-backup", "a b", "dollar$x", "o'brien", "сервис", "svc@corp.example.com"]) expect(naming.fits(name), name).toBe(true);
    for (const name of ["", " a", "a ", "-c", "a.", "CORP\\svc", "a/b", "a@b", "a@b@c.d", "@corp.example.com", "svc@corp.example.com ", "a*", "(x)=", "a\nb", "a\u200bb", "x".repeat(65)]) expect(naming.fits(name), name).toBe(false);
    expect([binder(config, "svc"), binder({ ...config, netbios: "OLD" }, "svc"), binder(config, "svc@other.example")]).toEqual(["CORP\\svc", "OLD\\svc", "svc@other.example"]);
  });
  test("no name that fits is a mechanism or a DN to a bind", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 40 }), (name) => { if (naming.fits(name)) expect(binder(config, name)).toMatch(/^[^=]*[\\@][^=]*$/); }), { numRuns: 300 });
  });
  test("in quotation marks, as UTF-16, whatever stands in it", () => {
    expect(unicodePwd("Aé\"").toString("hex")).toBe("22004100e90022002200");
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => { expect(unicodePwd(text).toString("utf16le")).toBe(`"${text}"`); }));
  });
  test("what is not sent", () => {
    const why = (text: string, name = "svc") => unsuited({ name }, Secret.of(text));
    expect([why(""), why("a\nb"), why("x".repeat(128)), why("x", "a/b"), why("x".repeat(127))]).toEqual([expect.stringContaining("empty"), expect.stringContaining("control"), expect.stringContaining("127"), expect.stringContaining("cannot be the name"), undefined]);
  });
  test("a controller's clock: never, for ever, and a day", () => {
    expect([fileTime(undefined), fileTime("0"), fileTime("9223372036854775807"), fileTime("133453080000000000")]).toEqual([null, null, null, "2023-11-24T14:00:00Z"]);
  });
});
test("settings: a domain and somebody to trust; what is read at the controller is what is pinned", () => {
  for (const bad of [{}, { certificates: [PRINT] }, { domain: "corp.example.com" }, { certificates: [PRINT], domain: "corp" }, { certificates: [PRINT], domain: "corp.example.com", tls: "off" }]) expect(c.config.safeParse(bad).success).toBe(false);
  expect([c.pin!(PRINT)!.settings, c.pin!(`${PRINT} of corp.example.com by StartTLS`)!.settings, c.pin!("plain"), c.pin!("AA"), c.pin!("AA of corp.example.com")])
    .toEqual([{ certificates: [PRINT] }, { certificates: [PRINT], domain: "corp.example.com", encryption: "starttls" }, undefined, undefined, undefined]);
  expect(c.config.safeParse(c.pin!(`${PRINT} of corp.example.com`)!.settings).success, "enough to add a target").toBe(true);
  expect(["DC=corp,DC=example,DC=com", "dc=a-b, dc=test", "CN=x,DC=a,DC=b", "", undefined].map(domainIn)).toEqual(["corp.example.com", "a-b.test", undefined, undefined, undefined]);
});
