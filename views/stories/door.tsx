/** Stories of logging in, and of what a reader sees when something failed. */
import { PageHead } from "../parts.tsx";
import { FaultNote, FaultPage } from "../fault.tsx";
import { EnrolForm, LoginForm, TotpForm } from "../login.tsx";
import { Terminals } from "../let-in.tsx";
import { LONG, NASTY, now, story, type Story } from "./fixed.tsx";

export const LOGIN: readonly Story[] = [
  story("login", () => <LoginForm next="/" />),
  story("login, refused", () => <LoginForm next="/" refused="Name or password is wrong." name="requester" />),
  story("code", () => <TotpForm next="/" csrf="t" />),
  story("enrolment", () => (
    <EnrolForm next="/" csrf="t" sealed="s" secret="JBSWY3DPEHPK3PXP" uri="otpauth://totp/x" refused="This code does not match." />
  )),
].map((s) => ({ ...s, alone: true as const }));

const HERE_AT = "192.0.2.44", FAR = "2001:db8:ffff:ffff:ffff:ffff:ffff:1234";
const terminal = (id: string, address: string, seconds: number) => ({ id, address, askedAt: new Date(now.getTime() - seconds * 1_000) });
export const TERMINALS: readonly Story[] = [
  story("terminals, none waits", () => <Terminals name="requester" address={HERE_AT} waiting={[]} />),
  story("terminals, one at this address", () => (
    <Terminals name="requester" address={HERE_AT} waiting={[terminal("trm_1", HERE_AT, 12)]} />
  )),
  story("terminals, others", () => (
    <Terminals name={LONG} address={HERE_AT} waiting={[terminal("trm_1", FAR, 140), terminal("trm_2", "203.0.113.9", 3)]} />
  )),
];

export const FAULTS: readonly Story[] = [
  ...(["invalid", "forbidden", "not_found", "conflict", "upstream", "too_many", "unavailable", "internal"] as const).map((code) =>
    story(`fault ${code}`, () => <FaultPage code={code} title="A title" message={NASTY} back="/requests" />),
  ),
  story("busy, a press and a part of the page", () => (
    <>
      <PageHead title="Under way" />
      <button type="button" aria-busy="true">
        Test the administrative account · 3 s
      </button>
      <div id="offers" aria-busy="true">
        <p>What was found before stands here until the answer comes.</p>
      </div>
    </>
  )),
  story("fault note", () => <FaultNote title="A title" message="A sentence." />),
];
