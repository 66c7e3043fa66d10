/**
 * What was said in sessions: played, read, searched, taken raw. Rule: everything that shows content is a POST, because reading is written to
 * the log.
 */
import { session, sessionChannels } from "../../flow/look.ts";
import { glimpseDesktop, playDesktop } from "../../flow/desktop-play.ts";
import { play, rawRecording, readTranscript } from "../../flow/recordings.ts";
import { indexProgress, searchSessions } from "../../flow/session-search.ts";
import { filterOf } from "../../flow/session-filter.ts";
import type { SessionId } from "../../kernel/ids.ts";
import { Fault } from "../../kernel/fault.ts";
import { DesktopPlayPage } from "../../../views/desktop-player.tsx";
import { Jumps, PlayPage, Typed, type ChannelTab, type Head } from "../../../views/player.tsx";
import { SearchPage, type HitView } from "../../../views/session-search.tsx";
import { TranscriptPage } from "../../../views/transcript.tsx";
import { callerOf } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, whole } from "../forms.ts";
import { me } from "../login-session.ts";
import { fragment, isPartial, render } from "../render.tsx";
import type { Route } from "../route.ts";
import { contentPolicy } from "../security.ts";
import { askOf, idOf, queryOf } from "./sessions.tsx";

const PAGE = 30;
const dirOf = ({ recordings }: WebDeps): string => {
  if (recordings === null) throw new Fault("unavailable", "The recordings do not lie on this node.");
  return recordings;
};
const headOf = async (c: Ctx, deps: WebDeps, id: SessionId): Promise<Head> => {
  const s = await session(deps.flow.db, me(c).person, id);
  return { id, personName: s.personName, accountName: s.accountName, targetName: s.targetName, openedAt: s.session.openedAt };
};
const channel = (text: string | undefined): number | undefined => {
  const n = whole(text);
  return n !== undefined && n > 0 ? n : undefined;
};

/** Which channels there were, as the log tells it: this page is a GET and reads no recording. */
const player = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c),
    head = await headOf(c, deps, id),
    channels: ChannelTab[] = [];
  for (const { facts } of await sessionChannels(deps.flow.db, me(c).person, id)) {
    const f = (facts ?? {}) as Record<string, unknown>;
    channels.push({ no: Number(f["channel"]), kind: String(f["type"]), command: typeof f["command"] === "string" ? f["command"] : null });
  }
  if (channels[0]?.kind === "desktop") return render(c, deps, { title: "Recording", wide: true }, <DesktopPlayPage head={head} />);
  c.header("Content-Security-Policy", contentPolicy(c.get("nonce"), true));
  return render(
    c,
    deps,
    { title: "Recording", wide: true },
    <PlayPage head={head} channels={channels} chosen={channel(c.req.query("channel")) ?? channels[0]?.no ?? null} />,
  );
};
const cast = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c),
    found = await play(deps.flow, dirOf(deps), callerOf(c), id, channel((await fields(c))["channel"]));
  return c.body(found.cast, 200, { "Content-Type": "application/x-asciicast", "Content-Disposition": `attachment; filename="${id}.cast"` });
};
const desktop = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c),
    { stream } = await playDesktop(deps.flow, dirOf(deps), callerOf(c), id);
  return c.body(new Uint8Array(stream), 200, { "Content-Type": "text/plain; charset=utf-8", "Content-Disposition": `attachment; filename="${id}.guac"` });
};
const glimpse = async (c: Ctx, deps: WebDeps) =>
  c.body(new Uint8Array(await glimpseDesktop(deps.flow, dirOf(deps), callerOf(c), idOf(c))), 200, { "Content-Type": "text/plain; charset=utf-8" });
const transcript = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c),
    { rows, channels, verdict, shortened } = await readTranscript(deps.flow, dirOf(deps), callerOf(c), id);
  return render(
    c,
    deps,
    { title: "Transcript", wide: true },
    <TranscriptPage head={await headOf(c, deps, id)} rows={rows} channels={channels} complete={verdict.complete} shortened={shortened} />,
  );
};
const jumps = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c),
    { rows, channels, verdict, shortened } = await readTranscript(deps.flow, dirOf(deps), callerOf(c), id);
  const desktop = channels[0]?.kind === "desktop";
  if (isPartial(c)) return fragment(c, deps, desktop ? <Typed id={id} rows={rows} /> : <Jumps id={id} rows={rows} />);
  return render(
    c,
    deps,
    { title: desktop ? "Typed" : "Commands", wide: true },
    <TranscriptPage
      head={await headOf(c, deps, id)}
      rows={rows.filter((r) => r.kind === (desktop ? "typed" : "command"))}
      channels={channels}
      complete={verdict.complete}
      shortened={shortened}
    />,
  );
};
const raw = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c),
    lines = await rawRecording(deps.flow, dirOf(deps), callerOf(c), id, ((await fields(c))["reason"] ?? "").trim().slice(0, 300));
  return c.body(`${lines.join("\n")}\n`, 200, {
    "Content-Type": "application/x-ndjson",
    "Content-Disposition": `attachment; filename="${id}.raw.jsonl"`,
  });
};

type Hits = Awaited<ReturnType<typeof searchSessions>>;
const hitOf = (h: Hits["hits"][number]): HitView => ({
  row: h.row,
  id: h.session.id,
  personName: h.personName,
  accountName: h.accountName,
  targetName: h.targetName,
  openedAt: h.session.openedAt,
  channel: h.channel,
  at: h.at,
  kind: h.kind,
  parts: h.parts,
});
const search = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c),
    q = queryOf((name) => f[name]),
    text = (f["text"] ?? "").trim().slice(0, 200),
    before = whole(f["before"]),
    filter = await filterOf(deps.flow.db, askOf(q));
  const ask = { text, filter: filter ?? {}, limit: PAGE, ...(before === undefined ? {} : { before }) };
  const { answer, refused } = await searchSessions(deps.flow, callerOf(c), ask).then(
    (a) => ({ answer: a, refused: null }),
    (e: unknown) => {
      if (e instanceof Fault && e.code === "invalid") return { answer: null, refused: e.message };
      throw e;
    },
  );
  const hits = filter === null || answer === null ? [] : answer.hits.map(hitOf);
  return render(
    c,
    deps,
    { title: "Search in recordings", wide: true },
    <SearchPage
      hits={hits}
      text={text}
      q={q}
      next={answer?.next ?? null}
      progress={answer?.progress ?? (await indexProgress(deps.flow))}
      refused={refused}
    />,
  );
};

export const RECORDINGS: readonly Route[] = [
  { method: "GET", path: "/sessions/:id/play", act: "session.play", handle: player },
  { method: "POST", path: "/sessions/:id/cast", act: "session.play", handle: cast },
  { method: "POST", path: "/sessions/:id/desktop", act: "session.play", handle: desktop },
  { method: "POST", path: "/sessions/:id/picture", act: "session.play", handle: glimpse },
  { method: "POST", path: "/sessions/:id/jumps", act: "session.play", handle: jumps },
  { method: "POST", path: "/sessions/:id/transcript", act: "session.play", handle: transcript },
  { method: "POST", path: "/sessions/:id/raw", act: "session.raw", handle: raw },
  { method: "POST", path: "/sessions/search", act: "session.search", handle: search },
];
