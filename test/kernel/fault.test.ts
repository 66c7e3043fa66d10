/** Failures are a closed list; what is not on it tells nobody anything. */
import { describe, expect, it } from "vitest";
import { Fault, FAULTS, toFault, type FaultCode } from "../../src/kernel/fault.ts";
import { never } from "../../src/kernel/never.ts";

describe("fault", () => {
  it("keeps its code, message and cause", () => {
    const cause = new Error("socket closed");
    const fault = new Fault("upstream", "web-1 did not answer", { cause });
    expect(fault).toMatchObject({ name: "Fault", code: "upstream", message: "web-1 did not answer", cause });
    expect(fault).toBeInstanceOf(Error);
    expect(toFault(fault)).toBe(fault);
  });
  it.each([new Error("password authentication failed for hunter2"), new RangeError("hunter2"), "hunter2", { code: "forbidden", message: "hunter2" }, undefined, null])(
    "anything else becomes internal with one fixed sentence: %s", (thrown) => {
      const fault = toFault(thrown);
      expect(fault.code).toBe("internal");
      expect(fault.message).toBe("Something went wrong on our side. It has been logged.");
      expect(fault.cause).toBe(thrown);
    });
  it("every code has a status of its kind and an exit code of its own", () => {
    const rows = Object.entries(FAULTS) as [FaultCode, (typeof FAULTS)[FaultCode]][];
    const exits = rows.map(([, row]) => row.exit);
    expect(new Set(exits).size).toBe(exits.length);
    for (const [code, { http, exit, title }] of rows) {
      expect(http >= 500, code).toBe(["upstream", "unavailable", "internal"].includes(code));
      expect(exit, code).toBeGreaterThan(0);
      expect(exit, code).toBeLessThan(126);
      expect(title, code).not.toBe("");
    }
  });
});

describe("never", () => {
  it("names the case that was forgotten", () => {
    expect(() => never("melting" as never)).toThrow(new TypeError('unhandled case: "melting"'));
  });
});
