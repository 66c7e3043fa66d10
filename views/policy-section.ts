/** The shape of one section of a policy. Rule: a term that can be set has a field AND a sentence in one of them. */
import type { Child } from "hono/jsx";
import type { Person } from "../src/domain/person.ts";
import type { Policy } from "../src/domain/policy.ts";
import type { Graded } from "./grades.tsx";
import type { Names } from "./policy-words.ts";

export type GroupView = { readonly id: string; readonly name: string; readonly members: readonly string[] };
export type Draft = Pick<Policy, "name" | "terms" | "binding" | "active">;
export type Choices = { readonly people: readonly Person[]; readonly groups: readonly GroupView[]; readonly platforms: readonly Graded[] };
export type Section = {
  readonly title: string;
  readonly fields: (p: Draft, from: Choices) => Child;
  readonly says: (p: Draft, names: Names) => readonly string[];
};
