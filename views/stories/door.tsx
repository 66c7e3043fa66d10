/** Stories of logging in, and of what a reader sees when something failed. */
import { FaultNote, FaultPage } from "../fault.tsx";
import { EnrolForm, LoginForm, TotpForm } from "../login.tsx";
import { NASTY, story, type Story } from "./fixed.tsx";

export const LOGIN: readonly Story[] = [
  story("login", () => <LoginForm next="/" />),
  story("login, refused", () => <LoginForm next="/" refused="Name or password is wrong." name="requester" />),
  story("code", () => <TotpForm next="/" csrf="t" />),
  story("enrolment", () => (
    <EnrolForm next="/" csrf="t" sealed="s" secret="JBSWY3DPEHPK3PXP" uri="otpauth://totp/x" refused="This code does not match." />
  )),
].map((s) => ({ ...s, alone: true as const }));

export const FAULTS: readonly Story[] = [
  ...(["invalid", "forbidden", "not_found", "conflict", "upstream", "too_many", "unavailable", "internal"] as const).map((code) =>
    story(`fault ${code}`, () => <FaultPage code={code} title="A title" message={NASTY} back="/requests" />),
  ),
  story("fault note", () => <FaultNote title="A title" message="A sentence." />),
];
