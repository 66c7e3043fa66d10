/** Which files CI may try once more. */
import { expect, test } from "vitest";
import { failedFiles } from "../failed-files.ts";

const file = (name: string, ok: boolean) => ({ moduleId: `/w/test/${name}`, ok: () => ok });

test("those that failed, by their names below the root; none when an error belongs to no file", () => {
  const all = [file("a.test.ts", true), file("b.test.ts", false), file("c.test.ts", false)];
  expect(failedFiles(all, [], "/w")).toEqual(["test/b.test.ts", "test/c.test.ts"]);
  expect(failedFiles(all, [new Error("nobody's")], "/w"), "red at once").toEqual([]);
});
