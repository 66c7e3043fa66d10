/** What is written lasts: by its folder, or where a system flushes none, by the file itself. */
import { expect, test } from "vitest";
import { flush } from "../../agent/flush.ts";

const failing = (code: string) => {
  const asked: string[] = [];
  const sync = (path: string, mode: string): void => {
    asked.push(`${path} ${mode}`);
    if (path === "/dir") throw Object.assign(new Error(code), { code });
  };
  return { asked, sync };
};
test("a folder that is not flushed here is made up for by the file; any other failure is one", () => {
  for (const code of ["EPERM", "EISDIR"]) {
    const { asked, sync } = failing(code);
    flush("/dir", "/dir/fences", sync);
    flush("/dir", undefined, sync);
    expect([code, asked]).toEqual([code, ["/dir r", "/dir/fences r+", "/dir r"]]);
  }
  const { asked, sync } = failing("EIO");
  expect(() => flush("/dir", "/dir/fences", sync)).toThrow("EIO");
  expect(asked).toEqual(["/dir r"]);
});
