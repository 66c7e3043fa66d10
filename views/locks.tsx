/** Locks: what stands, what stood, and setting one. Rule: it says before the press what it ends; history is never shortened. */
import type { Lock } from "../src/domain/lock.ts";
import { Ago, Badge, Empty, Field, PageHead, Post, Table, Unfold } from "./parts.tsx";

export type LockLine = { readonly lock: Lock; readonly name: string; readonly setBy: string; readonly liftedBy: string | null };

const KIND: Readonly<Record<Lock["kind"], string>> = { person: "person", account: "account", target: "target", broker: "everything" };

const Standing = ({ l, sets }: { l: LockLine; sets: boolean }) => (
  <tr>
    <td>
      <Badge tone="bad">{KIND[l.lock.kind]}</Badge> {l.lock.kind === "broker" ? null : <b class="wrap">{l.name}</b>}
    </td>
    <td class="wrap">{l.lock.reason}</td>
    <td data-th="By">
      {l.setBy} <Ago at={l.lock.setAt} />
    </td>
    <td class="end">
      {sets ? (
        <Unfold label="Lift">
          <Post action={`/locks/${l.lock.id}/lift`}>
            <Field label="Why it may be lifted">
              <input name="reason" maxlength={500} />
            </Field>
            <button type="submit" class="small">
              Lift this lock
            </button>
          </Post>
        </Unfold>
      ) : null}
    </td>
  </tr>
);

const SetLock = () => (
  <Unfold label="Set a lock" tone="bad">
    <Post action="/locks">
      <div class="pair">
        <Field label="What">
          <select name="kind">
            <option value="person">a person</option>
            <option value="account">an account</option>
            <option value="target">a target</option>
            <option value="broker">everything: the whole broker</option>
          </select>
        </Field>
        <Field label="Its name" hint="requester, root@web-1 or web-1; empty for everything.">
          <input name="subject" maxlength={200} autocapitalize="none" spellcheck={false} />
        </Field>
      </div>
      <Field label="Why (whoever it stops reads it)">
        <input name="reason" required minlength={3} maxlength={500} />
      </Field>
      <p class="note warn">Live sessions are cut within a second, what is held is taken back, and nothing new begins until the lock is lifted.</p>
      <button type="submit" class="small danger">
        Lock now
      </button>
    </Post>
  </Unfold>
);

export const Locks = ({ list, sets }: { list: readonly LockLine[]; sets: boolean }) => {
  const standing = list.filter((l) => l.lock.lifted === null),
    past = list.filter((l) => l.lock.lifted !== null);
  return (
    <>
      <PageHead title="Locks" sub="An admin stops a person, an account, a target or everything, at once and with a reason." />
      {sets ? <SetLock /> : null}
      {standing.length === 0 ? (
        <Empty title="Nothing is locked">A lock cuts live sessions and refuses new ones until it is lifted.</Empty>
      ) : (
        <Table label="Standing locks" head={["Locked", "Why", "By", ""]}>
          {standing.map((l) => (
            <Standing l={l} sets={sets} />
          ))}
        </Table>
      )}
      {past.length === 0 ? null : (
        <section>
          <h2>Lifted</h2>
          <Table label="Lifted locks" head={["Was locked", "Why", "Set", "Lifted"]}>
            {past.map((l) => (
              <tr>
                <td>
                  {KIND[l.lock.kind]} {l.lock.kind === "broker" ? null : <b class="wrap">{l.name}</b>}
                </td>
                <td class="wrap">{l.lock.reason}</td>
                <td data-th="Set">
                  {l.setBy} <Ago at={l.lock.setAt} />
                </td>
                <td data-th="Lifted" class="wrap">
                  {l.liftedBy} <Ago at={l.lock.lifted!.at} />
                  {l.lock.lifted!.reason ? `: ${l.lock.lifted!.reason}` : ""}
                </td>
              </tr>
            ))}
          </Table>
        </section>
      )}
    </>
  );
};
