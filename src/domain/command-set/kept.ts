/** Command sets of an owner's own, and what came of trying one. Rule: a text is its hash; one that nobody else accepted is no platform. */
import type { PersonId, RotationId } from "../../kernel/ids.ts";
import type { Grade } from "./schema.ts";
import type { Transcript } from "./transcript.ts";

export type KeptSet = {
  readonly hash: string; readonly name: string; readonly body: string; readonly by: PersonId; readonly at: Date;
  readonly accepted: { readonly by: PersonId; readonly at: Date; /** There was nobody else. */ readonly alone: boolean } | null;
};
/** One conversation of a trial. */
export type TestSaid = readonly { readonly verb: string; readonly over: string; readonly said: Transcript }[];
export type PlatformTest = {
  readonly id: string; readonly target: string; readonly account: string; readonly identity: string; readonly text: string;
  readonly passed: boolean; readonly changed: boolean; readonly why: string; readonly said: TestSaid; readonly by: PersonId; readonly at: Date;
  /** The change it makes, where it makes one. */
  readonly rotation: RotationId | null;
};

/** How sure a grade is, for people. */
export const GRADE_SAYS: Readonly<Record<Grade, string>> = {
  proven: "proven on a real server", recorded: "recorded from a named device", draft: "draft: tried on no device yet",
};

/** What a new one begins as. */
export const FRESH_SET = `set: my-device
called: My device
one: a device of ours
grade: draft
about: |
  What it is, which version, and where this was taken from.
over: [ssh-shell]
needs: it is root
start:
  - expect:
      - { match: '[#$] $', is: ok }
rights:
  - send: id -u
    expect:
      - { match: '(?m)^0$', is: ok }
      - { match: '(?m)^[0-9]+$', is: refused }
change-with-admin:
  - send: passwd {{account}}
    expect:
      - { match: '(?m)^.*unknown user.*$', is: refused }
      - { match: 'New password: $', is: ok }
  - sendSecret: new
    expect:
      - { match: '(?m)^.*Bad password.*$', is: refused }
      - { match: 'Retype password: $', is: ok }
  - sendSecret: new
    expect:
      - { match: '(?m)^.*do not match.*$', is: refused }
      - { match: 'changed', is: ok }
`;
