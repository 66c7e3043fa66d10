/** A machine, database, directory or device. Rule: what secrets are sent to is the identity hashed here; when it changes, its accounts stop. */
import { z } from "zod";
import type { AccountId, AgentId, PersonId, TargetId } from "../kernel/ids.ts";

export const TargetName = z.string().regex(/^[a-z0-9._-]{1,64}$/, "1 to 64 of a-z, 0-9, dot, dash, underscore");

export type Target = {
  readonly id: TargetId;
  readonly name: string;
  readonly platform: string;
  readonly host: string;
  readonly port: number;
  /** How it is reached: `direct`, or the ids of one to four agents or gateways with a blank between them, tried in this order. */
  readonly link: string;
  /** Connector settings, pinned host keys among them; checked by the connector's own schema. */
  readonly settings: Record<string, unknown>;
  readonly owner: PersonId | null;
  readonly tags: readonly string[];
  /** The account that may change the others ("Remote reset"), and the one of last resort. */
  readonly administrative: AccountId | null;
  readonly reconcile: AccountId | null;
  /** Rises with every accepted change of identity. */
  readonly identityNo: number;
  /** The text hashed: see identityText. */
  readonly identityHash: string;
  readonly locked: boolean;
  /** For its accounts that name none of their own. */
  readonly passwordPolicy: string | null;
};

/** The agents or gateways it is reached through, in the order in which they are tried; none: directly. */
export const throughOf = ({ link }: Pick<Target, "link">): readonly AgentId[] => (link === "direct" ? [] : link.split(" ") as AgentId[]);
export const linkThrough = (agents: readonly AgentId[]): string => (agents.length === 0 ? "direct" : agents.join(" "));
export const THROUGH_MOST = 4;

/** What it must show: lines of SSH keys, fingerprints of certificates; empty where an authority vouches, or nobody. */
export const pinsOf = ({ settings }: Pick<Target, "settings">): readonly string[] =>
  ["hostKeys", ...((settings["tls"] ?? "pinned") === "pinned" ? ["certificates"] : [])].flatMap((k) => (Array.isArray(settings[k]) ? settings[k] as string[] : []));

/** Everything that decides where a password goes. Sorted keys: the same settings give the same text. */
export const identityText = (t: Pick<Target, "platform" | "host" | "port" | "link" | "settings">): string =>
  JSON.stringify([t.platform, t.host.toLowerCase(), t.port, t.link, sorted(t.settings)]);

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]));
};

export type TargetInput = z.infer<typeof TargetInput>;
export const TargetInput = z.object({
  name: TargetName,
  platform: z.string().min(1).max(40),
  host: z.string().min(1).max(255).regex(/^[A-Za-z0-9.:_-]+$/, "a host name or an IP address"),
  /** Absent: the platform's own. */
  port: z.int().min(1).max(65_535).optional(),
  settings: z.record(z.string(), z.unknown()).default({}),
  tags: z.array(z.string().min(1).max(40)).max(40).default([]),
  owner: z.string().optional(),
  /** Ids or names of agents and gateways, in the order in which they are tried; none: directly. */
  through: z.array(z.string().min(1).max(80)).max(THROUGH_MOST).default([]),
});
