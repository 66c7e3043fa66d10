import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatUser, parseUser } from "../../proxy/ssh/grammar.ts";

const name = fc.stringMatching(/^[a-z0-9._-]{1,64}$/), account = fc.stringMatching(/^[A-Za-z0-9@\\._:$+-]{1,40}$/);

describe("the user name as an address", () => {
  test.each([
    ["requester@root@web-1", "requester", "root", "web-1"],
    ["requester:root@web-1", "requester", "root", "web-1"],
    ["requester@svc@LAB.TEST@dc1", "requester", "svc@LAB.TEST", "dc1"],
    ["requester:svc@LAB.TEST@dc1", "requester", "svc@LAB.TEST", "dc1"],
    ["requester@LAB\\svc@dc1", "requester", "LAB\\svc", "dc1"],
    ["requester@a:b@dc1", "requester", "a:b", "dc1"],
  ])("%s", (text, person, acc, target) => expect(parseUser(text)).toEqual({ person, to: { account: acc, target } }));

  test("a person alone names no account", () => expect(parseUser("requester")).toEqual({ person: "requester", to: undefined }));

  test("whatever is put together comes apart again", () => fc.assert(fc.property(name, account, name, (person, acc, target) => {
    expect(parseUser(formatUser(person, acc, target))).toEqual({ person, to: { account: acc, target } });
    expect(parseUser(`${person}:${acc}@${target}`)).toEqual({ person, to: { account: acc, target } });
  })));

  test("anything else is read as nothing, and never throws", () => {
    for (const junk of ["", "@", "@@", "a@", "a@b", "a@@c", "a:b", "Requester@root@web", "a@root@WEB", "a@root@web/1", "a@ro\0ot@w", "a@ro ot@w", "a@r\u202eoot@w",
      `${"a".repeat(65)}@root@web`, `a@${"r".repeat(129)}@web`, "a@root@", "../x@root@web", "a\n@root@web"]) expect(parseUser(junk)).toBeUndefined();
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const read = parseUser(text);
      if (read === undefined) return;
      expect(read.person).toMatch(/^[a-z0-9._-]{1,64}$/);
      if (read.to !== undefined) expect(read.to.target).toMatch(/^[a-z0-9._-]{1,64}$/);
    }), { numRuns: 500 });
  });
});
