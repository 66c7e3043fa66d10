/** The tables hold the same lives as the domain, and raw SQL cannot leave them. Every state is tried against every other. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NEXT as AGENT } from "../../src/domain/agent.ts";
import { NEXT as BROKER_KEY } from "../../src/domain/broker-key.ts";
import { ITEM_NEXT, NEXT as BULK } from "../../src/domain/bulk.ts";
import { NEXT as DEMONSTRATION } from "../../src/domain/demonstration.ts";
import { NEXT as DEPENDENT_RUN } from "../../src/domain/dependent.ts";
import { NEXT as DISCOVERY } from "../../src/domain/discovery.ts";
import { NEXT as SCHEDULE } from "../../src/domain/schedule.ts";
import { CREDENTIAL_NEXT } from "../../src/domain/account.ts";
import { NEXT as DELIVERY } from "../../src/domain/delivery.ts";
import { NEXT as REQUEST } from "../../src/domain/request.ts";
import { NEXT as ROTATION } from "../../src/domain/rotation.ts";
import { NEXT as SESSION } from "../../src/domain/session.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import { ENGINES, type Opened } from "./engines.ts";
import { addAccount, addVersion, ground, id, refused, run, type Ground } from "./rows.ts";

type Life = { readonly next: Readonly<Record<string, readonly string[]>>; readonly start: string; readonly table: string; readonly pairs: string; readonly column: string; readonly law: string };
const LIVES: readonly Life[] = [
  { next: REQUEST, start: "pending", table: "requests", pairs: "request_transition", column: "state", law: "request_transition_law" },
  { next: SESSION, start: "opening", table: "sessions", pairs: "session_transition", column: "state", law: "session_transition_law" },
  { next: ROTATION, start: "queued", table: "rotations", pairs: "rotation_transition", column: "state", law: "rotation_transition_law" },
  { next: CREDENTIAL_NEXT, start: "unmanaged", table: "accounts", pairs: "credential_transition", column: "credential", law: "credential_transition_law" },
  { next: DELIVERY, start: "waiting", table: "deliveries", pairs: "delivery_transition", column: "state", law: "delivery_transition_law" },
  { next: BULK, start: "running", table: "bulks", pairs: "bulk_transition", column: "state", law: "bulk_transition_law" },
  { next: ITEM_NEXT, start: "waiting", table: "bulk_items", pairs: "bulk_item_transition", column: "state", law: "bulk_item_transition_law" },
  { next: SCHEDULE, start: "active", table: "schedules", pairs: "schedule_transition", column: "state", law: "schedule_transition_law" },
  { next: DISCOVERY, start: "waiting", table: "discoveries", pairs: "discovery_transition", column: "state", law: "discovery_transition_law" },
  { next: DEMONSTRATION, start: "asked", table: "demonstrations", pairs: "demonstration_transition", column: "state", law: "demonstration_transition_law" },
  { next: DEPENDENT_RUN, start: "waiting", table: "dependent_runs", pairs: "dependent_run_transition", column: "state", law: "dependent_run_transition_law" },
  { next: AGENT, start: "enrolled", table: "agents", pairs: "agent_transition", column: "state", law: "agent_transition_law" },
  { next: BROKER_KEY, start: "following", table: "broker_keys", pairs: "broker_key_transition", column: "state", law: "broker_key_transition_law" },
];

/** The shortest legal way from the start to a state. */
const way = (life: Life, to: string): string[] => {
  const roads: string[][] = [[life.start]];
  for (const road of roads) {
    const last = road.at(-1)!;
    if (last === to) return road;
    for (const n of life.next[last]!) if (!roads.some((r) => r.includes(n))) roads.push([...road, n]);
  }
  throw new Error(`${to} cannot be reached`);
};
const DELIVERED = (state: string): string => (state === "waiting" ? "ended_at = null, next_at = now()" : "ended_at = now(), next_at = null");
const ends = (...states: string[]) => (state: string): string => `, ended_at = ${states.includes(state) ? "now()" : "null"}`;
/** [column, value] of each fact a demonstration's state needs. */
const SHOWN = (state: string): [string, string][] => {
  const approved = state === "approved" || state === "open" || state === "over", talked = state === "open" || state === "over", ended = state === "over" || state === "dropped";
  return [["approved_by", approved ? "(select max(id) from people)" : "null"], ["approved_at", approved ? "now()" : "null"], ["alone", "true"], ["until", state === "approved" || state === "open" ? "now()" : "null"],
    ["rotation_id", talked ? "(select max(id) from rotations)" : "null"], ["over_wire", talked ? "'telnet'" : "null"], ["ended_at", ended ? "now()" : "null"], ["why", ended ? "'why'" : "null"]];
};
/** An agent that was moved by a person knows by whom and why. */
const MOVED = (state: string): [string, string][] => {
  const moved = ["paused", "revoked", "deleted"].includes(state);
  return [["by_id", moved ? "(select max(id) from people)" : "null"], ["moved_at", moved ? "now()" : "null"], ["why", moved ? "'why'" : "null"]];
};
/** A key of the broker has the moments of its states. */
const COUNTED = (state: string): [string, string][] => [["current_at", state === "following" ? "null" : "now()"], ["retired_at", state === "retired" ? "now()" : "null"]];
const OTHERS: Readonly<Record<string, (state: string) => string>> = {
  agents: (state) => MOVED(state).map(([k, v]) => `, ${k} = ${v}`).join(""),
  broker_keys: (state) => COUNTED(state).map(([k, v]) => `, ${k} = ${v}`).join(""),
  demonstrations: (state) => SHOWN(state).map(([k, v]) => `, ${k} = ${v}`).join(""),
  dependent_runs: (state) => `${ends("done", "failed", "unknown", "skipped")(state)}, lease_until = ${state === "running" ? "now()" : "null"}, why = 'why'`,
  discoveries: (state) => `${ends("done", "failed")(state)}, lease_until = ${state === "running" ? "now()" : "null"}, counts = ${state === "done" ? "'{}'" : "null"}, why = ${state === "failed" ? "'why'" : "null"}`,
  bulks: ends("done", "stopped"), bulk_items: ends("done", "failed", "skipped"), schedules: (state) => `${ends("ended")(state)}, next_at = ${state === "active" ? "now()" : "null"}`,
};
/** A row of a bulk change is known by its account. */
const keyOf = (life: Life, row: string): string => (life.table === "bulk_items" ? `account_id = '${row}'` : `id = '${row}'`);
/** Facts beside the state, so that nothing but the move itself is wrong. */
const facts = (life: Life, state: string): string => life.table === "deliveries" ? `, ${DELIVERED(state)}` : OTHERS[life.table]?.(state) ?? (life.table !== "sessions" ? (life.table === "requests" && state === "reviewed" ? ", review = true, reviewed_at = now(), verdict = 'fine', reviewer_id = (select id from people where id <> requester_id limit 1)" : "") : state === "ended" ? ", live_at = now(), ended_at = now(), why = 'error'" : ", live_at = now(), ended_at = null, why = null");

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, g: Ground, account: AccountId, other: Ground;
  beforeAll(async () => { o = await open(); g = await ground(o.db); other = await ground(o.db); account = await addAccount(o.db, g); });
  afterAll(() => o?.close());

  const insert = async (life: Life, state: string, prior = "new"): Promise<string> => {
    const own = ["rotations", "accounts", "bulk_items", "dependent_runs"].includes(life.table) ? await addAccount(o.db, g) : account;
    const head = `prior, ${life.column}`, values = `'${prior}', '${state}'`, request = id.of("request"), session = id.of("session"), rotation = id.of("rotation");
    if (life.table === "accounts") {
      const made = id.of("account"), version = await o.db.transaction((tx) => addVersion(tx, own, "older"));
      await run(o.db, `insert into accounts (id, target_id, name, identity_no, current_id, ${head}) values ('${made}', '${g.target}', '${made}', 1, '${version}', ${values})`);
      return made;
    }
    if (life.table === "deliveries") {
      const made = id.of("delivery"), [ended, next] = state === "waiting" ? ["null", "now()"] : ["now()", "null"];
      await run(o.db, `insert into notices (id, kind, subject, about, at) values ('${made}', 'test', '', '{}', now())`);
      await run(o.db, `insert into deliveries (id, notice_id, channel, to_address, at, ended_at, next_at, ${head}) values ('${made}', '${made}', 'mail', 'a@b.example', now(), ${ended}, ${next}, ${values})`);
      return made;
    }
    if (life.table === "rotations") { await run(o.db, `insert into rotations (id, account_id, facts, opened_at, ${head}) values ('${rotation}', '${own}', '{}', now(), ${values})`); return rotation; }
    if (life.table in OTHERS) return insertOther(life, own, head, values, state);
    await run(o.db, `insert into requests (id, exclusive, requester_id, account_id, policy_id, preset, asked_minutes, reason, ticket, terms_hash, submitted_at, expires_at, approved_at, minutes, start_by, checked_out_at, until, ended_at, review, reviewed_at, reviewer_id, verdict, ${life.table === "requests" ? head : "state"})
      values ('${request}', false, '${g.person}', '${account}', '${g.policy}', 'session', 5, '', '', '', now(), now(), now(), 5, now(), now(), now(), now(), true, now(), '${other.person}', 'fine', ${life.table === "requests" ? values : "'pending'"})`);
    if (life.table === "requests") return request;
    await run(o.db, `insert into sessions (id, request_id, person_id, account_id, target_id, protocol, address, recording_id, node, opened_at, lease_until, live_at, ended_at, why, ${head})
      values ('${session}', '${request}', '${g.person}', '${account}', '${g.target}', 'ssh', '', 'rec', 'n', now(), now(), now(), ${state === "ended" ? "now(), 'error'" : "null, null"}, ${values})`);
    return session;
  };
  const insertOther = async (life: Life, own: AccountId, head: string, values: string, state: string): Promise<string> => {
    const bulk = id.of("bulk"), schedule = id.of("schedule"), rotation = id.of("rotation"), over = OTHERS[life.table]!(state).includes("ended_at = now()") ? "now()" : "null";
    if (life.table === "discoveries") {
      const made = id.of("discovery"), one = await ground(o.db);
      await run(o.db, `insert into discoveries (id, target_id, trigger, at, ended_at, lease_until, counts, why, ${head}) values ('${made}', '${one.target}', 'hand', now(), ${over}, ${state === "running" ? "now()" : "null"}, ${state === "done" ? "'{}'" : "null"}, ${state === "failed" ? "'why'" : "null"}, ${values})`);
      return made;
    }
    if (life.table === "demonstrations") {
      const made = id.of("demonstration"), one = await ground(o.db), facts = SHOWN(state);
      await run(o.db, `insert into rotations (id, account_id, facts, opened_at) values ('${rotation}', '${await addAccount(o.db, one)}', '{}', now())`);
      await run(o.db, `insert into demonstrations (id, target_id, account_id, login_id, by_id, reason, at, identity_hash, ${facts.map(([k]) => k).join(", ")}, ${head})
        values ('${made}', '${one.target}', '${own}', '${own}', '${one.person}', '', now(), 'h', ${facts.map(([, v]) => v).join(", ")}, ${values})`);
      return made;
    }
    if (life.table === "agents") {
      const made = id.of("agent"), facts = MOVED(state);
      await run(o.db, `insert into enrolments (id, hash, kind, mode, owner_id, by_id, at, expires_at, max_uses) values ('${made}', '${made}', 'once', 'agent', '${g.person}', '${g.person}', now(), now() + interval '10 minutes', 1)`);
      await run(o.db, `insert into agents (id, mode, name, owner_id, enrolment_id, enrolled_at, host_key, box_key, version, ${facts.map(([k]) => k).join(", ")}, ${head}) values ('${made}', 'agent', 'a', '${g.person}', '${made}', now(), '${made}', 'b', '1', ${facts.map(([, v]) => v).join(", ")}, ${values})`);
      return made;
    }
    if (life.table === "broker_keys") {
      const made = id.of("brokerKey"), facts = COUNTED(state);
      // One of them in a state, and no more: the others go.
      await run(o.db, "update broker_keys set state = 'retired', retired_at = now() where state <> 'retired'");
      await run(o.db, `insert into broker_keys (id, line, at, ${facts.map(([k]) => k).join(", ")}, ${head}) values ('${made}', '${made}', now(), ${facts.map(([, v]) => v).join(", ")}, ${values})`);
      return made;
    }
    if (life.table === "dependent_runs") {
      const made = id.of("dependentRun"), one = await ground(o.db);
      await run(o.db, `insert into rotations (id, account_id, facts, opened_at) values ('${rotation}', '${own}', '{}', now())`);
      await run(o.db, `insert into dependents (id, account_id, target_id, phase, no, go_on, what, by_id, at) values ('${made}', '${own}', '${one.target}', 'before', 1, false, '{"does":"service"}', '${g.person}', now())`);
      await run(o.db, `insert into dependent_runs (id, dependent_id, rotation_id, account_id, target_id, phase, no, go_on, opened_at, ended_at, lease_until, why, ${head}) values ('${made}', '${made}', '${rotation}', '${own}', '${one.target}', 'before', 1, false, now(), ${over}, ${state === "running" ? "now()" : "null"}, 'why', ${values})`);
      return made;
    }
    if (life.table === "schedules") { await run(o.db, `insert into schedules (id, by_id, name, input, next_at, ended_at, created_at, ${head}) values ('${schedule}', '${g.person}', '${schedule}', '{}', ${state === "active" ? "now()" : "null"}, ${over}, now(), ${values})`); return schedule; }
    const of = life.table === "bulks" ? [head, values, over] : ["state", "'running'", "null"];
    await run(o.db, `insert into bulks (id, by_id, reason, trigger, how, apply, cut, terms, notify, at, until, ended_at, ${of[0]!}) values ('${bulk}', '${g.person}', '', 'bulk', 'unique', true, false, '{}', '{}', now(), now(), ${of[2]!}, ${of[1]!})`);
    if (life.table === "bulks") return bulk;
    await run(o.db, `insert into rotations (id, account_id, facts, opened_at) values ('${rotation}', '${own}', '{}', now())`);
    await run(o.db, `insert into bulk_items (bulk_id, account_id, target_id, no, rotation_id, ended_at, ${head}) values ('${bulk}', '${own}', '${g.target}', 1, '${rotation}', ${over}, ${values})`);
    return own;
  };
  const move = (life: Life, row: string, to: string) => run(o.db, `update ${life.table} set ${life.column} = '${to}'${facts(life, to)} where ${keyOf(life, row)}`);

  test.each(LIVES)("law: table-holds-next — $pairs holds exactly NEXT", async (life) => {
    const rows = (await run(o.db, `select prior, state from ${life.pairs}`)).map((r) => `${String(r["prior"])} -> ${String(r["state"])}`).sort();
    // An update that leaves the credential as it is makes no move, so the table needs no pairs of a state with itself there.
    const wanted = [`new -> ${life.start}`, ...Object.entries(life.next).flatMap(([from, to]) => to.map((t) => `${from} -> ${t}`))].sort();
    expect(rows).toEqual(wanted);
  });

  test.each(LIVES)("law: table-holds-next — raw SQL cannot start $table in the middle, whatever it says came before", async (life) => {
    for (const state of Object.keys(life.next)) {
      if (state === life.start) continue;
      const prior = Object.entries(life.next).find(([, to]) => to.includes(state))?.[0] ?? "new";
      expect(await refused(insert(life, state, prior)), `start in ${state}`).toMatchObject({ code: "23503", constraint: life.law });
    }
  });

  test.each(LIVES)("law: table-holds-next — raw SQL cannot skip or leave the life of $table", async (life) => {
    const states = Object.keys(life.next);
    for (const from of states) {
      const row = await insert(life, life.start);
      for (const step of way(life, from).slice(1)) await move(life, row, step);
      for (const to of states) {
        if (to === from || life.next[from]!.includes(to)) continue;
        expect(await refused(move(life, row, to)), `${from} -> ${to}`).toMatchObject({ code: "23503", constraint: life.law });
        expect(await refused(run(o.db, `update ${life.table} set prior = 'new', ${life.column} = '${to}'${facts(life, to)} where ${keyOf(life, row)}`)), `forged ${from} -> ${to}`).toMatchObject({ constraint: life.law });
      }
      expect((await run(o.db, `select ${life.column} as s from ${life.table} where ${keyOf(life, row)}`))[0]).toEqual({ s: from });
    }
  });

  test("a state needs its facts, and a word that is no state is none", async () => {
    const row = await insert(LIVES[0]!, "pending");
    expect(await refused(run(o.db, `update requests set state = 'approved', minutes = null where id = '${row}'`))).toMatchObject({ constraint: "request_facts" });
    expect(await refused(move(LIVES[0]!, row, "granted"))).toMatchObject({ constraint: "request_transition_law" });
    const session = await insert(LIVES[1]!, "opening");
    expect(await refused(run(o.db, `update sessions set state = 'ended', ended_at = now() where id = '${session}'`))).toMatchObject({ constraint: "session_facts" });
    expect(await refused(run(o.db, `update accounts set rotated_no = used_no + 1 where id = '${account}'`))).toMatchObject({ constraint: "account_facts" });
    expect(await refused(run(o.db, `update accounts set block = 'open' where id = '${account}'`))).toMatchObject({ constraint: "account_facts" });
  });
});
