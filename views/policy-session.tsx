/** What a session may be: its channels, its files, its forwards, and what of it is kept. Rule: what a term cannot promise stands beside it. */
import type { ChannelKind } from "../src/domain/channels.ts";
import type { FileRules } from "../src/domain/files.ts";
import { Lines, Pick, Tick } from "./inputs.tsx";
import type { Section } from "./policy-section.ts";
import { CHANNEL, KEPT } from "./words.tsx";

const KINDS = Object.entries(CHANNEL) as [ChannelKind, string][];

export const HOW: Section = {
  title: "In a session",
  fields: ({ terms: t }) => (
    <>
      <fieldset class="checks">
        <legend>Allowed</legend>
        {KINDS.map(([id, words]) => (
          <Tick name="channels" value={id} checked={t.channels.includes(id)}>
            {words}
          </Tick>
        ))}
      </fieldset>
      <Pick
        label="Content of commands and transfers"
        name="record"
        value={t.record}
        options={KEPT}
        hint="Terminals are recorded whole, always. Of forwards a digest is kept, unless you choose everything."
      />
      <Tick name="recordInput" checked={t.recordInput}>
        Record what is typed, too
      </Tick>
      <fieldset class="checks">
        <legend>Clipboard in the browser</legend>
        <Tick name="clipboardIn" checked={t.clipboardIn}>
          Paste into it
        </Tick>
        <Tick name="clipboardOut" checked={t.clipboardOut}>
          Copy out of it
        </Tick>
      </fieldset>
      <fieldset class="checks">
        <legend>Files of a desktop</legend>
        <Tick name="filesIn" checked={t.filesIn}>
          Carry files into it
        </Tick>
        <Tick name="filesOut" checked={t.filesOut}>
          Carry files out of it
        </Tick>
      </fieldset>
    </>
  ),
  says: ({ terms: t }) => [
    t.channels.length === 0
      ? "No kind of session is allowed."
      : `Allowed: ${t.channels.map((c) => CHANNEL[c]).join(", ")}; everything else is refused.`,
    `The screen is recorded${t.recordInput ? ", and what is typed" : "; what is typed is not"}.`,
    ...(t.clipboardIn ? [] : ["Nothing is pasted in the browser."]),
    ...(t.clipboardOut ? [] : ["Nothing is copied out in the browser."]),
    ...(t.filesIn ? ["Files may be carried into a desktop."] : []),
    ...(t.filesOut ? ["Files may be carried out of a desktop."] : []),
  ],
};

const limits = (f: FileRules): string[] => [
  ...(f.readOnly ? ["Files are only read."] : f.noDelete ? ["Files are not deleted, nor replaced by a rename."] : []),
  ...(f.allow.length > 0 ? [`Only these paths: ${f.allow.join(", ")}.`] : []),
  ...(f.deny.length > 0 ? [`Never these: ${f.deny.join(", ")}.`] : []),
];
export const FILES: Section = {
  title: "Files by sftp",
  fields: ({ terms: { files } }) => (
    <>
      <Tick name="filesReadOnly" checked={files.readOnly}>
        Read only
      </Tick>
      <Tick name="filesNoDelete" checked={files.noDelete}>
        No deleting, no renaming over something
      </Tick>
      <div class="pair">
        <Lines
          label="Paths allowed"
          name="filesAllow"
          value={files.allow}
          like={"/srv/upload/**\n~/in/**"}
          hint="One a line: * within a name, ** any depth, ~/ the account's home. Empty: every path."
        />
        <Lines
          label="Paths denied"
          name="filesDeny"
          value={files.deny}
          like="**/.ssh/**"
          hint="Beats allowed. Where links already on the target lead is not known here."
        />
      </div>
    </>
  ),
  says: ({ terms: t }) => {
    const said = limits(t.files), round = t.channels.filter((c) => c === "shell" || c === "exec" || c === "subsystem");
    if (said.length === 0) return ["No limits but the account's own."];
    if (round.length === 0) return said;
    return [...said, `This binds file transfer alone: ${round.map((c) => CHANNEL[c]).join(" or ")} can go round it.`];
  },
};

export const FORWARDS: Section = {
  title: "Forwards may lead to",
  fields: ({ terms: t }) => (
    <Lines
      label="Destinations"
      name="forwardTo"
      value={t.forwardTo}
      like={"localhost:*\ndb-1.internal:5432"}
      hint="Seen from the target, one a line: host:port, or the path of a socket; * matches any run. localhost is the target itself."
    />
  ),
  says: ({ terms: t }) => {
    if (!t.channels.some((c) => c === "direct-tcpip" || c === "streamlocal")) return ["Nothing is forwarded to anywhere."];
    if (t.forwardTo.length === 0) return ["Nowhere: no destination is named."];
    return [`${t.forwardTo.join(", ")}, from the target's side; the target resolves names.`];
  },
};
