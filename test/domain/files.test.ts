import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALL_FILES, fileRefusal, isFilePattern, mayTouch, scpRefusal, wholePath, type FileAct, type FileRules } from "../../src/domain/files.ts";

const rules = (over: Partial<FileRules>): FileRules => ({ ...ALL_FILES, ...over });
const HOME = "/home/app1";
const no = (over: Partial<FileRules>, act: FileAct, ...paths: string[]) => fileRefusal(rules(over), { act, paths }, HOME);

describe("paths", () => {
  test.each([
    ["/srv/a", "/srv/a"], ["a/b", "/home/app1/a/b"], ["", "/home/app1"], [".", "/home/app1"], ["//srv/./a//", "/srv/a"], ["/", "/"], ["/srv/..", null], ["../x", null], ["/srv/...", "/srv/..."], ["/a..b/..c", "/a..b/..c"],
  ])("%j is %j", (path, whole) => expect(wholePath(path, HOME)).toBe(whole));
  test.each([
    ["/srv/up/**", "/srv/up", true], ["/srv/up/**", "/srv/up/a/b", true], ["/srv/up/**", "/srv/upper", false], ["/srv/*", "/srv/a", true], ["/srv/*", "/srv/a/b", false], ["/srv/*.log", "/srv/x.log", true], ["~/in/**", "/home/app1/in/x", true],
    ["~", "/home/app1", true], ["**/.ssh/**", "/root/.ssh/id", true], ["**/.ssh/**", "/root/.sshx/id", false], ["**", "/", true], ["/a/**/z", "/a/z", true], ["/a/**/z", "/a/b/c/z", true], ["/a/**/z", "/a/b/zz", false], ["/A", "/a", false],
  ])("%s and %s: %s", (pattern, path, fits) => expect(mayTouch(rules({ allow: [pattern] }), path, HOME)).toBe(fits));
  test("deny beats allow; nothing allowed is everything", () => {
    expect(mayTouch(rules({ allow: ["/srv/**"], deny: ["/srv/keys/**"] }), "/srv/keys/a", HOME)).toBe(false);
    expect(mayTouch(rules({ deny: ["/etc/**"] }), "/srv/x", HOME)).toBe(true);
  });
  test("a path reads the same however it is written", () => {
    const name = fc.stringMatching(/^[a-c]{1,3}$/), noise = fc.constantFrom("", ".", "./.");
    fc.assert(fc.property(fc.array(name, { maxLength: 5 }), fc.array(noise, { minLength: 6, maxLength: 6 }), (names, dots) => {
      expect(wholePath(`/${names.flatMap((n, i) => [dots[i] ?? "", n]).join("/")}/`, HOME)).toBe(`/${names.join("/")}`);
    }));
  });
  test("a pattern of many stars does not hang", () => {
    const begun = performance.now();
    expect(mayTouch(rules({ allow: [`/${"**/a*b*c/".repeat(25)}z`] }), `/${"aabbcc/".repeat(600)}y`, HOME)).toBe(false);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
  test("what is no pattern is no pattern", () => {
    expect(["/x", "~/x", "~", "**", "**/x"].every(isFilePattern)).toBe(true);
    expect(["x", "", "/a/../b", "~root/x", "./x", "/./x"].some(isFilePattern)).toBe(false);
  });
});

describe("what is refused, and why", () => {
  test("read-only", () => {
    for (const act of ["write", "make", "change", "rename", "replace", "delete", "link", "symlink"] as const) expect(no({ readOnly: true }, act, "/x", "/y")).toBe("Your access to files is read-only.");
    for (const act of ["look", "name", "read", "handle"] as const) expect(no({ readOnly: true }, act, "/x")).toBeNull();
  });
  test("no delete", () => {
    for (const act of ["delete", "replace"] as const) expect(no({ noDelete: true }, act, "/x", "/y")).toMatch(/delete or replace/);
    for (const act of ["write", "make", "rename"] as const) expect(no({ noDelete: true }, act, "/x", "/y")).toBeNull();
  });
  test("paths: outside, with .., by a link", () => {
    const bound = { allow: ["/srv/up/**"], deny: ["/srv/up/keys/**"] };
    expect(no(bound, "read", "/etc/shadow")).toBe("Your access does not include /etc/shadow.");
    expect(no(bound, "look", "/srv/up/keys")).toBe("Your access does not include /srv/up/keys.");
    expect(no(bound, "write", "/srv/up/../../etc/passwd")).toMatch(/\.\. /);
    expect(no(bound, "symlink", "/srv/up/a", "/srv/up/b")).toMatch(/no symbolic links/);
    expect(no(bound, "write", "x")).toBe("Your access does not include /home/app1/x.");
    expect(no(bound, "name", "/etc/..")).toBeNull();
    expect(no(bound, "rename", "/srv/up/a", "/srv/up/b")).toBeNull();
  });
  test("a directory is not renamed past the rules", () => {
    expect(no({ deny: ["/srv/secret/**"] }, "rename", "/srv", "/srv2")).toMatch(/past the rules/);
    expect(no({ deny: ["/srv/secret/x"] }, "link", "/srv/secret", "/tmp/l")).toMatch(/past the rules/);
    expect(no({ deny: ["**/.ssh/**"] }, "rename", "/srv/a", "/srv/b")).toBeNull();
    expect(no({ allow: ["/data/*", "/tmp/**"] }, "rename", "/data/dir", "/tmp/dir")).toMatch(/past the rules/);
    expect(no({ allow: ["/data/**", "/tmp/**"] }, "rename", "/data/dir", "/tmp/dir")).toBeNull();
    expect(no({ allow: ["/data/*"] }, "rename", "/data/a", "/data/b")).toBeNull();
  });
  test("no rename makes a refused path a permitted one", () => {
    const seg = fc.constantFrom("a", "b", "c"), path = fc.array(seg, { minLength: 1, maxLength: 3 }).map((p) => `/${p.join("/")}`);
    const glob = fc.array(fc.constantFrom("a", "b", "*", "**"), { minLength: 1, maxLength: 4 }).map((p) => `/${p.join("/")}`);
    fc.assert(fc.property(fc.array(glob, { maxLength: 2 }), fc.array(glob, { maxLength: 2 }), path, path, fc.array(seg, { maxLength: 3 }), (allow, deny, from, to, below) => {
      if (no({ allow, deny }, "rename", from, to) !== null) return;
      const at = (p: string): boolean => mayTouch(rules({ allow, deny }), [p, ...below].join("/"), HOME);
      if (at(to)) expect(at(from)).toBe(true);
    }), { numRuns: 5_000 });
  });
  test("what nobody knows passes only where nothing is bound", () => {
    expect(no({}, "unknown")).toBeNull();
    for (const over of [{ readOnly: true }, { noDelete: true }, { deny: ["/x"] }]) expect(no(over, "unknown")).toMatch(/not known here/);
  });
  test("the old scp is bound by its direction, and by paths not at all: so it is refused", () => {
    expect([scpRefusal(rules({ readOnly: true }), true), scpRefusal(rules({ readOnly: true }), false), scpRefusal(rules({ noDelete: true }), true)]).toEqual(["Your access to files is read-only.", null, null]);
    expect(scpRefusal(rules({ allow: ["/srv/**"] }), false)).toMatch(/leave out -O/);
  });
});
