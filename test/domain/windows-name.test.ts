/** As whom an account is meant on a Windows machine: with its domain, and alone where nobody knows it. */
import { expect, test } from "vitest";
import { windowsName } from "../../src/domain/windows-name.ts";

const at = (platform: string, host: string, o: { link?: string; settings?: Record<string, unknown> } = {}) => ({ platform, host, link: "direct", settings: {}, ...o }),
  on = at("windows-winrm", "app-1.example");

test("a domain's account is named with it, a machine's own with a dot on that very machine alone", () => {
  const corp = at("active-directory", "dc-1", { settings: { domain: "corp.example" } });
  expect([windowsName("svc", corp, on), windowsName("svc@corp.example", corp, on), windowsName("svc", at("active-directory", "dc-1"), on)]).toEqual([
    "corp.example\\svc",
    "svc@corp.example",
    "\\svc",
  ]);
  expect([windowsName("svc", on, on), windowsName("svc", at("windows-smb", "APP-1.example"), on)]).toEqual([".\\svc", ".\\svc"]);
  for (const own of [at("windows-smb", "web-1"), at("windows-winrm", "app-1.example", { link: "agt_1" }), at("linux-ssh", "app-1.example"), at("openldap", "ldap")])
    expect([own.platform, windowsName("svc", own, on)]).toEqual([own.platform, "svc"]);
});
